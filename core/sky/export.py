"""Tables of stars as files that astronomers' tools open: with units, UCDs, descriptions, and how they were made."""

import io
import json
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.gaia.described import described
from core.spreadsheet import defused

FORMATS = {"CSV": ".csv", "Parquet": ".parquet", "FITS": ".fits", "VOTable": ".vot"}
ALL_FORMATS = FORMATS | {"ECSV": ".ecsv"}
_PARQUET_ABOUT = b"explorer"


def table_bytes(table: pd.DataFrame, suffix: str, about: Mapping[str, str] | None = None) -> bytes:
    """`table` as a file of one of `ALL_FORMATS` (UsageError for another suffix).

    Parameters
    ----------
    table : DataFrame
        Columns under Gaia's and this program's names: units, UCDs and descriptions follow from them.
    suffix : str
    about : mapping of str to str, or None
        What the file says of itself (run, prevalence ...): PARAMs of a VOTable, keywords of a FITS header, meta of
        ECSV, metadata of Parquet. CSV has no place for it.
    """
    if suffix == ".csv":
        return defused(table).to_csv(index=False).encode()
    if suffix == ".parquet":
        return _parquet(table, about or {})
    if suffix not in ALL_FORMATS.values():
        raise UsageError(f"tables are not written as {suffix!r}; choose one of {', '.join(ALL_FORMATS.values())}")
    result = astropy_table(table, about)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about units and text lengths
        if suffix == ".vot":
            return votable_bytes(result)
        if suffix == ".ecsv":
            text = io.StringIO()
            result.write(text, format="ascii.ecsv", delimiter=",")
            return text.getvalue().encode()
        stream = io.BytesIO()
        result.meta = {_keyword(name): _ascii(value) for name, value in result.meta.items()}
        for name in result.colnames:  # FITS knows ASCII alone
            if result[name].dtype.kind == "U":
                result[name] = [_ascii(text) for text in result[name]]
        result.write(stream, format="fits")
    return stream.getvalue()


def astropy_table(table: pd.DataFrame, about: Mapping[str, str] | None = None):
    """`table` as an astropy Table with units, UCDs (in the columns' meta) and descriptions; `about` is its meta."""
    from astropy.table import Column, MaskedColumn, Table

    result = Table(meta=dict(about or {}))
    for name in map(str, table.columns):
        known = described(name)
        values = _values(table[name])
        kind = MaskedColumn if isinstance(values, np.ma.MaskedArray) else Column
        meta = {"ucd": known.ucd} if known.ucd else {}
        result[name] = kind(values, description=known.text or None, meta=meta)
        if known.unit:
            result[name].unit = known.unit
    return result


def votable_bytes(table) -> bytes:
    """An astropy Table as VOTable: `meta['ucd']` of a column as its UCD, the table's meta as PARAMs."""
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Param

    about, table.meta = dict(table.meta), {}
    file = from_table(table)
    first = file.get_first_table()
    for field in first.fields:
        if ucd := table[field.name].meta.get("ucd"):
            field.ucd = ucd
    for name, value in about.items():
        text = str(value)
        first.params.append(
            Param(file, name=name, ID=name, datatype="char", arraysize=str(max(len(text), 1)), value=text)
        )
    stream = io.BytesIO()
    file.to_xml(stream, tabledata_format="tabledata")
    return stream.getvalue()


def _values(column: pd.Series):
    """Values that every format writes: unknown booleans and integers masked, text as text."""
    if pd.api.types.is_bool_dtype(column):
        missing = column.isna().to_numpy(bool)
        values = column.fillna(False).to_numpy(bool)
        return np.ma.MaskedArray(values.astype(np.uint8), missing) if missing.any() else values
    if pd.api.types.is_integer_dtype(column) and column.isna().any():
        return np.ma.MaskedArray(column.fillna(0).to_numpy(np.int64), column.isna().to_numpy(bool))
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=None if not pd.api.types.is_extension_array_dtype(column) else np.float64)
    return column.astype(object).where(column.notna(), "").astype(str).to_list()


def _ascii(text: object) -> str:
    return str(text).encode("ascii", "backslashreplace").decode()


def _keyword(name: str) -> str:
    """A FITS keyword has eight letters; longer ones are HIERARCH.

    >>> _keyword("run"), _keyword("explorer_version")
    ('RUN', 'HIERARCH explorer_version')
    """
    return name.upper() if len(name) <= 8 else f"HIERARCH {name}"


def _parquet(table: pd.DataFrame, about: Mapping[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = []
    for item in arrow.schema:
        known = described(item.name)
        told = {"unit": known.unit, "ucd": known.ucd, "description": known.text}
        fields.append(item.with_metadata({key: value for key, value in told.items() if value}))
    metadata = dict(arrow.schema.metadata or {})
    if about:
        metadata[_PARQUET_ABOUT] = json.dumps(dict(about)).encode()
    stream = io.BytesIO()
    pq.write_table(arrow.cast(pa.schema(fields, metadata=metadata)), stream, compression="zstd")
    return stream.getvalue()
