"""XP coefficients to sampled flux, its errors and its covariance, for whole tables at once.

The calibration is linear: flux = [bp | rp] @ M with the (110, 343) matrix M of `design_matrix`, which holds the
instrument model and the BP/RP join of GaiaXPy (models v375wi and v142r) on the grid of the archive's own sampled
spectra. Source: Montegriffo et al. 2023, A&A 674, A3; the arrays are derived from GaiaXPy by
`recipes.design_matrices`, and the tests hold every result against `gaiaxpy.calibrate`. Bases are never truncated.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.spectra.grid import N_COEFFICIENTS, N_CORRELATIONS, N_SAMPLES
from core.spectra.spectrum_set import Coefficients

DESIGN_PATH = Path(__file__).with_name("xp_design.npz")
_CHUNK_ROWS = 512  # packed covariances of one chunk and band: 6 MB, small enough for the cache


class _Band(NamedTuple):
    """One band's part of the design: `samples` is the slice of the grid that it covers, the arrays are cut to it."""

    samples: slice
    matrix: np.ndarray  # (55, n_covered), before the join
    weight: np.ndarray  # (n_covered,), join weight
    packed: np.ndarray  # (1540, n_covered): products of matrix rows, 55 squares, then the pairs in archive order


@cache
def _bands() -> dict[str, _Band]:
    with np.load(DESIGN_PATH) as design:
        arrays = {name: design[name] for name in ("bp", "rp", "bp_weight", "rp_weight")}
    return {name: _band(arrays[name], arrays[f"{name}_weight"]) for name in ("bp", "rp")}


def _band(matrix: np.ndarray, weight: np.ndarray) -> _Band:
    covered = np.flatnonzero(weight > 0)
    samples = slice(int(covered[0]), int(covered[-1]) + 1)
    matrix, weight = np.ascontiguousarray(matrix[:, samples]), weight[samples]
    larger, smaller = np.tril_indices(N_COEFFICIENTS, k=-1)
    packed = np.concatenate([matrix**2, 2.0 * matrix[larger] * matrix[smaller]])
    for array in (matrix, weight, packed):
        array.setflags(write=False)
    return _Band(samples, matrix, weight, packed)


@cache
def design_matrix() -> np.ndarray:
    """M with flux = [bp | rp] @ M: float64 ndarray of shape (110, 343), W m^-2 nm^-1 per coefficient; read-only.

    >>> from core.spectra.calibration import design_matrix
    >>> design_matrix().shape
    (110, 343)
    """
    matrix = np.zeros((2 * N_COEFFICIENTS, N_SAMPLES))
    for first_row, band in zip((0, N_COEFFICIENTS), _bands().values(), strict=True):
        matrix[first_row : first_row + N_COEFFICIENTS, band.samples] = band.matrix * band.weight
    matrix.setflags(write=False)
    return matrix


def calibrate(coefficients: Coefficients, *, with_errors: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
    """Sampled flux and flux error of every star.

    Equal to `gaiaxpy.calibrate(sampling=WAVELENGTH_NM, truncation=False)` where that gives both. A star without one
    band has NaN in the range that only the missing band covers, as there. Unlike there, a star without errors or
    correlations still has its flux, with NaN errors (`error_note` says which part is missing), and errors need no
    standard deviation, which cancels (GaiaXPy divides the covariance by its square and multiplies the errors by it).

    Returns
    -------
    flux : float64 ndarray of shape (n_stars, 343), W m^-2 nm^-1
    flux_error : float64 ndarray of shape (n_stars, 343), same unit, or None
        None when not asked for, or when no star of the table has errors and correlations.
    """
    flux = np.concatenate([coefficients.bp, coefficients.rp], axis=1, dtype=np.float64) @ design_matrix()
    present = _present(coefficients)
    for name in ("bp", "rp"):
        alone = present[name] & ~present["rp" if name == "bp" else "bp"]
        if alone.any():
            band = _bands()[name]
            flux[alone] = np.nan
            flux[alone, band.samples] = getattr(coefficients, name)[alone] @ band.matrix
    if not with_errors or not _has_covariance(coefficients).any():
        return flux, None
    return flux, _flux_error(coefficients, present)


def _present(coefficients: Coefficients) -> dict[str, np.ndarray]:
    """Which stars have which band at all: boolean ndarrays of shape (n_stars,)."""
    return {name: ~np.isnan(getattr(coefficients, name)).all(axis=1) for name in ("bp", "rp")}


def _known(values: np.ndarray | None, n_stars: int) -> np.ndarray:
    # The first and last entry decide: the archive delivers a vector whole or not at all, and NaN inside one
    # spreads to the result by itself.
    return np.zeros(n_stars, dtype=bool) if values is None else np.isfinite(values[:, 0]) & np.isfinite(values[:, -1])


def _has_covariance(coefficients: Coefficients) -> np.ndarray:
    """Stars whose every present band has errors and correlations: boolean ndarray of shape (n_stars,)."""
    present = _present(coefficients)
    usable = present["bp"] | present["rp"]
    for name in ("bp", "rp"):
        known = _known(getattr(coefficients, f"{name}_error"), len(coefficients))
        known &= _known(getattr(coefficients, f"{name}_correlation"), len(coefficients))
        usable &= known | ~present[name]
    return usable


def error_note(coefficients: Coefficients) -> np.ndarray:
    """Why a star has no flux errors: object ndarray of shape (n_stars,), '' where it has them.

    It describes the product, not a defect: a spectrum without errors is classified like any other.
    """
    note = np.full(len(coefficients), "", dtype=object)
    missing = {"correlation": "no flux errors: no correlations", "error": "no flux errors: no coefficient errors"}
    present = _present(coefficients)
    for part, text in missing.items():
        for name in ("bp", "rp"):
            known = _known(getattr(coefficients, f"{name}_{part}"), len(coefficients))
            note[present[name] & ~known] = text
    return note


def _flux_error(coefficients: Coefficients, present: dict[str, np.ndarray]) -> np.ndarray:
    flux_error = np.full((len(coefficients), N_SAMPLES), np.nan)
    rows = np.flatnonzero(_has_covariance(coefficients))
    both = present["bp"] & present["rp"]
    for start in range(0, len(rows), _CHUNK_ROWS):
        chunk = rows[start : start + _CHUNK_ROWS]
        flux_error[chunk] = np.sqrt(_joined_variance(coefficients.take(chunk), both[chunk]))
    for name in ("bp", "rp"):
        alone = np.intersect1d(rows, np.flatnonzero(present[name] & ~both))
        if len(alone):
            band = _bands()[name]
            variance = _band_variance(coefficients.take(alone), name)
            flux_error[alone] = np.nan
            flux_error[alone, band.samples] = np.sqrt(variance)
    return flux_error


def _joined_variance(coefficients: Coefficients, both: np.ndarray) -> np.ndarray:
    variance = np.zeros((len(coefficients), N_SAMPLES))
    for name, band in _bands().items():
        variance[both, band.samples] += _band_variance(coefficients.take(both), name) * band.weight**2
    return variance


def _band_variance(coefficients: Coefficients, name: str) -> np.ndarray:
    """Variance of one band's spectrum before the join: (n_stars, n_covered).

    The diagonal of M^T C M is linear in C, hence one matrix product of the packed triangle of C with the products of
    M's rows: this is what makes whole tables fast.
    """
    covariance = pack_covariance(getattr(coefficients, f"{name}_error"), getattr(coefficients, f"{name}_correlation"))
    return covariance @ _bands()[name].packed


def pack_covariance(error: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Variances (55) and covariances (1485, archive order) of one band's coefficients: float64 (n_stars, 1540)."""
    error = np.asarray(error, dtype=np.float64)
    packed = np.empty((len(error), N_COEFFICIENTS + N_CORRELATIONS))
    np.square(error, out=packed[:, :N_COEFFICIENTS])
    start = 0
    for column in range(1, N_COEFFICIENTS):  # archive order: upper triangle, column by column
        pairs = packed[:, N_COEFFICIENTS + start : N_COEFFICIENTS + start + column]
        np.multiply(correlation[:, start : start + column], error[:, :column], out=pairs)
        pairs *= error[:, column, None]
        start += column
    return packed


def coefficient_covariance(error: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Covariance matrices of one band's coefficients, float64 ndarray of shape (n_stars, 55, 55).

    `error` (n_stars, 55) and packed `correlation` (n_stars, 1485) are those of `Coefficients`.
    """
    packed = pack_covariance(error, correlation)
    covariance = np.empty((len(packed), N_COEFFICIENTS, N_COEFFICIENTS))
    diagonal = np.arange(N_COEFFICIENTS)
    larger, smaller = np.tril_indices(N_COEFFICIENTS, k=-1)
    covariance[:, diagonal, diagonal] = packed[:, :N_COEFFICIENTS]
    covariance[:, larger, smaller] = covariance[:, smaller, larger] = packed[:, N_COEFFICIENTS:]
    return covariance


def flux_covariance(coefficients: Coefficients) -> np.ndarray:
    """Covariance of the sampled flux, float64 ndarray of shape (n_stars, 343, 343), (W m^-2 nm^-1)^2; for few stars.

    M^T C M with BP and RP independent of each other; symmetric and positive semidefinite. In the BP/RP join this
    weights a pair of samples by w_i w_j; GaiaXPy's `with_correlation` weights it by w_i alone and is asymmetric there.
    The square roots of the diagonal are the errors of `calibrate`. Needs errors, correlations and both bands; NaN for a
    star that lacks any of them.
    """
    complete = _has_covariance(coefficients) & np.logical_and(*_present(coefficients).values())
    result = np.full((len(coefficients), N_SAMPLES, N_SAMPLES), np.nan)
    if not complete.any():
        return result
    chosen = coefficients.take(complete)
    total = np.zeros((len(chosen), N_SAMPLES, N_SAMPLES))
    for first_row, name in ((0, "bp"), (N_COEFFICIENTS, "rp")):
        matrix = design_matrix()[first_row : first_row + N_COEFFICIENTS]
        error, correlation = getattr(chosen, f"{name}_error"), getattr(chosen, f"{name}_correlation")
        total += matrix.T @ coefficient_covariance(error, correlation) @ matrix
    result[complete] = 0.5 * (total + total.transpose(0, 2, 1))
    return result
