"""A survey's folder: parts of the answer, and a manifest that says what they were made of and by what.

_manifest.json        input, run, counts, partitions that failed and why
part-NNNNNN.parquet   one per finished partition; it is finished when its part exists and is what was written
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

import core
from core.atomic import storage_errors
from core.claims import locked
from core.errors import SurveyError
from core.gaia.releases import DEFAULT, find_release
from core.records import Record, read_record, write_record
from core.survey.merged_index import open_index
from core.survey.partitions import Partition, Plan, part_name
from core.survey.wholeness import without_damaged_parts
from core.survey.work import PartitionResult, RunReference, count_part, first_release
from core.verdict.ensemble import load_ensemble
from core.verdict.out_of_distribution import OUT_OF_DISTRIBUTION_FILE
from core.verdict.photometric_classifier import FILE_NAME as PHOTOMETRIC_CLASSIFIER_FILE
from core.whole import Mark

FORMAT_VERSION: Literal[1] = 1
MANIFEST = "_manifest.json"
"""The underscore makes readers of the folder as one Parquet data set pass it over."""
State = Literal["running", "finished", "partly finished"]
RUNNING: State = "running"
FINISHED: State = "finished"
PARTLY: State = "partly finished"
_LOCK = ".lock"


class SurveyedBy(Record):
    """The run that classified: where it lay, and hashes of its members and of what judges beside them."""

    path: str
    model: str = ""
    title: str
    members: int = 0
    started: str
    instrument: str = DEFAULT.key
    members_sha256: str = ""
    judges_sha256: str = ""
    dismiss_below: float = 0.0


class PartitionEntry(Record):
    """What became of a partition: its counts and its part's mark, or the `fault` for which it has no part."""

    rows: int = 0
    classified: int = 0
    massive: int = 0
    notes: dict[str, int] = Field(default_factory=dict)
    fault: str = ""
    sha256: str = ""
    n_bytes: int = 0
    written_ns: int = 0

    @property
    def mark(self) -> Mark | None:
        """Of the part; None in surveys of earlier versions."""
        return Mark(self.sha256, self.n_bytes, self.written_ns) if self.sha256 else None


class Manifest(Record):
    """Content of _manifest.json.

    Attributes
    ----------
    input, fingerprint : str
        What was surveyed, and what changes with its files.
    release : str
        Key of the data release whose ids and spectra they are.
    release_stated : bool
        False where nothing says the release and DR3 was assumed.
    partitions : dict of number to PartitionEntry
        Those that are done.
    n_rows, n_classified, n_massive, notes, faults
        Sums over them, and the faults by number.
    """

    format_version: Literal[1]
    input: str
    release: str = DEFAULT.key
    release_stated: bool = True
    fingerprint: str
    n_partitions: int
    n_rows_planned: int | None = None
    run: SurveyedBy
    explorer_version: str = ""
    partitions: dict[str, PartitionEntry]
    state: State
    n_rows: int = 0
    n_classified: int = 0
    n_massive: int = 0
    notes: dict[str, int] = Field(default_factory=dict)
    faults: dict[str, str] = Field(default_factory=dict)

    def summed(self, state: State) -> "Manifest":
        """With the sums over its partitions."""
        good = [entry for entry in self.partitions.values() if not entry.fault]
        notes: dict[str, int] = {}
        for entry in good:
            for note, count in entry.notes.items():
                notes[note] = notes.get(note, 0) + count
        return self.changed(
            state=state,
            n_rows=sum(entry.rows for entry in good),
            n_classified=sum(entry.classified for entry in good),
            n_massive=sum(entry.massive for entry in good),
            notes=notes,
            faults={number: entry.fault for number, entry in self.partitions.items() if entry.fault},
        )


@dataclass(frozen=True)
class Survey:
    """A survey at work: the plan, the run that classifies, what is finished.

    Attributes
    ----------
    folder : Path
    plan : Plan
    run : RunReference
    manifest : Manifest
    done_again : dict of str to str
        Parts that were found damaged, and why: they are missing now.
    """

    folder: Path
    plan: Plan
    run: RunReference
    manifest: Manifest
    done_again: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[Partition]:
        """Partitions without a part, in order."""
        return [item for item in self.plan.partitions if not (self.folder / item.name).is_file()]

    def noting(self, result: PartitionResult) -> "Survey":
        """The survey with a partition's result in its manifest (in memory: see `write_manifest`)."""
        done = {**self.manifest.partitions, str(result.number): _entry(result)}
        return replace(self, manifest=self.manifest.changed(partitions=done))

    def write_manifest(self, state: State) -> "Survey":
        """Bring manifest.json up to what was noted."""
        manifest = self.manifest.summed(state)
        write_record(self.folder / MANIFEST, manifest)
        return replace(self, manifest=manifest)

    def close(self) -> "Survey":
        """Write the manifest with the state that the parts give, and merge their indices."""
        if parts := sorted(self.folder.glob("part-*.parquet")):
            open_index(parts)
        return self.write_manifest(PARTLY if self.missing else FINISHED)


@contextmanager
def open_survey(
    folder: str | Path,
    plan: Plan,
    run_dir: str | Path,
    model: str | None,
    *,
    dismiss_below: float,
    resume: bool,
    release: str | None = None,
) -> Iterator[Survey]:
    """Claim a folder for one survey: create it, or with `resume` go on with what it holds.

    Raises
    ------
    SurveyError
        The folder is in use, holds something else, or (resuming) a survey of another input or by another run.
    RunError, UsageError
        The run cannot be loaded.
    StorageError
        The folder cannot be written to.
    """
    folder = Path(folder)
    of, stated = (find_release(release).key, True) if release else first_release(plan)
    run, description = _run(run_dir, model, dismiss_below, of)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / _LOCK, patience_s=0) as mine:
        if not mine:
            raise SurveyError(f"another process writes into {folder}; wait for it or choose another --out")
        for leftover in folder.glob(".part-*.partial.parquet"):
            leftover.unlink(missing_ok=True)  # of a process that was killed while it wrote
        partitions: dict[str, PartitionEntry] = {}
        damaged: dict[str, str] = {}
        if (folder / MANIFEST).exists():
            stored = read_manifest(folder)
            if not resume:
                raise SurveyError(f"{folder} already holds a survey; choose another --out, or go on by --resume")
            _require_same(stored, plan, description, folder, of)
            damaged = without_damaged_parts(folder, plan, stored)
            partitions = {
                number: entry for number, entry in stored.partitions.items() if part_name(number) not in damaged
            }
        elif any(path.name != _LOCK for path in folder.iterdir()):
            raise SurveyError(f"{folder} is not empty and holds no survey; choose another --out")
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            input=plan.root,
            fingerprint=plan.fingerprint,
            n_partitions=len(plan.partitions),
            n_rows_planned=plan.n_rows,
            release=of,
            release_stated=stated,
            run=description,
            explorer_version=core.__version__,
            partitions=partitions,
            state=RUNNING,
        )
        survey = Survey(folder, plan, run, manifest, damaged)
        for item in plan.partitions:  # a kill may fall between a part and its entry
            if str(item.number) not in partitions and (folder / item.name).is_file():
                survey = survey.noting(count_part(folder / item.name, item.number))
        yield survey.write_manifest(RUNNING)


def read_manifest(folder: str | Path) -> Manifest:
    """A survey's manifest; SurveyError where there is none or it is damaged."""
    try:
        return read_record(Path(folder) / MANIFEST, Manifest, SurveyError, "run the survey again")
    except FileNotFoundError as error:
        raise SurveyError(f"{folder} holds no {MANIFEST}; give the folder of a `survey`") from error


def _run(run_dir: str | Path, model: str | None, dismiss_below: float, release: str) -> tuple[RunReference, SurveyedBy]:
    ensemble = load_ensemble(run_dir, model, threads=1)
    started = ensemble.run.started
    description = SurveyedBy(
        path=str(ensemble.path),
        model=ensemble.model,
        title=ensemble.run.network,
        members=len(ensemble),
        started=started,
        instrument=ensemble.instrument,
        members_sha256=_digest(ensemble.files),
        judges_sha256=_digest(
            [ensemble.path / name for name in (OUT_OF_DISTRIBUTION_FILE, PHOTOMETRIC_CLASSIFIER_FILE)]
        ),
        dismiss_below=dismiss_below,
    )
    return RunReference(str(ensemble.path), ensemble.model, started, dismiss_below, release), description


def _digest(files: list[Path]) -> str:
    """Of the contents of the files that are there."""
    contents = [file.read_bytes() for file in files if file.is_file()]
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()


def _require_same(stored: Manifest, plan: Plan, now: SurveyedBy, folder: Path, release: str) -> None:
    if stored.release != release:
        raise SurveyError(
            f"{folder} holds a survey of {find_release(stored.release).name}, and you ask for "
            f"{find_release(release).name}: ids and instruments differ between releases; choose another --out"
        )
    if stored.fingerprint != plan.fingerprint:
        raise SurveyError(
            f"{folder} holds a survey of {stored.input}, whose files differ from {plan.root} as it is now; give the "
            "same input or another --out"
        )
    then = stored.run
    if any(getattr(then, name) != getattr(now, name) for name in ("members_sha256", "judges_sha256", "dismiss_below")):
        raise SurveyError(
            f"{folder} holds a survey by the run {then.path} ({then.started}, dismissing below {then.dismiss_below}), "
            f"not by {now.path} (below {now.dismiss_below}); resume it with the same --run or choose another --out"
        )


def _entry(result: PartitionResult) -> PartitionEntry:
    if result.fault:
        return PartitionEntry(fault=result.fault)
    return PartitionEntry(
        rows=result.n_rows, classified=result.n_classified, massive=result.n_massive, notes=result.notes,
        **({} if result.mark is None else asdict(result.mark)),
    )  # fmt: skip
