"""Tables that are read as a whole: IPAC, CDS and MRT, fixed-width text with astropy, and JSON records."""

import json
import re
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from core.errors import EmptyFileError, TruncatedFileError, UnsupportedFormatError
from core.gaia.vocabulary import is_known
from core.spectra.readers.astropy_columns import to_arrow
from core.spectra.readers.batch import Batch, make_batch, unique_names, wanted_names
from core.spectra.readers.json_document import json_array, json_document
from core.spectra.readers.limits import check_columns
from core.spectra.readers.statements import comment_entries, statements

MAX_TEXT_BYTES = 50 * 1024**2
"""Largest text table that astropy's own parsers, which need some twenty times as much memory, are given."""
_TITLES = {
    "ipac": "IPAC table",
    "cds": "CDS or MRT table (with a byte-by-byte description)",
    "fixed_width": "fixed-width table",
}
_RECORDS_AT_A_TIME = 4096
_RULE = re.compile(r"^[\s|+:=-]*$")


class MemoryTable:
    """A table in memory as a `TableSource`.

    Parameters
    ----------
    table : pyarrow.Table
        Under the file's own names.
    units : dict of str to str
    origin : str
    **facts
        Further fields of the batches.
    """

    def __init__(self, table: pa.Table, units: dict[str, str], origin: str, **facts) -> None:
        self.origin = origin
        self.names = table.column_names
        self.n_rows: int | None = table.num_rows
        self.fraction = 0.0
        self._table = table
        self._units = units
        self._facts = facts

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        table = self._table.select(wanted_names(self.names, columns))
        for start in range(0, table.num_rows, chunk_rows):
            self.fraction = min(1.0, (start + chunk_rows) / max(table.num_rows, 1))
            piece = table.slice(start, chunk_rows).combine_chunks()
            yield make_batch(piece, self._units, columns, origin=self.origin, **self._facts)


def open_astropy_text(data: bytes, form: str, origin: str) -> MemoryTable:
    """An IPAC ('ipac'), CDS or MRT ('cds') or fixed-width ('fixed_width') table, read by astropy.

    Raises
    ------
    TruncatedFileError, UnsupportedFormatError
        It cannot be read; the message has the format's name and what astropy said.
    """
    from astropy.io import ascii as astropy_text

    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UnsupportedFormatError(f"{origin}: the text is not UTF-8 ({error.reason}). Save it as UTF-8") from error
    form_read, options = form, {}
    if form == "fixed_width":
        lines = [line.strip() for line in lines if not _RULE.match(line)]
        if all(line.count("|") == lines[0].count("|") for line in lines):
            # bars part the cells, wherever they stand: by the places of the header's a longer cell would be cut
            lines, form_read = [line.strip("|") for line in lines], "basic"
            options = {"delimiter": "|"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = astropy_text.read(lines, format=form_read, guess=False, fast_reader=False, **options)
        except Exception as error:  # astropy raises many kinds on tables that break its formats' rules
            raise TruncatedFileError(
                f"{origin}: this {_TITLES[form]} cannot be read ({' '.join(str(error).split())[:200]}). Correct it, or "
                "convert it: stilts tcopy in=FILE out=stars.fits"
            ) from error
    if form == "fixed_width" and not any(is_known(name) for name in table.colnames):
        raise UnsupportedFormatError(
            f"{origin}: the first line of this {_TITLES[form]} has no column name that is known "
            f"({', '.join(table.colnames[:8])}). Put a line of names above it, such as | source_id | ra | dec |"
        )
    units = {name: str(table[name].unit or "") for name in table.colnames}
    arrays = {name: array for name in table.colnames if (array := to_arrow(_values(table[name]))) is not None}
    more, facts = _facts_of(table.meta, table.colnames, origin)
    units |= {name: unit for name, unit in more.items() if not units.get(name)}
    facts["descriptions"] = {name: str(table[name].description or "") for name in table.colnames}
    return MemoryTable(pa.table(arrays), units, origin, **facts)


def _values(column) -> np.ndarray:
    return np.ma.MaskedArray(column.data, column.mask) if hasattr(column, "mask") else column.data


def _facts_of(meta: dict, names: Sequence[str], origin: str) -> tuple[dict[str, str], dict]:
    keywords = {
        str(name).lower(): item.get("value")
        for name, item in meta.get("keywords", {}).items()
        if isinstance(item, dict)
    }
    comments = comment_entries([str(line) for line in meta.get("comments", [])[:200]])
    stated = statements([*keywords.items(), *comments], names, origin)
    parameters = {"release": stated.release} if stated.release else {}
    if keywords.get("source_id"):
        parameters["source_id"] = str(keywords["source_id"])
    return stated.units, {"sampling": stated.sampling, "parameters": parameters}


def open_json(data: bytes, origin: str) -> MemoryTable:
    """A JSON list of records, or one record a line.

    Raises
    ------
    UnsupportedFormatError
        JSON of another shape.
    TruncatedFileError
        It breaks off.
    """
    parts: list[pa.Table] = []
    records: list[dict] = []
    names: set[str] = set()
    try:
        text = data.decode("utf-8-sig")
        if len(data) <= MAX_TEXT_BYTES and (found := json_document(text, origin)) is not None:
            check_columns(found[0].num_columns, origin)
            unique_names(found[0].column_names, origin)
            return MemoryTable(found[0], found[1], origin)
        for record in _records(text, origin):
            records.append(record)
            names.update(record)
            check_columns(len(names), origin)
            if len(records) == _RECORDS_AT_A_TIME:
                parts.append(_columns(records))
                records = []
    except UnicodeDecodeError as error:
        raise UnsupportedFormatError(f"{origin}: the JSON text is not UTF-8 ({error.reason})") from error
    except (ValueError, RecursionError) as error:
        raise TruncatedFileError(f"{origin}: the JSON text breaks off or is damaged ({str(error)[:120]})") from error
    if records or not parts:
        parts.append(_columns(records))
    if not parts[0].num_rows:
        raise EmptyFileError(f"{origin}: the JSON list holds no record")
    table = pa.concat_tables(_same_types(parts), promote_options="permissive")
    unique_names(table.column_names, origin)
    return MemoryTable(table, {}, origin)


def _records(text: str, origin: str) -> Iterator[dict]:
    decoder = json.JSONDecoder()
    place = len(text) - len(text.lstrip())
    is_list = text[place] == "["
    if is_list:
        place += 1
    n_records = 0
    while True:
        place = _next(text, place)
        if place >= len(text) or text[place] == "]":
            if is_list and place >= len(text):
                raise ValueError("the list has no end")
            return
        record, place = decoder.raw_decode(text, place)
        if not isinstance(record, dict) or (not is_list and not _is_record(record)):
            raise UnsupportedFormatError(
                f'{origin}: this is JSON, but no list of records such as [{{"source_id": 5937083312, ...}}, ...]. '
                "Write it in that way (pandas: to_json(orient='records')), or as Parquet or CSV"
            )
        n_records += 1
        yield record


def _next(text: str, place: int) -> int:
    found = re.compile(r"[\s,]*").match(text, place)
    return found.end() if found else place


def _is_record(record: dict) -> bool:
    """One object alone may be anything: a record has a known column that holds one value."""
    return any(is_known(str(name)) and isinstance(value, int | float | str) for name, value in record.items())


def _columns(records: list[dict]) -> pa.Table:
    names = list(dict.fromkeys(name for record in records for name in record))
    return pa.table({str(name): json_array([record.get(name) for record in records]) for name in names})


def _same_types(parts: list[pa.Table]) -> list[pa.Table]:
    """The parts with text for columns that are of kinds which do not go together (a number here, a word there)."""
    from core.spectra.readers.arrays import is_text

    mixed = {
        name
        for name in parts[0].column_names
        if len(
            {
                is_text(part.schema.field(name).type)
                for part in parts
                if name in part.column_names and not pa.types.is_null(part.schema.field(name).type)
            }
        )
        > 1
    }
    result = []
    for part in parts:
        for name in mixed & set(part.column_names):
            if not is_text(part.schema.field(name).type):
                texts = pa.array(
                    [None if value is None else json.dumps(value) for value in part[name].to_pylist()], pa.string()
                )
                part = part.set_column(part.column_names.index(name), name, texts)
        result.append(part)
    return result
