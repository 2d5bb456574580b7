"""Which data sets there are on this machine: real and simulated ones of the program, built ones, drawn samples."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from core.datasets.dataset import Dataset, open_parquet
from core.datasets.real_stars import PROVENANCE as REAL_PROVENANCE
from core.datasets.real_stars import REAL, real_stars_path
from core.datasets.real_stars import TITLE as REAL_TITLE
from core.errors import ReadError, UsageError
from core.records import Record, read_record, write_record
from core.settings import Settings, current_settings
from core.whole import sha256_of

EMBEDDED = "embedded"
EMBEDDED_TITLE = "Embedded simulated stars"
MANIFEST_FILE = "manifest.json"
"""Describes a built data set; it lies in the set's folder and names the file of spectra."""


class DatasetManifest(Record):
    """A built data set: where its stars come from and how they were chosen.

    Attributes
    ----------
    title, release, built : str
        For menus; the data release and the UTC time at which it was built.
    spectra : str
        Name of the file of spectra, beside the manifest.
    seed : int
    cuts, sources : dict
        Limits of the selection by name; query or catalogue by origin.
    counts : dict
        Stars in all ('stars'), undelivered, and per label, category and part.
    notes, not_delivered : list
        What was passed over; ids that the archive has no spectrum of.
    credit : str
    spectra_sha256 : str
        Of the file of spectra; '' in sets of earlier versions.
    """

    title: str = ""
    spectra: str
    release: str = ""
    built: str = ""
    seed: int = 0
    cuts: dict[str, float] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    counts: dict[str, int] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
    not_delivered: list[str] = Field(default_factory=list)
    credit: str = ""
    spectra_sha256: str = ""


class Noted(Record):
    """A built data set that lies elsewhere."""

    folder: str
    noted: str = ""


@dataclass(frozen=True)
class DatasetEntry:
    """A data set that can be opened, without having been opened.

    Attributes
    ----------
    name : str
        Unique, short, stands in URLs: 'real', 'embedded', a folder's name, a file's name.
    title, provenance : str
        For menus, and where the stars come from, in one sentence.
    path : Path
        Parquet file of spectra; that of the embedded set may not have been made yet.
    kind : 'real', 'embedded', 'built' or 'sample'
    n_stars : int or None
        None where the embedded set has not been made yet.
    labelled : bool
        Whether every star has a label, so that networks can be trained on it.
    """

    name: str
    title: str
    provenance: str
    path: Path
    kind: Literal["real", "embedded", "built", "sample"]
    n_stars: int | None
    labelled: bool

    @property
    def key(self) -> str:
        """Changes when the file does."""
        return f"{self.path} {self.path.stat().st_mtime_ns if self.path.exists() else 0}"


def find_datasets(settings: Settings | None = None) -> list[DatasetEntry]:
    """The shipped real stars, the embedded set, built ones, samples, each by name; what cannot be read is passed over.

    Built sets are the folders with a manifest in `Settings.datasets_dir` and those that `note_dataset` has noted there.
    """
    settings = settings or current_settings()
    real = _real(settings)
    entries = [_embedded()] if real is None else [real, _embedded()]
    samples = sorted(settings.samples_dir.glob("[!.]*.parquet"))
    taken = {REAL, EMBEDDED, *(path.name for path in samples)}
    for folder in _built_folders(settings.datasets_dir):
        entry = _built(folder, taken)
        if entry is not None:
            entries.append(entry)
            taken.add(entry.name)
    for path in samples:
        facts = _facts(path)
        if facts is not None:
            text = f"Simulated sample {path.name}, drawn on this machine."
            entries.append(DatasetEntry(path.name, path.name, text, path, "sample", *facts))
    return entries


def find_dataset(name: str, settings: Settings | None = None) -> DatasetEntry:
    """The data set of that name; UsageError lists the names there are."""
    entries = {entry.name: entry for entry in find_datasets(settings)}
    if name not in entries:
        raise UsageError(f"there is no data set {name!r} on this machine; there are {', '.join(entries)}")
    return entries[name]


def open_dataset(entry: DatasetEntry) -> Dataset:
    """The data set to browse; the embedded one is made first if this machine has none yet (seconds, once).

    Raises
    ------
    ReadError
        The file has gone, is damaged, or is not the one of which the set's manifest has the hash.
    """
    import pyarrow as pa

    path = entry.path
    if entry.kind == "embedded":
        from core.datasets.embedded import embedded_dataset

        path = embedded_dataset()
    require_unchanged(path)
    try:
        return open_parquet(path, entry.title, entry.provenance)
    except (OSError, pa.ArrowException) as error:
        message = f"{path} cannot be opened as a data set ({str(error)[:200]}): build or draw it again"
        raise ReadError(message) from error


def note_dataset(folder: Path, settings: Settings | None = None) -> None:
    """Make a built set findable that lies outside of `Settings.datasets_dir`."""
    folder = folder.resolve()
    datasets = (settings or current_settings()).datasets_dir
    if folder.parent == datasets.resolve():
        return
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    noted = Noted(folder=str(folder), noted=datetime.now(UTC).isoformat(timespec="seconds"))
    write_record(datasets / f"{digest}.json", noted)


def require_unchanged(path: Path) -> None:
    """ReadError where the manifest beside a file of spectra has another file's hash; other files pass."""
    if not (path.parent / MANIFEST_FILE).is_file():
        return
    try:
        manifest = read_manifest(path.parent)
    except ReadError:
        return  # a file of others
    is_its_own = Path(manifest.spectra).name == path.name and manifest.spectra_sha256
    if is_its_own and path.is_file() and sha256_of(path) != manifest.spectra_sha256:
        raise ReadError(
            f"{path} is not the file that belongs to the data set (SHA-256 {manifest.spectra_sha256[:12]} ... in "
            f"{MANIFEST_FILE}): build the data set again, or delete {MANIFEST_FILE} if the file was changed on purpose"
        )


def read_manifest(folder: Path) -> DatasetManifest:
    """The manifest of a built data set; FileNotFoundError or ReadError without a sound one."""
    return read_record(folder / MANIFEST_FILE, DatasetManifest, ReadError, "build the data set again")


def _real(settings: Settings) -> DatasetEntry | None:
    path = real_stars_path(settings)
    facts = _facts(path) if path is not None else None
    if path is None or facts is None:
        return None
    return DatasetEntry(REAL, REAL_TITLE, REAL_PROVENANCE, path, "real", facts[0], labelled=False)


def _embedded() -> DatasetEntry:
    from core.datasets.embedded import embedded_path

    path = embedded_path()
    provenance = "Simulated from physics (atmospheres, dust, Gaia's instrument and noise); no real star is among them."
    facts = _facts(path) or (None, True)
    return DatasetEntry(EMBEDDED, EMBEDDED_TITLE, provenance, path, "embedded", *facts)


def _built_folders(datasets: Path) -> Iterator[Path]:
    if not datasets.is_dir():
        return
    noted = []
    for path in sorted(datasets.glob("[!.]*.json")):
        try:
            noted.append(Path(read_record(path, Noted, ReadError, "build the set again").folder))
        except (FileNotFoundError, ReadError):
            continue
    yield from sorted({path for path in (*datasets.iterdir(), *noted) if (path / MANIFEST_FILE).is_file()})


def _built(folder: Path, taken: set[str]) -> DatasetEntry | None:
    try:
        manifest = read_manifest(folder)
    except (ReadError, FileNotFoundError):
        return None
    path = folder / Path(manifest.spectra).name
    title, built, release = manifest.title, manifest.built, manifest.release
    facts = _facts(path)
    if facts is None:
        return None
    name = folder.name if folder.name not in taken else f"{folder.name}-{hashlib.sha256(bytes(folder)).hexdigest()[:6]}"
    provenance = f"{title or 'Data set'} of {folder}, from {release or 'an archive'}, built {built[:10] or 'earlier'}."
    return DatasetEntry(name, f"{title or 'Data set'} ({name}, {facts[0]:,} stars)", provenance, path, "built", *facts)


def _facts(path: Path) -> tuple[int, bool] | None:
    """(number of stars, whether they have labels) of a Parquet file; None where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return file.metadata.num_rows, "label" in file.schema_arrow.names
    except (OSError, pa.ArrowException):
        return None
