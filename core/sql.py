"""Names in SQL: whatever a file calls its columns, DuckDB is told that it is a name."""

import re
from collections.abc import Iterable
from pathlib import Path


def quoted(name: str) -> str:
    """A column's name as an SQL identifier: reserved words, spaces, quotes and any other characters included.

    Examples
    --------
    >>> quoted("group")
    '"group"'
    """
    return '"' + name.replace('"', '""') + '"'


def this_file(path: Path) -> str:
    """A path as DuckDB's readers take it for this one file: they take `*`, `?` and `[` of a folder's name for patterns.

    Examples
    --------
    >>> this_file(Path("surveys/all*[1]/part.parquet"))
    'surveys/all[*][[]1]/part.parquet'
    """
    return re.sub(r"[*?\[]", lambda sign: f"[{sign[0]}]", str(path))


def listed(names: Iterable[str]) -> str:
    """Names separated by commas, for SELECT."""
    return ", ".join(map(quoted, names))
