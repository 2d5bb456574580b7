"""An Arrow table as FITS, ECSV or VOTable, with units, UCDs and descriptions of its columns."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.gaia.described import described
from core.gaia.units import is_unit, unit_text


def write_astropy(table: pa.Table, path: Path, suffix: str) -> None:
    """Write a table whose fields' metadata may hold `unit` and `description`; `suffix` names the format."""
    from astropy.table import Table

    result = Table()
    for name in table.column_names:
        result[name] = _astropy_values(table[name].combine_chunks())
        stored = table.schema.field(name).metadata or {}
        unit = stored.get(b"unit", b"").decode()
        if unit and is_unit(unit):
            result[name].unit = unit_text(unit)
        known = described(name)
        text = stored.get(b"description", b"").decode() or known.text
        if suffix == ".fits":  # a FITS keyword holds 68 printable ASCII characters
            text = text.encode("ascii", "replace").decode()[:68]
        result[name].description = text or None
        result[name].info.meta = {"ucd": known.ucd} if known.ucd else None
    if suffix == ".fits":
        _write_fits(result, path)
    elif suffix == ".ecsv":
        result.write(path, overwrite=True, format="ascii.ecsv", delimiter=",")
    else:
        _write_votable(result, path)


def _write_fits(table, path: Path) -> None:
    """As astropy writes it, with descriptions as TCOMM (FITS standard 4.0, 7.3.4), which astropy leaves out."""
    from astropy.io import fits

    hdu = fits.table_to_hdu(table)
    for number, name in enumerate(table.colnames, 1):
        if text := table[name].description:
            hdu.header[f"TCOMM{number}"] = text
    hdu.writeto(path, overwrite=True)


def _write_votable(table, path: Path) -> None:
    from astropy.io.votable import from_table

    file = from_table(table)
    for field in file.get_first_table().fields:
        if ucd := described(field.name).ucd:
            field.ucd = ucd
    file.to_xml(str(path), tabledata_format="binary2")


def _astropy_values(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_list(column.type):
        from core.spectra.readers.arrays import matrix

        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        lengths = pc.list_value_length(array)
        width = pc.max(lengths).as_py() or 1
        values, _ = matrix(array, width)
        return values.astype(array.type.value_type.to_pandas_dtype())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array([(text or "").encode("ascii", "backslashreplace").decode() for text in column.to_pylist()])
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        mask = pc.is_null(column).to_numpy(zero_copy_only=False)
        values = pc.fill_null(column, False if pa.types.is_boolean(column.type) else 0)
        values = values.to_numpy(zero_copy_only=False)
        return np.ma.MaskedArray(values, mask) if mask.any() else values
    if pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False)
    return np.array(["" if value is None else str(value) for value in column.to_pylist()])
