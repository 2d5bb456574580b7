"""The index of many finished parts in two files: a survey of ten million stars opens hundreds of small ones else.

.index/merged.npz            the counts of all merged parts together, and which parts these are
.index/merged-NNNNNN.parquet their possible candidates, each with the number of its part

A part that has changed since, or was not there, is counted from its own index files.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.errors import StorageError
from core.settings import current_settings
from core.survey.index import (
    FOLDER,
    NOT_WHOLE,
    Counts,
    add_counts,
    pack_counts,
    pack_mark,
    read_index,
    unpack_counts,
    unpack_mark,
)
from core.whole import difference, mark_of

_COUNTS_FILE = "merged.npz"
_WORTH_IT = 16
"""Parts that are not merged yet, from which on merging saves more than it costs."""


@dataclass(frozen=True)
class Index:
    """The counts of a survey's parts, and where their possible candidates are.

    Attributes
    ----------
    counts : Counts
    merged : Path or None
        File of candidates with a column `part`.
    single : tuple of Path
        Files of candidates of the other parts, whose numbers stand in their names.
    bare : tuple of Path
        Parts whose index cannot be written: their candidates are in themselves.
    """

    counts: Counts
    merged: Path | None
    single: tuple[Path, ...]
    bare: tuple[Path, ...] = ()


def open_index(parts: Sequence[Path]) -> Index:
    """The index of all parts together; parts without one get it first, many are merged where the folder can be written.

    Parameters
    ----------
    parts : paths of part-NNNNNN.parquet in one folder
    """
    found = _read(parts)
    if len(found.single) >= _WORTH_IT and not found.bare and not current_settings().read_only:
        with suppress(StorageError):
            return _merge(parts, found)
    return found


def _read(parts: Sequence[Path]) -> Index:
    folder = parts[0].parent / FOLDER
    counts, merged, known = _stored(folder, parts)
    rest = [part for part in parts if part.name not in known]
    files = []
    for part in rest:
        found, file = read_index(part)
        counts = add_counts(counts, found)
        files.append(file)
    bare = tuple(file for file in files if file.parent == parts[0].parent)
    return Index(counts, merged, tuple(file for file in files if file not in bare), bare)


def _stored(folder: Path, parts: Sequence[Path]) -> tuple[Counts, Path | None, set[str]]:
    """What is merged already; nothing where one of its parts is gone or was written anew."""
    try:
        with np.load(folder / _COUNTS_FILE, allow_pickle=False) as stored:
            names = stored["parts"].tolist()
            candidates = folder / str(stored["candidates"])
            current = {part.name: part for part in parts}
            same = (
                set(names) <= current.keys() and [_stamp(current[name]) for name in names] == stored["stamps"].tolist()
            )
            if same and not difference(candidates, unpack_mark(stored)):
                return unpack_counts(stored), candidates, set(names)
    except NOT_WHOLE:
        pass  # gone or torn: the parts' own indices say the same
    return Counts(), None, set()


def _merge(parts: Sequence[Path], found: Index) -> Index:
    folder = parts[0].parent / FOLDER
    candidates = folder / f"merged-{len(parts):06d}.parquet"
    tables = [] if found.merged is None else [pq.read_table(found.merged)]
    for file in found.single:
        table = pq.read_table(file)
        number = pa.array(np.full(len(table), int(file.stem.rpartition("-")[2]), dtype=np.int32))
        tables.append(table.append_column("part", number))
    with atomic_path(candidates) as beside:
        pq.write_table(pa.concat_tables(tables, promote_options="default"), beside, compression="zstd")
    with atomic_path(folder / _COUNTS_FILE) as beside, beside.open("wb") as stream:
        np.savez_compressed(
            stream, allow_pickle=False, parts=np.array([part.name for part in parts]),
            stamps=np.array([_stamp(part) for part in parts]), candidates=np.array(candidates.name),
            **pack_mark(mark_of(candidates)), **pack_counts(found.counts),
        )  # fmt: skip
    if found.merged is not None and found.merged != candidates:
        found.merged.unlink(missing_ok=True)
    return Index(found.counts, candidates, ())


def forget_index(folder: Path) -> None:
    """Delete what was derived from a survey's parts, to be made anew."""
    for file in (folder / FOLDER).glob("[!.]*"):
        with suppress(OSError):
            file.unlink()


def _stamp(part: Path) -> int:
    return part.stat().st_mtime_ns
