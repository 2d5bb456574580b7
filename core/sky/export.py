"""Tables of members as files that astronomers' tools open."""

import io
import warnings

import pandas as pd

from core.errors import UsageError
from core.spreadsheet import defused

FORMATS = {"CSV": ".csv", "Parquet": ".parquet", "FITS": ".fits", "VOTable": ".vot"}


def table_bytes(table: pd.DataFrame, suffix: str) -> bytes:
    """`table` as a file of one of `FORMATS` (UsageError for another suffix)."""
    if suffix == ".csv":
        return defused(table).to_csv(index=False).encode()
    stream = io.BytesIO()
    if suffix == ".parquet":
        table.to_parquet(stream, index=False)
        return stream.getvalue()
    if suffix not in FORMATS.values():
        raise UsageError(f"tables are not written as {suffix!r}; choose one of {', '.join(FORMATS.values())}")
    from astropy.table import Table

    columns = {
        str(name): table[name].fillna("").astype(str).to_list() if _is_text(table[name]) else table[name].to_numpy()
        for name in table.columns
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about units and text lengths
        Table(columns).write(stream, format="votable" if suffix == ".vot" else "fits")
    return stream.getvalue()


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
