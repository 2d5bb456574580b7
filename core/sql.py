"""Names in SQL: whatever a file calls its columns, DuckDB is told that it is a name."""

from collections.abc import Iterable


def quoted(name: str) -> str:
    """A column's name as an SQL identifier: reserved words, spaces, quotes and any other characters included.

    Examples
    --------
    >>> quoted("group")
    '"group"'
    """
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str]) -> str:
    """Names separated by commas, for SELECT."""
    return ", ".join(map(quoted, names))
