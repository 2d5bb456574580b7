"""Lists of source ids in files: one per line, or the ids of a table of any readable format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import (
    EmptyFileError,
    MissingColumnError,
    MixedReleasesError,
    ReadError,
    SourceIdError,
    UnsupportedFormatError,
)
from core.gaia.releases import DEFAULT, find_release
from core.gaia.source_id import check_source_id, parse_source_id

if TYPE_CHECKING:
    from core.spectra.readers.batch import Batch
    from core.spectra.readers.faults import LeftOut

_LARGEST_LIST_BYTES = 512 * 1024**2
_CHUNK_ROWS = 1 << 16
_HEAD_BYTES = 4096
_ID_LINE = re.compile(r"^\s*\"?'?(gaia[\s_]*)?((e?dr)\s*\d[\s_]+)?[+-]?\d[\d.eE+_]*\"?'?\s*,?\s*(#.*)?$", re.IGNORECASE)


@dataclass(frozen=True)
class IdList:
    """The ids of a file.

    Attributes
    ----------
    ids : int64 ndarray of shape (n,)
        In file order, without the rows of `problems`.
    problems : dict of str to str
        Rows ('line 4', 'row 4') without an id that can be read, and why.
    """

    ids: np.ndarray
    problems: dict[str, str] = field(default_factory=dict)


def read_ids(path: Path, release: str = DEFAULT.key) -> np.ndarray:
    """Source ids of a file, int64, in file order: `read_id_list` without what is wrong with single rows."""
    return read_id_list(path, release).ids


def read_id_list(path: Path, release: str = DEFAULT.key) -> IdList:
    """Source ids of a file, and the rows that have none.

    A text file with one id per line ('Gaia DR3 ...' is understood where ids of that release are wanted, '#' begins a
    comment), or a table of any format of `core.spectra.readers` (CSV and its relatives, ECSV, FITS, VOTable, Parquet,
    IPAC, CDS, JSON) with a column of ids under any name of the vocabulary.

    Parameters
    ----------
    path : Path
    release : str
        Key of the release whose ids are wanted; a file that states another one is refused.

    Raises
    ------
    SourceIdError
        Not one id can be read; the message has the first row's fault. Ids of Gaia DR2, or of floating-point numbers.
    ReadError
        No such file, too large, a web page, or without an id.
    """
    if not path.exists():
        raise ReadError(f"there is no file {path}")
    try:
        found = _from_lines(path, release) if _is_list(path) else _from_table(path, release)
    except UnsupportedFormatError as error:
        raise SourceIdError(f"{path}, line 1: neither a Gaia source id nor a table of them ({error})") from error
    except EmptyFileError as error:
        raise EmptyFileError(f"{path} holds no source id ({error})") from error
    if len(found.ids) == 0:
        if found.problems:
            where, text = next(iter(found.problems.items()))
            raise SourceIdError(f"{path}, {where}: {text}")
        raise EmptyFileError(f"{path} holds no source id")
    return found


def _is_list(path: Path) -> bool:
    """Is the first line that is no comment an id, or at least no line of column names?"""
    if path.is_dir():
        return False
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if b"\x00" in head or b"%ECSV" in head[:40]:
        return False
    lines = [line.strip() for line in head.decode("utf-8-sig", "replace").splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return bool(_ID_LINE.match(first))


def _from_lines(path: Path, release: str) -> IdList:
    if path.stat().st_size > _LARGEST_LIST_BYTES:
        raise ReadError(f"{path} has more than {_LARGEST_LIST_BYTES // 1024**2} MiB: convert it to Parquet")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is no text file: expected one source id per line, or a table") from error
    ids: list[int] = []
    problems: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.split("#", 1)[0].strip().strip("\"'").rstrip(",").strip()
        if not entry:
            continue
        try:
            ids.append(parse_source_id(entry, release))
        except SourceIdError as error:
            problems[f"line {number}"] = str(error)
    return IdList(np.array(ids, dtype=np.int64), problems)


def _from_table(path: Path, release: str) -> IdList:
    from core.spectra.readers.datalink_zip import members
    from core.spectra.readers.folders import folder_of
    from core.spectra.readers.formats import is_zip

    parts: list[np.ndarray] = []
    problems: dict[str, str] = {}
    row = 0
    tables: Iterator[tuple[Path | bytes, str]]
    if is_zip(path):
        left_out: list[LeftOut] = []
        tables = ((content(), name) for name, content, _ in members(path, str(path), left_out.append))
    else:
        tables = ((path / name if name else path, name) for name in folder_of(path).names)
    for file, name in tables:
        origin = str(file) if isinstance(file, Path) else f"{path}: {name}"
        for ids, bad in _ids_of_table(file, origin, release):
            problems |= {f"row {row + place + 1}": text for place, text in sorted(bad.items())}
            keep = np.ones(len(ids), dtype=bool)
            keep[list(bad)] = False
            row += len(ids)
            spoilt = keep & (ids > 10**15) & (ids % 10_000 == 0)
            for place in np.flatnonzero(spoilt):
                keep[place] = _is_plausible(int(ids[place]), problems, row - len(ids) + int(place) + 1)
            parts.append(ids[keep])
    return IdList(np.concatenate([np.empty(0, dtype=np.int64), *parts]), problems)


def _ids_of_table(file: Path | bytes, origin: str, release: str) -> Iterator[tuple[np.ndarray, dict[int, str]]]:
    from core.spectra.readers.arrays import single_array
    from core.spectra.readers.formats import open_table
    from core.spectra.readers.releases import release_of_names
    from core.spectra.readers.source_ids import parse_source_ids

    table = open_table(file, origin)
    if table is None:
        raise ReadError(f"{origin}: a zip inside a zip is not read. Unpack it")
    named = release_of_names(table.names)
    columns = ["source_id", "designation", "ref_epoch"]
    for batch in table.batches(columns, _CHUNK_ROWS):
        _require_release(batch, named, release)
        if "source_id" not in batch.table.column_names:
            raise MissingColumnError(f"{origin} has no column source_id; it has {', '.join(table.names[:10])}")
        yield parse_source_ids(single_array(batch.table, "source_id"), origin)


def _require_release(batch: "Batch", named: str, release: str) -> None:
    """Refuse ids of another release than the wanted one; `named` is what the table's columns say."""
    from core.spectra.readers.data_release import release_of_batch

    if named and "release" not in batch.parameters:
        batch = replace(batch, parameters={**batch.parameters, "release": named})
    try:
        of, is_stated = release_of_batch(batch)
    except MixedReleasesError as error:
        raise SourceIdError(str(error)) from error
    if is_stated and of.key != release:
        raise SourceIdError(
            f"{batch.origin}: these are ids of {of.name}, expected ids of {find_release(release).name}: ids change "
            f"between releases. Say --release {of.key}, or --ids-of {of.key} to have them translated"
        )


def _is_plausible(source_id: int, problems: dict[str, str], row: int) -> bool:
    try:
        check_source_id(source_id)
    except SourceIdError as error:
        problems[f"row {row}"] = str(error)
        return False
    return True
