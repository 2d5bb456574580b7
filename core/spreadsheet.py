"""CSV for spreadsheets: words of a file that begin like a formula are written so that none is computed.

A spreadsheet takes a cell that begins with = + - @ (or a tab) for a formula, which can fetch an address or start a
program (OWASP, CSV Injection). Such texts get an apostrophe in front; numbers, sexagesimal coordinates and whatever is
no text stay as they are. `EXPLORER_RAW_CSV=1` keeps every text as it is.
"""

import re

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.settings import current_settings

_BEGINS = r"^[=+\-@\t\r\n]"
_NUMBERS = r"^[+-]?[\d.][\d.:, eE+-]*$"
_FORMULA, _NUMBER = re.compile(_BEGINS), re.compile(_NUMBERS)


def defused_text(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would compute it.

    >>> defused_text("=1+2"), defused_text("-59:41:04.2"), defused_text("HD 1"), defused_text("-1+cmd|x")
    ("'=1+2", '-59:41:04.2', 'HD 1', "'-1+cmd|x")
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def defused(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it may be written to CSV: its texts and its columns' names defused; the same where raw is asked."""
    if current_settings().raw_csv:
        return table
    changed = {
        name: table[name].map(lambda value: defused_text(value) if isinstance(value, str) else value)
        for name in table.columns
        if not (pd.api.types.is_numeric_dtype(table[name]) or pd.api.types.is_datetime64_any_dtype(table[name]))
    }
    return table.assign(**{str(name): column for name, column in changed.items()}).rename(
        columns=lambda name: defused_text(name) if isinstance(name, str) else name
    )


def defused_arrow(table: pa.Table) -> pa.Table:
    """The same of an Arrow table."""
    if current_settings().raw_csv:
        return table
    for place, name in enumerate(table.column_names):
        column = table[name]
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            formula = pc.and_(
                pc.match_substring_regex(column, _BEGINS), pc.invert(pc.match_substring_regex(column, _NUMBERS))
            )
            if pc.any(formula).as_py():
                marked = pc.binary_join_element_wise(pa.scalar("'", column.type), column, pa.scalar("", column.type))
                table = table.set_column(place, name, pc.if_else(formula, marked, column))
    return table.rename_columns([defused_text(name) for name in table.column_names])
