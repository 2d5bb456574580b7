"""Writers of XP spectra: Parquet, CSV, FITS, VOTable and ECSV that TOPCAT, astropy and the readers open."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.errors import UnsupportedFormatError
from core.gaia.releases import find_release
from core.spectra.astropy_writers import write_astropy
from core.spectra.grid import FLUX_UNIT
from core.spectra.readers.data_release import RELEASE_COLUMN, RELEASE_FIELD
from core.spectra.spectrum_set import Coefficients, SpectrumSet, require_one_release
from core.spreadsheet import defused_arrow

WRITTEN_SUFFIXES = (".parquet", ".csv", ".ecsv", ".fits", ".vot", ".xml")
_UNITS = {
    "flux": FLUX_UNIT,
    "flux_error": FLUX_UNIT,
    "ra": "deg",
    "dec": "deg",
    "parallax": "mas",
    "parallax_error": "mas",
    "pmra": "mas yr-1",
    "pmdec": "mas yr-1",
    "pmra_error": "mas yr-1",
    "pmdec_error": "mas yr-1",
    "phot_g_mean_mag": "mag",
    "phot_bp_mean_mag": "mag",
    "phot_rp_mean_mag": "mag",
    "bp_rp": "mag",
}


def write_spectra(spectra: SpectrumSet, path: str | os.PathLike, *, dtype: str = "float64") -> None:
    """Write a set to a file whose suffix names the format; the file appears whole or not at all.

    Parameters
    ----------
    spectra : SpectrumSet
    path : path ending in .parquet, .csv, .ecsv, .fits, .vot or .xml (both VOTable)
    dtype : 'float64' or 'float32'
        Of flux and flux errors; float32 keeps 7 digits, as the archive does, in half the space.

    Raises
    ------
    UnsupportedFormatError
        Another suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN_SUFFIXES:
        raise UnsupportedFormatError(f"cannot write {path}: expected a name ending in {', '.join(WRITTEN_SUFFIXES)}")
    table = to_arrow(spectra, dtype=dtype)
    with atomic_path(path) as beside:
        if suffix == ".parquet":
            pq.write_table(table, beside, compression="zstd")
            return
        # these formats keep no metadata that every program carries on: a column tells whose ids they are
        name = find_release(spectra.release).name
        table = table.append_column(RELEASE_COLUMN, pa.array([name] * len(spectra), pa.string()))
        if suffix == ".csv":
            arrow_csv.write_csv(_with_text_arrays(defused_arrow(table)), beside)
        else:
            write_astropy(table, beside, suffix)


class ParquetWriter(AbstractContextManager):
    """Writes sets one after the other to one Parquet file that appears when all are written.

    The first set decides the columns; a later set's missing columns become null, its further columns are left out.

    >>> with ParquetWriter("out.parquet") as writer:  # doctest: +SKIP
    ...     for part in iter_spectra("in.csv"):
    ...         writer.write(part)
    """

    def __init__(
        self, path: str | os.PathLike, *, dtype: str = "float64", columns: Sequence[str] | None = None
    ) -> None:
        self._path = path
        self._open = ExitStack()
        self._dtype = dtype
        self._columns = columns
        self._writer: pq.ParquetWriter | None = None
        self._release = ""
        self.n_rows = 0

    def __enter__(self) -> "ParquetWriter":
        self._beside = self._open.enter_context(atomic_path(self._path))
        self._open.callback(self._close)  # what goes wrong in closing must undo the file, too
        return self

    def write(self, spectra: SpectrumSet) -> None:
        """Append the rows of a set."""
        self._release = self._release or spectra.release
        require_one_release([self._release, spectra.release], str(self._path))
        table = to_arrow(spectra, dtype=self._dtype)
        if self._columns is not None:
            table = table.select([name for name in table.column_names if name in self._columns])
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._beside, _open_ended(table.schema), compression="zstd")
        unfit = [item.name for item in self._writer.schema if not _fits(table, item)]
        if unfit:
            self._writer = self._with_other_types(
                {name: _common_type(self._writer.schema, table, name) for name in unfit}
            )
        self._writer.write_table(_fitted(table, self._writer.schema))
        self.n_rows += len(spectra)

    def _with_other_types(self, types: dict[str, pa.DataType]) -> pq.ParquetWriter:
        """Begin again with the columns in types that hold what came so far and what comes now, all rows included."""
        assert self._writer is not None
        self._writer.close()
        before = self._beside.with_name(f"{self._beside.name}.before")
        os.replace(self._beside, before)
        try:
            items = [item.with_type(types.get(item.name, item.type)) for item in self._writer.schema]
            schema = pa.schema(items, metadata=self._writer.schema.metadata)
            writer = pq.ParquetWriter(self._beside, schema, compression="zstd")
            for rows in pq.ParquetFile(before).iter_batches():
                writer.write_table(_fitted(pa.Table.from_batches([rows]), schema))
        finally:
            before.unlink()
        return writer

    def __exit__(self, kind, error, trace) -> bool | None:
        return self._open.__exit__(kind, error, trace)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def to_arrow(spectra: SpectrumSet, *, dtype: str = "float64") -> pa.Table:
    """The set as an Arrow table: source_id, lists of flux, flux_error and coefficients, metadata columns, note.

    Rows without any known value (flux errors of a star that has none) are null lists.
    """
    columns: dict[str, pa.Array] = {"source_id": pa.array(spectra.source_id)}
    columns["flux"] = _lists(spectra.flux.astype(dtype))
    if spectra.flux_error is not None:
        columns["flux_error"] = _lists(spectra.flux_error.astype(dtype))
    if spectra.coefficients is not None:
        columns |= _coefficient_columns(spectra.coefficients)
    for name in spectra.metadata.columns:
        if name not in columns and name != "note":
            columns[str(name)] = _metadata_array(spectra.metadata[name])
    columns["note"] = pa.array([str(text) for text in spectra.note], pa.string())
    units = {**spectra.metadata.attrs.get("units", {}), **_UNITS}
    said = spectra.metadata.attrs.get("descriptions", {})
    items = []
    for name, array in columns.items():
        facts = {key: known[name] for key, known in (("unit", units), ("description", said)) if known.get(name)}
        items.append(pa.field(name, array.type, metadata=facts or None))
    release = {RELEASE_FIELD: spectra.release}
    return pa.table(list(columns.values()), schema=pa.schema(items, metadata=release))


def _coefficient_columns(coefficients: Coefficients) -> dict[str, pa.Array]:
    suffixes = {"bp": "coefficients", "error": "coefficient_errors", "correlation": "coefficient_correlations"}
    columns = {}
    for item in fields(Coefficients):
        values = getattr(coefficients, item.name)
        if values is None:
            continue
        band, _, quantity = item.name.partition("_")
        name = f"{band}_{suffixes.get(quantity or 'bp', quantity)}"
        columns[name] = _lists(values) if values.ndim == 2 else pa.array(values, from_pandas=True)
    return columns


def _lists(values: np.ndarray) -> pa.Array:
    """Rows of a matrix as lists; rows of NaN alone are null."""
    empty = np.isnan(values).all(axis=1)
    lengths = np.where(empty, 0, values.shape[1])
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    flat = values[~empty].ravel()
    return pa.ListArray.from_arrays(offsets, pa.array(flat), mask=pa.array(empty))


def _metadata_array(column: pd.Series) -> pa.Array:
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if pd.isna(value) else str(value) for value in column], pa.string())


def _common_type(schema: pa.Schema, table: pa.Table, name: str) -> pa.DataType:
    """A type for whole numbers so far and others now is float64, for numbers and words text."""
    numeric = (pa.types.is_integer, pa.types.is_floating)
    kinds = (schema.field(name).type, table.schema.field(name).type)
    return pa.float64() if all(any(test(kind) for test in numeric) for kind in kinds) else pa.string()


def _open_ended(schema: pa.Schema) -> pa.Schema:
    """A column that is empty in the first set may hold text later: text takes anything."""
    items = [item.with_type(pa.string()) if pa.types.is_null(item.type) else item for item in schema]
    return pa.schema(items, metadata=schema.metadata)


def _fits(table: pa.Table, item: pa.Field) -> bool:
    if item.name not in table.column_names:
        return True
    try:
        table[item.name].cast(item.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for item in schema:
        if item.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, item.type))
        else:
            columns.append(table[item.name].cast(item.type))
    return pa.table(columns, schema=schema)


def _with_text_arrays(table: pa.Table) -> pa.Table:
    """Lists as '(1.0, 2.0)', the way in which the archive and GaiaXPy write them in CSV."""
    for place, name in enumerate(table.column_names):
        if pa.types.is_list(table[name].type):
            column = table[name].combine_chunks()
            column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
            numbers = pc.cast(column.flatten(), pa.string())
            lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
            offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
            lists = pa.ListArray.from_arrays(offsets, numbers, mask=pc.is_null(column))
            text = pc.binary_join_element_wise("(", pc.binary_join(lists, ", "), ")", "")
            table = table.set_column(place, name, text)
    return table
