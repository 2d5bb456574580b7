"""XP_CONTINUOUS columns to Coefficients, and the flux that is calibrated from them."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import CalibrationError, ReadError, SampleCountError
from core.gaia.releases import DEFAULT, Release
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.arrays import flat_lists, is_list, is_text, matrix, single_array
from core.spectra.readers.batch import BANDS, COEFFICIENT_COLUMNS, Batch
from core.spectra.readers.data_release import wrong_count
from core.spectra.spectrum_set import Coefficients


def read_coefficients(
    batch: Batch, problems: dict[int, ReadError], with_errors: bool, release: Release = DEFAULT
) -> Coefficients | None:
    """Coefficients of every row (NaN where missing), or None if the table has none.

    Rows with another number of coefficients than the release has get a SampleCountError in `problems`, unless they have
    a sampled flux to go by.
    """
    names = batch.table.column_names
    if not all(name in names for name in COEFFICIENT_COLUMNS):
        return None
    found: dict[str, np.ndarray | None] = {}
    for band, width in zip(BANDS, release.n_coefficients, strict=True):
        values, counts = matrix(single_array(batch.table, f"{band}_coefficients"), width)
        if "flux" not in names:
            for row in np.flatnonzero((counts != width) & (counts > 0) | (counts == -2)):
                problems.setdefault(int(row), _count_problem(band, int(counts[row]), release))
        found[band] = values
        found[f"{band}_error"] = _optional(batch, f"{band}_coefficient_errors", width, with_errors)
        found[f"{band}_correlation"] = _correlations(batch, f"{band}_coefficient_correlations", width, with_errors)
        for name in ("standard_deviation", "n_relevant_bases"):
            found[f"{band}_{name}"] = _scalars(batch, f"{band}_{name}")
    return Coefficients(**found)  # type: ignore[arg-type]


def attach_flux(
    flux: np.ndarray | None,
    flux_error: np.ndarray | None,
    coefficients: Coefficients | None,
    metadata: pd.DataFrame,
    with_errors: bool,
    prefer: str,
    release: Release = DEFAULT,
    problems: Mapping[int, ReadError] = MappingProxyType({}),
) -> tuple[np.ndarray, np.ndarray | None, dict[int, str]]:
    """Flux and error of every row, calibrated where there is no sampled flux (or where coefficients are preferred).

    Returns
    -------
    flux : float64 ndarray of shape (n, 343)
    flux_error : float64 ndarray of shape (n, 343) or None
    notes : dict of row number to text
        Rows that lack a band. That errors are unknown goes to the column `error_note` of `metadata`, which is changed
        in place: it is no obstacle to a verdict.
    """
    if coefficients is None:
        assert flux is not None
        return flux, flux_error, {}
    n = len(coefficients)
    whole = {band: np.isfinite(getattr(coefficients, band)).all(axis=1) for band in BANDS}
    any_band = ~np.isnan(coefficients.bp).all(axis=1) | ~np.isnan(coefficients.rp).all(axis=1)
    if flux is None or prefer == "continuous":
        flux, flux_error = np.full((n, N_SAMPLES), np.nan), None
    rows = any_band & np.isnan(flux).all(axis=1)
    if rows.any():
        from core.spectra.calibration import calibrate, error_note

        chosen = coefficients.take(rows)
        try:
            flux[rows], error = calibrate(chosen, with_errors=with_errors, release=release.key)
        except CalibrationError as refusal:
            if np.isnan(flux).all() and not set(np.flatnonzero(rows).tolist()) <= set(problems):
                raise
            return flux, flux_error, {int(row): str(refusal) for row in np.flatnonzero(rows)}
        if error is not None:
            flux_error = np.full((n, N_SAMPLES), np.nan) if flux_error is None else flux_error
            flux_error[rows] = error
        text = np.full(n, "", dtype=object)
        text[rows] = error_note(chosen)
        if with_errors and (text != "").any():
            metadata["error_note"] = text
    notes = {}
    calibrated = rows | ~any_band & np.isnan(flux).all(axis=1)
    for row in np.flatnonzero(calibrated & ~(whole["bp"] & whole["rp"])):
        lacking = [_lack(band, getattr(coefficients, band)[row]) for band in BANDS if not whole[band][row]]
        notes[int(row)] = "; ".join(lacking)
    return flux, flux_error, notes


def _lack(band: str, values: np.ndarray) -> str:
    missing = int(np.sum(~np.isfinite(values)))
    if missing == len(values):
        return f"the {band.upper()} band is missing"
    return f"{missing} of {len(values)} {band.upper()} coefficients are missing (NaN)"


def _count_problem(band: str, count: int, release: Release) -> ReadError:
    if count == -2:
        return SampleCountError(f"{band}_coefficients is no complete list of numbers (the file may be truncated)")
    return SampleCountError(wrong_count(band, count, release))


def _optional(batch: Batch, name: str, width: int, wanted: bool) -> np.ndarray | None:
    if not wanted or name not in batch.table.column_names:
        return None
    values, _ = matrix(single_array(batch.table, name), width)
    return None if np.isnan(values).all() else values


def _correlations(batch: Batch, name: str, n: int, wanted: bool) -> np.ndarray | None:
    """Correlations as the archive delivers them; GaiaXPy's other two layouts (with diagonal, full matrix) as well."""
    if not wanted or name not in batch.table.column_names:
        return None
    column = single_array(batch.table, name)
    if not (is_list(column.type) or is_text(column.type)):
        return None
    values, counts = matrix(column, n * (n - 1) // 2)
    lower = np.tril_indices(n, -1)
    with_diagonal = n * (n + 1) // 2
    for width in (with_diagonal, n**2):
        rows = np.flatnonzero(counts == width)
        if len(rows):
            flat, _ = flat_lists(column.take(pa.array(rows)))
            square = np.zeros((len(rows), n, n))
            where = np.tril_indices(n) if width == with_diagonal else np.indices(square.shape[1:])
            square[:, where[0].ravel(), where[1].ravel()] = flat.reshape(len(rows), width)
            values[rows] = square[:, lower[0], lower[1]]
    return None if np.isnan(values).all() else values.astype(np.float32)


def _scalars(batch: Batch, name: str) -> np.ndarray | None:
    if name not in batch.table.column_names:
        return None
    column = single_array(batch.table, name)
    if is_text(column.type):
        values = pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(np.float64)
    elif pa.types.is_null(column.type):
        return None
    else:
        values = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return None if np.isnan(values).all() else values
