"""An input of any size as a list of partitions, each small enough to be done at one go and repeated after a kill."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import ReadError, UsageError
from core.spectra.readers import files_in

PARTITION_ROWS = 65_536
"""A partition ends with the row group that reaches this number; files other than Parquet are one partition each."""
_HATS_FILES = ("hats.properties", "properties")


@dataclass(frozen=True)
class Partition:
    """A part of the input.

    Attributes
    ----------
    number : int
        Place in the plan; names the output part.
    path : str
        The file.
    row_groups : tuple of int or None
        Row groups of a Parquet file; None for the whole file.
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
        return f"part-{self.number:06d}.parquet"


@dataclass(frozen=True)
class Plan:
    """All partitions of an input, and a fingerprint of names, sizes and rows by which a resumed pass knows it again."""

    root: str
    partitions: tuple[Partition, ...]
    fingerprint: str

    @property
    def n_rows(self) -> int | None:
        """Rows in all, where every partition knows its own."""
        rows = [item.n_rows for item in self.partitions if not item.fault]
        return None if None in rows else sum(row or 0 for row in rows)


def plan_partitions(source: str | Path, partition_rows: int = PARTITION_ROWS) -> Plan:
    """Cut an input into partitions.

    Parameters
    ----------
    source : path
        A file of spectra, a folder of them (plain or Hive), or a HATS catalogue.

    Raises
    ------
    UsageError
        There is no such input.
    EmptyFileError
        The folder holds no readable file.
    """
    root = Path(source)
    if not root.exists():
        raise UsageError(f"the input {root} does not exist; give a file or folder of spectra, or a HATS catalogue")
    if partition_rows < 1:
        raise UsageError(f"partition_rows is {partition_rows}; expected at least 1")
    found: list[Partition] = []
    for file in _files(root):
        for item in _cut(file, partition_rows):
            found.append(Partition(len(found), **item))
    return Plan(str(root), tuple(found), _fingerprint(root, found))


def _files(root: Path) -> list[Path]:
    is_hats = root.is_dir() and any((root / name).is_file() for name in _HATS_FILES)
    return files_in(root / "dataset" if is_hats else root)


def _cut(file: Path, partition_rows: int) -> Iterator[dict]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix not in (".parquet", ".pq"):
        yield {"path": str(file)}
        return
    try:
        metadata = pq.read_metadata(file)
    except (pa.ArrowInvalid, OSError) as error:
        yield {"path": str(file), "fault": f"the Parquet file is incomplete or damaged ({error}); fetch it again"}
        return
    groups: list[int] = []
    rows = 0
    for number in range(metadata.num_row_groups):
        groups.append(number)
        rows += metadata.row_group(number).num_rows
        if rows >= partition_rows or number == metadata.num_row_groups - 1:
            yield {"path": str(file), "row_groups": tuple(groups), "n_rows": rows}
            groups, rows = [], 0


def _fingerprint(root: Path, partitions: list[Partition]) -> str:
    facts = []
    for item in partitions:
        path = Path(item.path)
        name = path.relative_to(root).as_posix() if root.is_dir() else path.name
        facts.append([name, path.stat().st_size, item.row_groups, item.n_rows])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def as_dict(partition: Partition) -> dict:
    """Plain values, for a task that is sent to another process."""
    return asdict(partition)


def require_readable(partition: Partition) -> None:
    """ReadError for a partition whose file was found to be damaged."""
    if partition.fault:
        raise ReadError(f"{partition.path}: {partition.fault}")
