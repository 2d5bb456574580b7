"""A TAP_SCHEMA that somebody recorded, in the forms in which archives give it: tables and their columns.

Read are the VODataService document of a TAP service (`curl URL/tap/tables`), and the answer to `SELECT table_name,
column_name FROM TAP_SCHEMA.columns` as VOTable or CSV.
"""

import xml.parsers.expat as expat
from collections.abc import Iterable
from pathlib import Path

from core.archive.parse import votable_to_frame
from core.archive.retry import IncompleteReplyError
from core.errors import ExplorerError, ReadError

LARGEST_BYTES = 256 * 1024**2


def read_recorded(path: Path, schema: str) -> dict[str, list[str]]:
    """Columns per table of one schema (names without it, lower case); names without any schema count as its own.

    Raises
    ------
    ReadError
        The file is none of the three, is too large, or has nothing of the schema.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ReadError(f"{path} has {path.stat().st_size:,} bytes, expected at most {LARGEST_BYTES:,}")
        data = path.read_bytes()
    except OSError as error:
        raise _none_of_these(path, error) from error
    pairs = list(_tableset(path, data) if b"tableset" in data[:4096] else _answer(path, data))
    tables: dict[str, list[str]] = {}
    for table, column in pairs:
        prefix, _, name = table.lower().rpartition(".")
        if prefix in ("", schema):
            tables.setdefault(name, []).append(column.lower())
    if not tables:
        others = sorted({table.lower().rpartition(".")[0] for table, _ in pairs})
        raise ReadError(f"{path} lists no table of the schema {schema}; it has {', '.join(others) or 'none'}")
    return tables


def _answer(path: Path, data: bytes) -> Iterable[tuple[str, str]]:
    import io

    import pandas as pd

    try:
        is_xml = data.lstrip()[:1] == b"<" or data[:2] == b"\x1f\x8b"
        rows = votable_to_frame(data, "the recorded query") if is_xml else pd.read_csv(io.BytesIO(data))
        return zip(rows["table_name"].astype(str), rows["column_name"].astype(str), strict=True)
    except (ExplorerError, IncompleteReplyError, ValueError, KeyError) as error:
        raise _none_of_these(path, error) from error


def _none_of_these(path: Path, error: Exception) -> ReadError:
    return ReadError(
        f"{path} is no recorded TAP_SCHEMA ({error}): expected a VOTable or CSV with the columns table_name and "
        "column_name, or the XML of the archive's /tap/tables"
    )


def _tableset(path: Path, data: bytes) -> Iterable[tuple[str, str]]:
    """(table, column) of a VODataService tableset (VODataService 1.1, 3.3)."""
    found: list[tuple[str, str]] = []
    inside: list[str] = []
    text: list[str] = []
    table = ""

    def start(name: str, _: dict) -> None:
        inside.append(name.rpartition(" ")[2])
        text.clear()

    def end(element: str) -> None:
        nonlocal table
        inside.pop()
        if inside[-1:] == ["table"] and element.rpartition(" ")[2] == "name":
            table = "".join(text).strip()
        elif inside[-2:] == ["table", "column"] and element.rpartition(" ")[2] == "name":
            found.append((table, "".join(text).strip()))
        text.clear()

    def refuse(*_: object) -> None:
        raise ReadError(f"{path}: the document declares entities, which no archive's list of tables does")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _none_of_these(path, error) from error
    return found
