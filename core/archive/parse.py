"""Replies of the archives, read strictly: a reply is a whole, valid table or an error, never half of one."""

import gzip
import html
import io
import re
import zlib
from typing import Any

import numpy as np
import pandas as pd

from core.archive.retry import HttpStatusError, IncompleteReplyError, is_quota, quota_error
from core.errors import ArchiveReplyError, TruncatedFileError, UnsupportedFormatError

LARGEST_TABLE_BYTES = 512 * 1024**2
_STATUS_LENGTH = 65_536


def votable_to_frame(data: bytes, what: str = "the query") -> pd.DataFrame:
    """The first table of a VOTable reply, gzipped or not; names in lower case, ids int64, unknown values NaN or NA.

    `frame.attrs['overflow']` tells whether the archive cut the result at its row limit.

    Raises
    ------
    IncompleteReplyError
        A truncated or garbled reply, or a web page in place of a table (worth another attempt).
    ArchiveReplyError, ArchiveQuotaError
        The archive answered with an error document.
    """
    return votable_to_frames(data, what)[0]


def votable_to_frames(data: bytes, what: str = "the query") -> list[pd.DataFrame]:
    """Every table of a VOTable reply, as `votable_to_frame`; a reply without a table is an error."""
    data = decompressed(data)
    check_is_votable(data, what)
    status, message = query_status(data)
    if status == "ERROR":
        if is_quota(message):
            raise quota_error(message, what)
        raise ArchiveReplyError(f"The archive answered {what} with an error: {message or 'no reason given'}")
    check_harmless(data, what)
    from astropy.io import votable

    try:
        tables = list(
            votable.parse(io.BytesIO(data), verify="ignore", datatype_mapping={"short": "short"}).iter_tables()
        )
        frames = [_frame_of_reply(table) for table in tables]
    except Exception as error:  # astropy raises many kinds for a broken document, IndexError and expat's among them
        raise IncompleteReplyError(f"no whole VOTable: {type(error).__name__}: {error}") from error
    if not tables and b"</VOTABLE>" in data[-4096:]:
        said = "; ".join(map(html.unescape, re.findall(r'<INFO[^>]*value="([^"]*)"', data.decode("utf-8", "replace"))))
        raise ArchiveReplyError(f"The archive's answer to {what} holds no table ({said[:200] or 'without a reason'})")
    if not tables:
        raise IncompleteReplyError("the VOTable holds no table")
    for frame, table in zip(frames, tables, strict=True):
        frame.attrs["overflow"] = status == "OVERFLOW"
        frame.attrs["name"] = table.name or ""
    return frames


def _frame_of_reply(table) -> pd.DataFrame:
    """A VOTable's table as `table_to_frame`, without an astropy table between: that takes half of a small reply's time.

    Columns that share a name are left to astropy, which tells them apart.
    """
    names = [field.name for field in table.fields]
    if not all(names):
        raise ValueError(f"a column of {table.name or 'the table'} has no name")
    if len({name.lower() for name in names}) < len(names):
        return table_to_frame(table.to_table(use_names_over_ids=True))
    values, masks = np.ma.getdata(table.array), np.ma.getmaskarray(table.array)
    columns: dict[str, Any] = {}
    for name, key in zip(names, table.array.dtype.names or (), strict=True):
        mask = masks[key]
        columns[name.lower()] = _column(values[key], mask.reshape(len(mask), -1).any(axis=1) if mask.ndim > 1 else mask)
    return pd.DataFrame(columns)


def table_to_frame(table) -> pd.DataFrame:
    """An astropy table as a DataFrame: masked integers and booleans become nullable columns, never floats."""
    columns: dict[str, Any] = {}
    for name in table.colnames:
        column = table[name]
        mask = np.asarray(getattr(column, "mask", np.zeros(len(column), dtype=bool)))
        values = np.asarray(getattr(column, "data", column))
        columns[name.lower()] = _column(values.filled() if hasattr(values, "filled") else values, mask)
    return pd.DataFrame(columns)


def _column(values: np.ndarray, mask: np.ndarray) -> Any:
    """Values of a column whose masked rows are unknown, as pandas is to hold them."""
    if values.ndim > 1:
        return list(values)
    if values.dtype.kind == "f":
        return np.where(mask, np.nan, values).astype(values.dtype)
    if values.dtype.kind not in "iub":
        return [None if bad else _text(item) for item, bad in zip(values, mask, strict=True)]
    if values.dtype.kind in "iu" and not mask.any():
        return values.astype(np.int64)
    column = pd.array(values, dtype="boolean" if values.dtype.kind == "b" else "Int64")
    column[mask] = pd.NA
    return column


def decompressed(data: bytes, limit: int = LARGEST_TABLE_BYTES) -> bytes:
    """`data` without its gzip layer, refusing more than `limit` bytes (a compression bomb)."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            whole = stream.read(limit + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise IncompleteReplyError(f"the compressed reply is cut off: {error}") from error
    if len(whole) > limit:
        raise ArchiveReplyError(f"The reply unpacks to more than {limit // 1024**2} MB: refused")
    return whole


def check_is_votable(data: bytes, what: str) -> None:
    """IncompleteReplyError for a web page or an empty reply, ArchiveReplyError for a document with entities."""
    start = data[:_STATUS_LENGTH].lstrip()[:4096].lower()
    if not start:
        raise IncompleteReplyError("the reply is empty")
    if b"<!doctype html" in start or b"<html" in start:
        raise IncompleteReplyError(f"a web page came in place of a table: {page_title(data)}")
    if b"<!entity" in start or b"<!doctype" in start:
        raise ArchiveReplyError(f"The reply to {what} declares XML entities: refused")
    if b"votable" not in start:
        raise IncompleteReplyError(f"no VOTable but {data[:60]!r}")


def check_harmless(data: bytes, what: str) -> None:
    """Read the document once without acting on it: refuse entities and data that lie elsewhere, notice a broken end."""
    from core.spectra.readers.votable import check_votable

    try:
        check_votable(data, what)
    except UnsupportedFormatError as error:
        raise ArchiveReplyError(f"The reply is refused: {error}") from error
    except TruncatedFileError as error:
        raise IncompleteReplyError(str(error)) from error


def query_status(data: bytes) -> tuple[str, str]:
    """(status, message) of a VOTable: 'OK', 'ERROR' or 'OVERFLOW' (DALI 1.1, 4.4); OVERFLOW may stand at the end."""
    text = data[:_STATUS_LENGTH].decode("utf-8", "replace")
    tail = data[-4096:].decode("utf-8", "replace") if len(data) > _STATUS_LENGTH else ""
    pattern = re.compile(r'<(?:\w+:)?INFO[^>]*name="QUERY_STATUS"[^>]*value="(\w+)"[^>]*?(?:/>|>(.*?)</)', re.DOTALL)
    found = pattern.findall(text) + pattern.findall(tail)
    for status, message in found:
        if status.upper() != "OK":
            return status.upper(), " ".join(message.split())
    return "OK", ""


def page_title(data: bytes) -> str:
    """Title of a web page, for messages."""
    match = re.search(rb"<title[^>]*>(.*?)</title>", data[:_STATUS_LENGTH], re.IGNORECASE | re.DOTALL)
    return " ".join(match.group(1).decode("utf-8", "replace").split())[:120] if match else "no title"


def http_error(status: int, body: bytes, retry_after: str | None) -> HttpStatusError:
    """The error for an HTTP answer: the archive's own words from its error page or error VOTable."""
    body = body[:_STATUS_LENGTH]
    text = body.decode("utf-8", "replace")
    listed = re.search(r"<b>Message:\s*</b>(.*?)</li>", text, re.IGNORECASE | re.DOTALL)
    message = listed.group(1) if listed else query_status(body)[1]
    if not message:
        message = page_title(body) if b"<html" in body.lower() else text
    message = " ".join(re.sub(r"<[^>]+>", " ", message).split())[:400]
    seconds = re.fullmatch(r"[0-9]{1,9}", (retry_after or "").strip())
    return HttpStatusError(status, message or "no reason given", float(seconds.group()) if seconds else None)


def _text(value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
