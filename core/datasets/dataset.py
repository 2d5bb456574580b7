"""Data sets to browse: the table of all stars at hand, spectra read only for the rows that are asked for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import MissingColumnError
from core.spectra.grid import N_SAMPLES
from core.spectra.spectrum_set import SpectrumSet

UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class Dataset:
    """A set of stars, in memory (`spectra`) or in a Parquet file (`path`).

    Attributes
    ----------
    title, provenance : str
        Name, and where the stars come from, in one sentence.
    table : DataFrame of n_stars rows
        source_id and every column that is no array, in row order.
    key : str
        Differs between sets of the same title, so that results can be cached by it.
    """

    title: str
    provenance: str
    table: pd.DataFrame
    key: str
    path: Path | None = None
    spectra: SpectrumSet | None = None

    def __len__(self) -> int:
        return len(self.table)

    def read(self, rows: np.ndarray) -> SpectrumSet:
        """The spectra of the rows (index array) with errors and metadata, in the given order."""
        if self.spectra is not None:
            return self.spectra.take(rows)
        arrays = _read_rows(self.path, rows, ["flux", "flux_error"])
        metadata = self.table.iloc[rows].reset_index(drop=True)
        note = metadata.get("note", pd.Series("", index=metadata.index)).fillna("").to_numpy(dtype=object)
        return SpectrumSet(
            source_id=metadata["source_id"].to_numpy(dtype=np.int64),
            flux=arrays["flux"],
            flux_error=arrays.get("flux_error"),
            metadata=metadata.drop(columns=["source_id", "note"], errors="ignore"),
            note=note,
        )

    def flux(self, rows: np.ndarray) -> np.ndarray:
        """Flux of the rows (index array), float64 ndarray of shape (n_rows, 343)."""
        if self.spectra is not None:
            return self.spectra.flux[rows]
        return _read_rows(self.path, rows, ["flux"])["flux"]

    def rows_of(self, source_id: int) -> np.ndarray:
        """Row indices of a source id: one, none, or several where the set repeats it."""
        return np.flatnonzero(self.table["source_id"].to_numpy() == source_id)


def open_parquet(path: Path, title: str, provenance: str) -> Dataset:
    """Open a Parquet file of spectra; only its scalar columns are read.

    Raises
    ------
    MissingColumnError
        There is no source_id or no flux column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    for name in ("source_id", "flux"):
        if name not in schema.names:
            raise MissingColumnError(f"{path} has no column {name}; it has {', '.join(schema.names[:12])}")
    scalars = [field.name for field in schema if not pa.types.is_nested(field.type)]
    table = pq.read_table(path, columns=scalars).to_pandas()
    return Dataset(title, provenance, table, f"{path} {path.stat().st_mtime_ns}", path=path)


def from_spectra(spectra: SpectrumSet, title: str, provenance: str, key: str = "") -> Dataset:
    """A data set from spectra in memory; missing magnitudes are computed from the spectra."""
    table = spectra.metadata.copy()
    table.insert(0, "source_id", spectra.source_id)
    table["note"] = spectra.note
    return Dataset(title, provenance, _with_photometry(table, spectra.flux), key or title, spectra=spectra)


def labels_of(table: pd.DataFrame) -> pd.Series:
    """The class of each star, 'unlabelled' where there is none."""
    if "label" not in table:
        return pd.Series(UNLABELLED, index=table.index)
    return table["label"].astype(object).where(table["label"].notna(), UNLABELLED).astype(str)


def select_rows(
    table: pd.DataFrame,
    *,
    labels: list[str] | None = None,
    categories: list[str] | None = None,
    magnitude: tuple[float, float] | None = None,
    colour: tuple[float, float] | None = None,
) -> np.ndarray:
    """Row indices that fulfil every condition given; stars without a value fail a range condition.

    Parameters
    ----------
    labels, categories : list of str, optional
        Allowed values of the columns label and category; an empty list allows all.
    magnitude, colour : (low, high), optional
        Inclusive ranges of phot_g_mean_mag and bp_rp in mag.
    """
    keep = np.ones(len(table), dtype=bool)
    for column, allowed in (("label", labels), ("category", categories)):
        if allowed and column in table:
            keep &= table[column].isin(allowed).to_numpy()
    for column, limits in (("phot_g_mean_mag", magnitude), ("bp_rp", colour)):
        if limits is not None and column in table:
            keep &= table[column].between(*limits).to_numpy()
    return np.flatnonzero(keep)


def class_statistics(values: np.ndarray, labels: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and 16th and 84th percentile of each class.

    Parameters
    ----------
    values : ndarray of shape (n_stars, n_values)
        Represented spectra; rows with NaN are left out.
    labels : ndarray of shape (n_stars,)

    Returns
    -------
    dict of label to (mean of shape (n_values,), percentiles of shape (2, n_values)), classes without a star left out.
    """
    whole = np.isfinite(values).all(axis=1)
    statistics = {}
    for label in pd.unique(labels[whole]):
        members = values[whole & (labels == label)]
        statistics[str(label)] = (members.mean(axis=0), np.percentile(members, [16, 84], axis=0))
    return statistics


def _read_rows(path: Path | None, rows: np.ndarray, columns: list[str]) -> dict[str, np.ndarray]:
    """Array columns of some rows, (n_rows, 343) each; only the row groups that hold one of the rows are decoded."""
    import pyarrow.parquet as pq

    rows = np.asarray(rows, dtype=np.int64)
    found: dict[str, np.ndarray] = {}
    with pq.ParquetFile(path) as file:
        columns = [name for name in columns if name in file.schema_arrow.names]
        found = {name: np.empty((len(rows), N_SAMPLES)) for name in columns}
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            here = np.flatnonzero((rows >= first) & (rows < first + count))
            if len(here):
                table = file.read_row_group(group, columns=columns)
                for name in columns:
                    found[name][here] = _matrix(table[name].take(rows[here] - first))
            first += count
    return found


def _matrix(column) -> np.ndarray:
    """A pyarrow list column as (n, 343) float64; a null list becomes a row of NaN."""
    matrix = np.full((len(column), N_SAMPLES), np.nan)
    known = ~np.asarray(column.is_null())
    if known.any():
        values = column.drop_null().combine_chunks().flatten().to_numpy(zero_copy_only=False)
        matrix[known] = values.reshape(-1, N_SAMPLES)
    return matrix


def _with_photometry(table: pd.DataFrame, flux: np.ndarray) -> pd.DataFrame:
    if {"phot_g_mean_mag", "bp_rp"} <= set(table.columns):
        return table
    from core.spectra.photometry import synthetic_photometry

    g, bp, rp = synthetic_photometry(flux)
    return table.assign(
        phot_g_mean_mag=table.get("phot_g_mean_mag", pd.Series(g, index=table.index)),
        bp_rp=table.get("bp_rp", pd.Series(bp - rp, index=table.index)),
    )
