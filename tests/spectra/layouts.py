"""One table written in every format and layout that astropy, pandas and PyArrow can write, as bytes.

Each writer takes columns (name to array, one or two dimensions) and units (name to text, '' for none) and returns the
content of a file. What a format cannot hold (units in plain JSON, arrays in IPAC) is said in the literal table
`LAYOUTS`.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Columns = dict[str, np.ndarray]
Write = Callable[[Columns, dict[str, str]], bytes]


@dataclass(frozen=True)
class Layout:
    """A way to write a table: whether it can state units and hold arrays, and the suffix of its files."""

    write: Write
    suffix: str
    has_units: bool = True
    has_arrays: bool = True


def _text(values: np.ndarray, row: int) -> str:
    value = values[row]
    return "[" + ", ".join(repr(float(item)) for item in value) + "]" if values.ndim == 2 else _single(value)


def _single(value: object) -> str:
    return (
        str(int(value))
        if isinstance(value, np.integer)
        else str(value)
        if isinstance(value, str)
        else repr(float(value))
    )


def _lines(columns: Columns, delimiter: str, spell=_text) -> list[str]:
    n = len(next(iter(columns.values())))
    quote = {True: '"{}"', False: "{}"}
    return [
        delimiter.join(quote[values.ndim == 2].format(spell(values, row)) for values in columns.values())
        for row in range(n)
    ]


def delimited(
    delimiter: str, *, units_in: str = "header", comma: bool = False, comment: str = "", pad: int = 1
) -> Write:
    """CSV and its relatives; units in the header ('ra [h]'), in a 'row' under it, with dashes ('vizier')."""

    def write(columns: Columns, units: dict[str, str]) -> bytes:
        names = list(columns)
        if units_in == "header":
            names = [f"{name} [{units[name]}]" if units.get(name) else name for name in names]
        if delimiter == " ":
            names = [f'"{name}"' if " " in name else name for name in names]
        join = delimiter * pad
        lines = [comment + join.join(names)]
        if units_in in ("row", "vizier"):
            lines.append(delimiter.join(units.get(name, "") for name in names))
        if units_in == "vizier":
            lines = [
                "#",
                "#RESOURCE=yCat_1355",
                "#Table\tI_355_gaiadr3:",
                "",
                *lines,
                delimiter.join("-" * 9 for _ in names),
            ]
        rows = _lines(columns, join)
        if comma:
            rows = [row.replace(".", ",") for row in rows]
        return "\n".join([*lines, *rows, ""]).encode()

    return write


def astropy_table(form: str, *, quantities: bool = False, **options) -> Write:
    """Anything that astropy.table writes; with quantities as a QTable, whose columns are mixins."""

    def write(columns: Columns, units: dict[str, str]) -> bytes:
        from astropy.table import QTable, Table

        kind = QTable if quantities else Table
        table = kind()
        for name, values in columns.items():
            table[name] = values
            if units.get(name):
                table[name].unit = units[name]
        if quantities:
            table = QTable(table)
            table.meta["observed"] = "2016-01-01"
        stream = io.StringIO() if form.startswith("ascii") else io.BytesIO()
        table.write(stream, format=form, **options)
        content = stream.getvalue()
        return content.encode() if isinstance(content, str) else content

    return write


def astropy_parquet(columns: Columns, units: dict[str, str]) -> bytes:
    """astropy's Parquet: units in the schema's `table_meta_yaml`."""
    import tempfile
    from pathlib import Path

    from astropy.table import Table

    table = Table(columns)
    for name, unit in units.items():
        table[name].unit = unit or None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        table.write(path, format="parquet")
        return path.read_bytes()


def arrow_parquet(columns: Columns, units: dict[str, str]) -> bytes:
    """PyArrow's Parquet: units in the fields' metadata."""
    arrays = {
        name: pa.array(list(values)) if values.ndim == 2 else pa.array(values) for name, values in columns.items()
    }
    fields = [
        pa.field(name, array.type, metadata={"unit": units[name]} if units.get(name) else None)
        for name, array in arrays.items()
    ]
    stream = io.BytesIO()
    pq.write_table(pa.table(list(arrays.values()), schema=pa.schema(fields)), stream)
    return stream.getvalue()


def nested_parquet(columns: Columns, units: dict[str, str]) -> bytes:
    """Arrays of a star in one nested column, as nested-pandas and HATS catalogues have them."""
    del units
    plain = {name: pa.array(values) for name, values in columns.items() if values.ndim == 1}
    lists = {name: pa.array(list(values)) for name, values in columns.items() if values.ndim == 2}
    if lists:
        plain["xp"] = pa.StructArray.from_arrays(list(lists.values()), list(lists))
    stream = io.BytesIO()
    pq.write_table(pa.table(plain), stream)
    return stream.getvalue()


def pandas_parquet(columns: Columns, units: dict[str, str]) -> bytes:
    """pandas' Parquet: units in DataFrame.attrs."""
    frame = pd.DataFrame({name: list(values) if values.ndim == 2 else values for name, values in columns.items()})
    frame.attrs["units"] = dict(units)
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


def records(*, lines: bool) -> Write:
    """JSON: a list of records, or one a line."""

    def write(columns: Columns, units: dict[str, str]) -> bytes:
        del units
        n = len(next(iter(columns.values())))
        rows = [{name: values[row].tolist() for name, values in columns.items()} for row in range(n)]
        return ("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)).encode()

    return write


LAYOUTS = {
    "CSV": Layout(delimited(","), ".csv"),
    "CSV, semicolons": Layout(delimited(";"), ".csv"),
    "CSV, tabs": Layout(delimited("\t"), ".tsv"),
    "CSV, row of units": Layout(delimited(",", units_in="row"), ".csv"),
    "decimal commas": Layout(delimited(";", comma=True), ".csv", has_arrays=False),
    "VizieR TSV": Layout(delimited("\t", units_in="vizier"), ".tsv", has_arrays=False),
    "blanks": Layout(delimited(" ", units_in="none"), ".txt", has_units=False),
    "commented header (TOPCAT ASCII)": Layout(
        delimited(" ", units_in="none", comment="# ", pad=3), ".txt", has_units=False
    ),
    "ECSV": Layout(astropy_table("ascii.ecsv"), ".ecsv"),
    "ECSV, commas": Layout(astropy_table("ascii.ecsv", delimiter=","), ".ecsv"),
    "ECSV of a QTable": Layout(astropy_table("ascii.ecsv", quantities=True), ".ecsv"),
    "FITS": Layout(astropy_table("fits"), ".fits"),
    "FITS of a QTable": Layout(astropy_table("fits", quantities=True), ".fits"),
    "VOTable": Layout(astropy_table("votable"), ".vot"),
    "VOTable, binary": Layout(astropy_table("votable", tabledata_format="binary2"), ".vot"),
    "IPAC": Layout(astropy_table("ascii.ipac"), ".tbl", has_arrays=False),
    "CDS / MRT": Layout(astropy_table("ascii.mrt"), ".mrt", has_arrays=False),
    "fixed width": Layout(astropy_table("ascii.fixed_width"), ".txt", has_units=False, has_arrays=False),
    "Parquet (astropy)": Layout(astropy_parquet, ".parquet"),
    "Parquet (PyArrow)": Layout(arrow_parquet, ".parquet"),
    "Parquet (pandas)": Layout(pandas_parquet, ".parquet"),
    "Parquet, nested": Layout(nested_parquet, ".parquet", has_units=False),
    "JSON records": Layout(records(lines=False), ".json", has_units=False),
    "JSON lines": Layout(records(lines=True), ".jsonl", has_units=False),
}
