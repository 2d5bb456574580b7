"""Text to numbers: signs for unknown values, decimal commas, sexagesimal angles."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.spectra.readers.arrays import is_text

NULL_WORDS = ("", "null", "none", "--", "nan", "n/a", "na", "<na>", "masked", "-", "...")
_NULLS = pa.array(NULL_WORDS, pa.large_string())
_BEGINS_A_NUMBER = re.compile(r"[+-]?[.,]?\d|[+-]?inf")
_DECIMAL_COMMA = r"^[+-]?\d+,\d+([eE][+-]?\d+)?$"
_SEXAGESIMAL = (
    r"^(?P<sign>[+\-\x{2212}]?)(?P<whole>\d{1,3})(?:\s*[hd:\x{b0}\x{2b0}]\s*|\s+)(?P<minute>\d{1,2})"
    r"(?:\s*[m:'\x{2032}\x{1d50}]\s*|\s+)(?P<second>\d{1,2}(?:\.\d*)?)\s*(?:s|\"|''|\x{2033}|\x{2e2})?$"
)


def trimmed(column: pa.Array) -> pa.Array:
    """Text without blanks around it; null for a sign of an unknown value."""
    text = pc.replace_substring(pc.utf8_trim_whitespace(column.cast(pa.large_string())), "\u2212", "-")
    return pc.if_else(pc.is_in(pc.utf8_lower(text), value_set=_NULLS), None, text)


def as_floats(column: pa.Array) -> pa.Array | None:
    """A column as float64, or None if a value is no number.

    Decimal commas are read where every value is a number with one or a whole number.
    """
    if not is_text(column.type):
        try:
            return pc.cast(column, pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
    try:
        return pc.cast(column, pa.float64())  # most columns are plain numbers
    except pa.ArrowInvalid:
        text = trimmed(column)
    try:
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return _with_decimal_commas(text)


def _with_decimal_commas(text: pa.Array) -> pa.Array | None:
    comma = pc.match_substring_regex(text, _DECIMAL_COMMA)
    if not pc.any(comma).as_py():
        return None
    try:
        return pc.cast(pc.if_else(comma, pc.replace_substring(text, ",", "."), text), pa.float64())
    except pa.ArrowInvalid:
        return None


def as_numbers(column: pa.Array) -> pa.Array:
    """Whole numbers where all of a text column's values are, else float64 where all are numbers, else the column."""
    if not is_text(column.type):
        return column
    first = next((value.as_py().strip().lower() for value in column if value.is_valid), None)
    if first is None or not (first in NULL_WORDS or _BEGINS_A_NUMBER.match(first)):
        return column  # words, as most text is: told apart by the first of them
    try:
        return pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        floats = as_floats(column)
    if floats is None or floats.null_count == len(floats):
        return column
    known = pc.drop_null(floats)
    if not pc.all(pc.equal(known, pc.floor(known))).as_py():
        return floats
    try:  # whole numbers between blanks
        return pc.cast(trimmed(column), pa.int64())
    except pa.ArrowInvalid:
        return floats


def sexagesimal(column: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Degrees (or hours) of text such as '00:40:09.1', '-61d04m41.9s', '+61 04 41.9'.

    Returns
    -------
    value : float64 ndarray of shape (n,)
        NaN where the text is of another kind.
    is_hours, is_degrees : bool ndarray of shape (n,)
        Whether the text itself says which ('h', 'd', a degree sign).
    None if no value is sexagesimal.
    """
    text = trimmed(column)
    found = pc.extract_regex(text, _SEXAGESIMAL)
    if found.null_count == len(found):
        return None
    parts = [pc.cast(pc.struct_field(found, [name]), pa.float64()) for name in ("whole", "minute", "second")]
    whole, minute, second = (part.to_numpy(zero_copy_only=False) for part in parts)
    negative = pc.fill_null(
        pc.is_in(pc.struct_field(found, [0]), value_set=pa.array(["-", "\u2212"], pa.large_string())), False
    )
    value = np.where(negative.to_numpy(zero_copy_only=False), -1.0, 1.0) * (whole + minute / 60 + second / 3600)
    value[(minute >= 60) | (second > 60)] = np.nan
    marks = [
        pc.fill_null(pc.match_substring_regex(text, f"[0-9]\\s*{sign}"), False)
        for sign in (r"[h\x{2b0}]", r"[d\x{b0}]")
    ]
    is_hours, is_degrees = (mark.to_numpy(zero_copy_only=False) for mark in marks)
    return value, is_hours, is_degrees
