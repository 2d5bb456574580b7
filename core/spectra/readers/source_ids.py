"""Gaia source ids from any column, as int64 from end to end: no id ever passes through a floating-point number."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SourceIdError
from core.gaia.releases import refusal_of
from core.gaia.source_id import MAX_SOURCE_ID
from core.spectra.readers.arrays import is_text

NO_ID = -1
"""Stands in `source_id` for a row whose id cannot be read."""

_MOST_READ = 7 * 10**18
"""Text of 19 digits is read up to here: the largest id of Gaia is below it, and int64 ends above it."""
_ADVICE = (
    "Gaia source ids are whole numbers of up to 19 digits, of which a floating-point number keeps 15 to 17. "
    "Write the column again as a 64-bit integer (in pandas: dtype={'source_id': 'int64'}) or as text"
)


def parse_source_ids(column: pa.Array, origin: str) -> tuple[np.ndarray, dict[int, str]]:
    """Ids of a column, and what is wrong with the rows that have none.

    Parameters
    ----------
    column : pyarrow.Array of integers or text (the words of a designation, 'Gaia DR4 ', may stand in front)
    origin : str
        The file, for messages.

    Returns
    -------
    source_id : int64 ndarray of shape (n,)
        `NO_ID` where the value is no number; values out of Gaia's range are kept.
    problems : dict of row number to text

    Raises
    ------
    SourceIdError
        The column is of floating-point numbers.
    """
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        first = next((value.as_py() for value in column if value.is_valid), None)
        raise SourceIdError(
            f"{origin}: the source_id column holds {column.type} numbers (first value {first!r}), so the last digits "
            f"of the ids are lost. {_ADVICE}"
        )
    if pa.types.is_null(column.type):
        return np.full(len(column), NO_ID), dict.fromkeys(range(len(column)), "source_id is missing")
    if is_text(column.type):
        ids, readable = _from_text(column)
    elif pa.types.is_integer(column.type):
        ids, readable = _from_integers(column)
    else:
        raise SourceIdError(f"{origin}: the source_id column is of type {column.type}, expected 64-bit integers")
    problems = {int(row): _problem(column[row].as_py()) for row in np.flatnonzero(~readable)}
    for row in np.flatnonzero(readable & ((ids < 1) | (ids > MAX_SOURCE_ID))):
        problems[int(row)] = f"source_id {ids[row]} is no Gaia id: expected 1 to {MAX_SOURCE_ID}"
    return ids, problems


def _from_integers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_uint64(column.type):
        valid &= pc.fill_null(pc.less_equal(column, 2**63 - 1), False).to_numpy(zero_copy_only=False)
        column = pc.if_else(pa.array(valid), column, None)
    ids = pc.fill_null(pc.cast(column, pa.int64()), NO_ID).to_numpy(zero_copy_only=False)
    return ids, valid


def _from_text(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    plain = _plain_digits(column)
    return _in_any_notation(column) if plain is None else _from_integers(plain)


def _plain_digits(column: pa.Array) -> pa.Array | None:
    """A column of digits alone as integers, ten times faster than what follows; None where anything else stands."""
    try:
        ids = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        return None
    largest = pc.max(ids).as_py()
    # pyarrow takes hexadecimal numbers for numbers
    is_plain = largest is not None and largest < _MOST_READ and not pc.any(pc.match_substring(column, "x")).as_py()
    return ids if is_plain and not pc.any(pc.match_substring(column, "X")).as_py() else None


def _in_any_notation(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    text = pc.utf8_trim_whitespace(column.cast(pa.large_string()))
    text = pc.replace_substring_regex(
        text, r"(?i)^gaia[\s_-]*(?:e?dr[\s_]*[3-9])?[\s_:=-]*(?:source[\s_]?id)?[\s_:=-]*", ""
    )
    # 18 digits always fit into int64; of the 19-digit numbers those up to 6.99e18 are enough for every Gaia id
    whole = pc.fill_null(pc.match_substring_regex(text, r"^(-?\d{1,18}|-?[0-6]\d{18})$"), False)
    ids = pc.fill_null(pc.cast(pc.if_else(whole, text, None), pa.int64()), NO_ID)
    return ids.to_numpy(zero_copy_only=False), whole.to_numpy(zero_copy_only=False)


def _problem(value: object) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return "source_id is missing"
    text = str(value).strip()
    if (older := re.match(r"gaia[\s_-]*dr\s*([12])\b", text, re.IGNORECASE)) is not None:
        return f"{text[:60]!r} is an id of Gaia DR{older.group(1)}; {refusal_of(f'dr{older.group(1)}')}"
    if _is_decimal_number(text):
        return f"source_id {text!r} has lost its last digits in a floating-point number. {_ADVICE}"
    return f"source_id {text!r} is no 64-bit Gaia id"


def _is_decimal_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return any(sign in text.lower() for sign in (".", "e"))
