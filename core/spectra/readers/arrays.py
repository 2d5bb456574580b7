"""Arrow list columns (or text that spells lists) to (n, width) NumPy arrays, without a Python loop over rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.spectra.readers.array_text import plain_lists, spells_array

_NULL_TEXTS = pa.array(["", "null", "none", "--", "n/a", "masked", "nan", "<na>"], pa.large_string())

_LONGEST_TEXT = 1 << 16
"""1,485 correlations in the longest notation take 40 kB; longer texts are not tried in every one."""


def is_list(kind: pa.DataType) -> bool:
    """Is the Arrow type a list of any sort?"""
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view)
    return any(test(kind) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    """Is the Arrow type text?"""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    """Is the Arrow type bytes of any sort?"""
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests)


def single_array(table: pa.Table, name: str) -> pa.Array:
    """A column of a table as one Arrow array."""
    chunks = table[name].chunks
    if len(chunks) == 1:
        return chunks[0]
    return pa.concat_arrays(chunks) if chunks else pa.array([], table[name].type)


def with_text(table: pa.Table) -> pa.Table:
    """The table with columns of bytes as text: astropy writes texts of FITS tables so, others spoilt ones."""
    for place, item in enumerate(table.schema):
        if is_bytes(item.type):
            texts = [None if one is None else one.decode("utf-8", "replace") for one in table[place].to_pylist()]
            table = table.set_column(place, item.name, pa.array(texts, pa.large_string()))
    return table


def spells_arrays(column: pa.Array) -> bool:
    """Does the column hold lists, or text whose first value spells one?"""
    if is_list(column.type):
        return True
    if not is_text(column.type):
        return False
    first = next((value.as_py() for value in column if value.is_valid and value.as_py().strip()), "")
    return spells_array(first)


def matrix(column: pa.Array, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of an array column, and how many values each row has.

    Parameters
    ----------
    column : pyarrow.Array of n lists of numbers, or of text such as '(1.0, 2.0)' and '[1.0, 2.0]'
    width : int
        Number of values that a good row has.

    Returns
    -------
    values : float64 ndarray of shape (n, width)
        NaN where the row is null or has another number of values.
    counts : int64 ndarray of shape (n,)
        Values in each row; -1 for a null row, -2 for text that is no list of numbers (see `fault_of`).
    """
    if is_text(column.type):
        column, unreadable = parse_lists(column)
    elif is_list(column.type):
        unreadable = np.zeros(len(column), dtype=bool)
    elif pa.types.is_null(column.type):
        return np.full((len(column), width), np.nan), np.full(len(column), -1)
    else:
        return np.full((len(column), width), np.nan), np.where(_valid(column), 1, -1)
    counts = np.where(_valid(column), pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), -1)
    counts[unreadable] = -2
    good = counts == width
    if good.all():
        return _flat(column).reshape(len(column), width), counts
    values = np.full((len(column), width), np.nan)
    if good.any():
        values[good] = _flat(column.filter(pa.array(good))).reshape(-1, width)
    return values, counts


def flat_lists(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """All values of a list column one after the other, and the number of values of each row (0 for null)."""
    if is_text(column.type):
        column, _ = parse_lists(column)
    counts = np.where(_valid(column), pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), 0)
    return _flat(column), counts


def parse_lists(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Lists of float64 from text such as '(1.0, 2.0)', '[1.0,null]' or any other notation of `array_text`.

    Returns the list array (null where the text is null or unreadable) and the mask of unreadable rows. Text without
    its closing bracket (a truncated file) is unreadable.
    """
    text = pc.utf8_trim_whitespace(column.cast(pa.large_string()))
    text = pc.if_else(pc.is_in(pc.utf8_lower(text), value_set=_NULL_TEXTS), None, text)
    lists, unreadable = _parsed(text)
    if not unreadable.any():
        return lists, unreadable
    # only what could not be read is looked at twice, so that the common notations cost nothing
    short = pc.fill_null(pc.less_equal(pc.binary_length(text), _LONGEST_TEXT), False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(unreadable & short)
    again, bad = _parsed(plain_lists(text.take(pa.array(rows))))
    if bad.all():
        return lists, unreadable
    places = np.arange(len(lists))
    places[rows] = len(lists) + np.arange(len(again))
    lists = pa.concat_arrays([lists, again]).take(pa.array(places))
    unreadable[rows] = bad
    return lists, unreadable


def _parsed(text: pa.Array) -> tuple[pa.Array, np.ndarray]:
    starts = pc.or_(pc.starts_with(text, "("), pc.starts_with(text, "["))
    ends = pc.or_(pc.ends_with(text, ")"), pc.ends_with(text, "]"))
    closed = pc.fill_null(pc.and_(starts, ends), True)
    unreadable = ~closed.to_numpy(zero_copy_only=False)
    parts = _split(pc.if_else(closed, text, None))
    try:
        values = pc.cast(parts.flatten(), pa.float64())
    except pa.ArrowInvalid:
        bad_rows = _rows_with_bad_numbers(parts)
        unreadable |= bad_rows
        parts = pc.if_else(pa.array(bad_rows), None, parts)
        values = _numbers(parts.flatten())
    lengths = pc.fill_null(pc.list_value_length(parts), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    mask = pa.array(~_valid(parts))
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values, mask=mask), unreadable


def _split(text: pa.Array) -> pa.Array:
    """Lists of number texts; plain splitting at ', ' is ten times faster than a regular expression."""
    inner = pc.utf8_trim(text, characters="()[] \t\r\n")
    if pc.any(pc.match_substring(inner, "(")).as_py() or pc.any(pc.match_substring(inner, "[")).as_py():
        inner = pc.replace_substring_regex(inner, r"[()\[\]]", "")
    if not pc.any(pc.match_substring(inner, ",")).as_py():
        return pc.utf8_split_whitespace(inner)
    return pc.split_pattern(pc.replace_substring(inner, ", ", ","), ",")


def _numbers(tokens: pa.Array) -> pa.Array:
    tokens = pc.utf8_trim_whitespace(tokens)
    null = pc.is_in(pc.utf8_lower(tokens), value_set=_NULL_TEXTS)
    return pc.cast(pc.if_else(null, None, tokens), pa.float64())


def _rows_with_bad_numbers(parts: pa.Array) -> np.ndarray:
    bad = np.zeros(len(parts), dtype=bool)
    for row, part in enumerate(parts):  # only after the whole column failed: rare
        if part.is_valid:
            try:
                _numbers(part.values)
            except pa.ArrowInvalid:
                bad[row] = True
    return bad


def _flat(column: pa.Array) -> np.ndarray:
    return pc.cast(column.flatten(), pa.float64()).to_numpy(zero_copy_only=False)


def _valid(column: pa.Array) -> np.ndarray:
    return column.is_valid().to_numpy(zero_copy_only=False)
