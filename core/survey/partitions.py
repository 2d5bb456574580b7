"""An input of any size as a list of partitions, each small enough to be done at one go and repeated after a kill."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import EmptyFileError, MissingColumnError, ReadError, UnsupportedFormatError, UsageError
from core.gaia.vocabulary import canonical_names
from core.spectra.readers.folders import folder_of
from core.spectra.readers.formats import open_table
from core.survey.simulated import chunk_rows, is_simulated, parse_simulated

PARTITION_ROWS = 32_768
"""A partition ends with the row group that reaches this number; files other than Parquet are one partition each."""


@dataclass(frozen=True)
class Partition:
    """A part of the input.

    Attributes
    ----------
    number : int
        Place in the plan; names the output part.
    path : str
        The file, or the description of a simulated sky.
    row_groups : tuple of int or None
        Row groups of a Parquet file, chunks of a simulated sky, the partition of an LSDB catalogue; None for the whole
        file.
    n_rows : int or None
        None where it is not known without reading.
    fault : str
        Why the file cannot be read; '' for a good one.
    """

    number: int
    path: str
    row_groups: tuple[int, ...] | None = None
    n_rows: int | None = None
    fault: str = ""

    @property
    def name(self) -> str:
        """Name of the output part."""
        return part_name(self.number)


def part_name(number: int | str) -> str:
    """Name of the output part of the partition of this number.

    >>> part_name("7")
    'part-000007.parquet'
    """
    return f"part-{int(number):06d}.parquet"


@dataclass(frozen=True)
class Plan:
    """All partitions of an input, and a fingerprint of names, sizes and rows by which a resumed pass knows it again."""

    root: str
    partitions: tuple[Partition, ...]
    fingerprint: str
    left_out: dict[str, str] = field(default_factory=dict)
    """Files of a folder or a zip that are no tables of spectra, and why."""

    @property
    def n_rows(self) -> int | None:
        """Rows in all, where every partition knows its own."""
        rows = [item.n_rows for item in self.partitions if not item.fault]
        return None if None in rows else sum(row or 0 for row in rows)


def plan_partitions(source: str | Path, partition_rows: int = PARTITION_ROWS) -> Plan:
    """Cut an input into partitions.

    Parameters
    ----------
    source : path or str
        A file of spectra, a folder of them (plain or Hive), a HATS catalogue (a folder, or an address as in
        `is_catalogue`), or 'simulated:survey:1200000:1' (population, stars, seed).

    Raises
    ------
    UsageError
        There is no such input.
    EmptyFileError
        The folder holds no readable file.
    """
    if partition_rows < 1:
        raise UsageError(f"partition_rows is {partition_rows}; expected at least 1")
    if is_simulated(str(source)):
        return _simulated_plan(str(source), partition_rows)
    if is_catalogue(str(source)):
        return _catalogue_plan(str(source))
    root = Path(source)
    if not root.exists():
        raise UsageError(f"the input {root} does not exist; give a file or folder of spectra, or a HATS catalogue")
    found: list[Partition] = []
    folder = folder_of(root)
    left_out = dict(folder.left_out)
    for name in folder.names:
        file = root / name if name else root
        if name and (reason := _foreign(file, file.name)):
            left_out[name] = reason
            continue
        if not name:
            left_out |= _left_out_of_zip(file)
        for item in _cut(file, partition_rows):
            found.append(Partition(len(found), **item))
    for name, reason in folder.missing.items():
        found.append(Partition(len(found), str(root / name), fault=reason))
    if not found:
        raise EmptyFileError(f"{root}: the folder holds no table of spectra; {_first(left_out)}")
    return Plan(str(root), tuple(found), _fingerprint(root, found), left_out)


def _left_out_of_zip(file: Path) -> dict[str, str]:
    """Members of a zip that are no tables of spectra, and why; {} for another file.

    A damaged zip is no matter of the plan: its partition says so when it is read. The archive's products and files
    named by a star's id are not opened for it.
    """
    from core.spectra.readers.datalink_zip import members
    from core.spectra.readers.faults import LeftOut
    from core.spectra.readers.file_names import id_in_name

    if not file.is_file() or not zipfile.is_zipfile(file):
        return {}
    told: list[LeftOut] = []
    try:
        for name, content, _ in members(file, file.name, told.append):
            if "XP_" not in name and id_in_name(name) is None and (reason := _foreign(content(), name)):
                told.append(LeftOut(name, reason))
    except ReadError:
        return {}
    return {item.name: item.reason for item in told}


def _foreign(file: Path | bytes, name: str) -> str:
    """Why a file of a folder is no table of spectra; '' for one that is, and for a damaged one, which is a fault."""
    from core.spectra.readers.assemble import holds_spectra

    try:
        table = open_table(file, name)
    except (UnsupportedFormatError, MissingColumnError) as error:
        return str(error)
    except ReadError:
        return ""
    if table is None or holds_spectra(set(canonical_names(table.names).values())):
        return ""
    return f"no spectra: it has {', '.join(table.names[:8])}"


def _first(left_out: dict[str, str]) -> str:
    return next((f"left out: {name} ({reason})" for name, reason in left_out.items()), "it is empty")


def _cut(file: Path, partition_rows: int) -> Iterator[dict]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix not in (".parquet", ".pq") or _has_sample_rows(file):
        yield {"path": str(file)}
        return
    try:
        metadata = pq.read_metadata(file)
    except (pa.ArrowInvalid, OSError) as error:
        yield {"path": str(file), "fault": f"the Parquet file is incomplete or damaged ({error}); fetch it again"}
        return
    rows = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    for groups, n_rows in _runs(rows, partition_rows):
        yield {"path": str(file), "row_groups": groups, "n_rows": n_rows}


def _has_sample_rows(file: Path) -> bool:
    """Is it a long table, in which a star's rows may lie in several row groups?"""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False
    kinds = {word: schema.field(name).type for name, word in canonical_names(schema.names).items()}
    return all(name in kinds and pa.types.is_floating(kinds[name]) for name in ("wavelength", "flux"))


def _simulated_plan(source: str, partition_rows: int) -> Plan:
    runs = _runs(chunk_rows(parse_simulated(source)), partition_rows)
    found = tuple(Partition(number, source, groups, n_rows) for number, (groups, n_rows) in enumerate(runs))
    facts = [source, [item.row_groups for item in found]]
    return Plan(source, found, hashlib.sha256(json.dumps(facts).encode()).hexdigest())


def is_catalogue(source: str) -> bool:
    """Whether an input is to be read with LSDB: the address of a HATS catalogue, or hats: and a folder."""
    return source.startswith(("http://", "https://", "s3://", "gs://", "hats:"))


def _catalogue_plan(source: str) -> Plan:
    from core.archive.hats import partition_names

    names = partition_names(source.removeprefix("hats:"))
    found = tuple(Partition(number, source, (number,)) for number in range(len(names)))
    return Plan(source, found, hashlib.sha256(json.dumps([source, names]).encode()).hexdigest())


def _runs(rows: list[int], least: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Consecutive numbers 0, 1, ... whose rows reach `least`, with their rows; the last run may have fewer."""
    numbers: list[int] = []
    total = 0
    for number, count in enumerate(rows):
        numbers.append(number)
        total += count
        if total >= least or number == len(rows) - 1:
            yield tuple(numbers), total
            numbers, total = [], 0


def _fingerprint(root: Path, partitions: list[Partition]) -> str:
    facts = []
    for item in partitions:
        path = Path(item.path)
        name = path.relative_to(root).as_posix() if root.is_dir() else path.name
        size = path.stat().st_size if path.exists() else 0
        facts.append([name, size, item.row_groups, item.n_rows])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def require_readable(partition: Partition) -> None:
    """ReadError for a partition whose file was found to be damaged."""
    if partition.fault:
        raise ReadError(f"{partition.path}: {partition.fault}")
