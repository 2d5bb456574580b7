"""Lists of source ids in files: one per line, or a column of a table."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import EmptyFileError, HtmlPageError, ReadError, SourceIdError
from core.gaia.releases import DEFAULT
from core.gaia.source_id import check_source_id, parse_source_id

_LARGEST_BYTES = 512 * 1024**2
_COLUMN = "source_id"


def read_ids(path: Path, release: str = DEFAULT.key) -> np.ndarray:
    """Source ids of a file, int64, in file order.

    A text or CSV file holds one id per line ('Gaia DR3 ...' is understood where ids of that release are
    wanted, '#' begins a comment) or has a column
    `source_id`; a Parquet file has such a column.

    Raises
    ------
    SourceIdError
        A line that is no id, or an id that lost its last digits; the message names the line.
    ReadError
        No such file, too large, a web page, or without an id.
    """
    if not path.exists():
        raise ReadError(f"there is no file {path}")
    if path.suffix.lower() == ".parquet":
        return _from_parquet(path)
    if path.stat().st_size > _LARGEST_BYTES:
        raise ReadError(f"{path} has more than {_LARGEST_BYTES // 1024**2} MiB: convert it to Parquet")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is no text file: expected one source id per line, CSV or Parquet") from error
    if "<html" in text[:2000].lower():
        raise HtmlPageError(f"{path} is a web page, not a list of source ids")
    lines = text.splitlines()
    header = [name.strip().strip('"').lower() for name in lines[0].split(",")] if lines else []
    column = header.index(_COLUMN) if _COLUMN in header else None
    ids = []
    for number, line in enumerate(lines, start=1):
        entry = line.split("#", 1)[0].strip()
        if not entry or (number == 1 and column is not None):
            continue
        if column is not None:
            cells = entry.split(",")
            entry = cells[column].strip().strip('"') if column < len(cells) else ""
        try:
            ids.append(parse_source_id(entry.rstrip(","), release))
        except SourceIdError as error:
            raise SourceIdError(f"{path}, line {number}: {error}") from error
    if not ids:
        raise EmptyFileError(f"{path} holds no source id")
    return np.array(ids, dtype=np.int64)


def _from_parquet(path: Path) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path} is no Parquet file: {error}") from error
    if _COLUMN not in schema.names:
        raise ReadError(f"{path} has no column {_COLUMN}; it has {', '.join(schema.names[:10])}")
    try:
        column = pq.read_table(path, columns=[_COLUMN])[_COLUMN]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path} is damaged: {error}. Make or fetch it again") from error
    if pa.types.is_floating(column.type):
        raise SourceIdError(f"{path}: {_COLUMN} is a floating-point column, which loses the last digits of ids")
    try:
        ids = pd.array(column.to_pandas(), dtype="int64").to_numpy()
    except (ValueError, TypeError, OverflowError) as error:  # words, unknown values, lists
        raise SourceIdError(f"{path}: {_COLUMN} holds a value that is no whole number ({error})") from error
    if len(ids) == 0:
        raise EmptyFileError(f"{path} holds no source id")
    for extreme in (ids.min(), ids.max()):
        check_source_id(int(extreme))
    return ids
