"""One partition from input to output part: read, calibrate, represent, predict, write."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.errors import ExplorerError, StorageError
from core.gaia.labels import MASSIVE
from core.gaia.releases import DEFAULT
from core.spectra.readers import iter_partition
from core.spectra.readers.data_release import RELEASE_FIELD
from core.spectra.spectrum_set import SpectrumSet, require_one_release
from core.survey.columns import SCHEMA, survey_table
from core.survey.fused import fused_ensemble
from core.survey.index import write_index
from core.survey.partitions import Partition, Plan, is_catalogue, require_readable
from core.survey.simulated import is_simulated, iter_simulated
from core.verdict.companions import load_companions
from core.verdict.verdict import judge
from core.whole import Mark, mark_of

CHUNK_ROWS = 4096
"""Rows in memory at a time; a multiple of the batches of the network, counted from the partition's first row."""
MOST_NOTES = 20
_LOOKED_AT = 256  # rows of the first partition that tell the release
_FORMAT = {"compression": "zstd", "use_dictionary": [item.name for item in SCHEMA if pa.types.is_string(item.type)]}
"""Numbers hardly repeat: a dictionary of them would be built and thrown away."""


@dataclass(frozen=True)
class RunReference:
    """The trained run that classifies, as another process can find it: folder, network, when it was trained.

    `dismiss_below` is that of `core.survey.fused.FusedEnsemble`.
    """

    path: str
    model: str | None
    started: str
    dismiss_below: float = 0.0
    release: str = DEFAULT.key


@dataclass(frozen=True)
class PartitionResult:
    """What became of a partition.

    Attributes
    ----------
    number, n_rows, n_classified, n_massive : int
    notes : dict of str to int
        How often each note was given.
    fault : str
        Why there is no output part; '' where there is one.
    mark : Mark or None
        Of the part as it was written.
    """

    number: int
    n_rows: int = 0
    n_classified: int = 0
    n_massive: int = 0
    notes: dict[str, int] = field(default_factory=dict)
    fault: str = ""
    mark: Mark | None = None


def classify_partition(
    partition: Partition, run: RunReference, out: str | Path, should_cancel: Callable[[], bool] | None = None
) -> PartitionResult:
    """Classify a partition into `out`/part-NNNNNN.parquet, which appears whole or not at all.

    A damaged file is a result with a `fault`, not an exception: the other partitions go on. A row that cannot be used
    keeps its place, with nulls and a note.

    Raises
    ------
    StorageError
        The part cannot be written.
    """
    ensemble = fused_ensemble(run.path, run.model, run.started, run.dismiss_below)
    companions = load_companions(run.path, run.started)
    part = Path(out) / partition.name
    tables: list[pa.Table] = []  # 300 bytes a star; a partition's rows are few enough
    schema = SCHEMA.with_metadata({RELEASE_FIELD: run.release})
    try:
        require_readable(partition)
        with atomic_path(part) as beside, pq.ParquetWriter(beside, schema, **_FORMAT) as file:
            for spectra in _spectra(partition, run.release):
                if should_cancel is not None and should_cancel():
                    raise Cancelled(f"partition {partition.number} was cancelled; resume the survey to do it")
                require_one_release([run.release, spectra.release], partition.path)
                tables.append(survey_table(spectra, judge(spectra, ensemble, companions)))
                file.write_table(tables[-1])
    except (Cancelled, StorageError):
        raise  # a full disk is no fault of this partition
    except ExplorerError as error:
        return PartitionResult(partition.number, fault=str(error))
    if not tables:
        return count_part(part, partition.number)
    table = pa.concat_tables(tables)
    write_index(part, table)
    return replace(_count(table, partition.number), mark=mark_of(part))


def first_release(plan: Plan) -> tuple[str, bool]:
    """Key of the data release of an input, from the first rows of its first sound partition; whether they tell it."""
    for partition in plan.partitions:
        if partition.fault:
            continue
        if is_simulated(partition.path):
            return DEFAULT.key, True
        if is_catalogue(partition.path):
            from core.archive.hats import release_of_catalogue

            release, stated = release_of_catalogue(partition.path.removeprefix("hats:"))
            return release.key, stated
        with suppress(ExplorerError, OSError, StopIteration):
            first = next(iter_partition(partition.path, partition.row_groups, _LOOKED_AT))
            return first.release, first.release_stated
    return DEFAULT.key, False


def _spectra(partition: Partition, release: str) -> Iterator[SpectrumSet]:
    if is_simulated(partition.path):
        return iter_simulated(partition.path, partition.row_groups or ())
    if is_catalogue(partition.path):
        from core.archive.hats import read_partition

        place = partition.path.removeprefix("hats:")
        return (read_partition(place, number, _asked(release)) for number in partition.row_groups or ())
    return iter_partition(partition.path, partition.row_groups, CHUNK_ROWS, release=_asked(release))


def _asked(release: str) -> str | None:
    """What readers are told: files of the usual release say themselves if they are of another one."""
    return None if release == DEFAULT.key else release


def count_part(part: Path, number: int) -> PartitionResult:
    """What stands in a finished part."""
    found = _count(pq.read_table(part, columns=["probability", "label", "note"]), number)
    return replace(found, mark=mark_of(part))


def _count(table: pa.Table, number: int) -> PartitionResult:
    massive = pc.sum(pc.equal(table["label"], MASSIVE)).as_py() or 0
    noted = table["note"].filter(pc.not_equal(table["note"], ""))
    counted = pc.value_counts(noted).to_pylist() if len(noted) else []
    notes = sorted(((item["values"], item["counts"]) for item in counted), key=lambda item: -item[1])
    n_classified = len(table) - table["probability"].null_count
    return PartitionResult(number, len(table), n_classified, massive, dict(notes[:MOST_NOTES]))


class Cancelled(ExplorerError):
    """The user ended the survey; what was finished stays."""
