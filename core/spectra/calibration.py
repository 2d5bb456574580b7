"""XP coefficients to sampled flux, its errors and its covariance, for whole tables at once.

The calibration is linear: flux = [bp | rp] @ M with the matrix M of `design_matrix`, (110, 343) for DR3, which holds
the instrument model and the BP/RP join of GaiaXPy (DR3: models v375wi and v142r) on the grid of the archive's own
sampled spectra. Source: Montegriffo et al. 2023, A&A 674, A3; the arrays are derived from GaiaXPy by
`core.spectra.design_recipe`, and the tests hold every result against `gaiaxpy.calibrate`. Bases are never truncated.

DR3's matrices are shipped; another release's are made on this machine from its own GaiaXPy and kept in the cache.
"""

import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.errors import CalibrationError
from core.gaia.releases import DEFAULT, find_release
from core.settings import current_settings
from core.spectra.grid import N_SAMPLES
from core.spectra.spectrum_set import Coefficients

DESIGN_PATH = Path(__file__).with_name("xp_design.npz")
_CHUNK_ROWS = 512  # packed covariances of one chunk and band: 6 MB, small enough for the cache


class _Band(NamedTuple):
    """One band's part of the design: `samples` is the slice of the grid that it covers, the arrays are cut to it."""

    samples: slice
    matrix: np.ndarray  # (n_coefficients, n_covered), before the join
    weight: np.ndarray  # (n_covered,), join weight
    packed: (
        np.ndarray
    )  # (n (n + 1) / 2, n_covered): products of matrix rows, squares first, then pairs in archive order


def design_path(release: str = DEFAULT.key) -> Path:
    """File of a release's matrices: the shipped one, or its place in the cache of this machine."""
    return DESIGN_PATH if release == DEFAULT.key else current_settings().cache_dir / "releases" / release / "design.npz"


def is_calibrated(release: str) -> bool:
    """Whether coefficients of a release can be calibrated on this machine."""
    return design_path(release).is_file()


def _bands(release: str = DEFAULT.key) -> dict[str, _Band]:
    path = design_path(release)
    try:
        return _bands_of(path, 0 if release == DEFAULT.key else path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        name = find_release(release).name
        raise CalibrationError(
            f"{name} XP coefficients cannot be calibrated here: there is no calibration of {name} on this machine. "
            f"Install the GaiaXPy for {name} (if it is published) and run `python -m core archive --calibrate "
            f"--release {release}`, or fetch the sampled spectra, which are read without it"
        ) from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CalibrationError(
            f"{path} is damaged ({error}); delete it and make it again by `python -m core archive --calibrate "
            f"--release {release}`"
        ) from error


@lru_cache(maxsize=8)
def _bands_of(path: Path, _: int) -> dict[str, _Band]:
    with np.load(path) as design:
        arrays = {name: design[name] for name in ("bp", "rp", "bp_weight", "rp_weight")}
    return {name: _band(arrays[name], arrays[f"{name}_weight"]) for name in ("bp", "rp")}


def _band(matrix: np.ndarray, weight: np.ndarray) -> _Band:
    covered = np.flatnonzero(weight > 0)
    samples = slice(int(covered[0]), int(covered[-1]) + 1)
    matrix, weight = np.ascontiguousarray(matrix[:, samples]), weight[samples]
    larger, smaller = np.tril_indices(len(matrix), k=-1)
    packed = np.concatenate([matrix**2, 2.0 * matrix[larger] * matrix[smaller]])
    for array in (matrix, weight, packed):
        array.setflags(write=False)
    return _Band(samples, matrix, weight, packed)


def design_matrix(release: str = DEFAULT.key) -> np.ndarray:
    """M with flux = [bp | rp] @ M: float64 ndarray, W m^-2 nm^-1 per coefficient; read-only; (110, 343) for DR3.

    Raises
    ------
    CalibrationError
        The release's calibration is not on this machine.

    >>> from core.spectra.calibration import design_matrix
    >>> design_matrix().shape
    (110, 343)
    """
    path = design_path(release)
    _bands(release)
    return _matrix_of(path, 0 if release == DEFAULT.key else path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _matrix_of(path: Path, stamp: int) -> np.ndarray:
    bands = _bands_of(path, stamp).values()
    matrix = np.zeros((sum(len(band.matrix) for band in bands), N_SAMPLES))
    first_row = 0
    for band in bands:
        matrix[first_row : first_row + len(band.matrix), band.samples] = band.matrix * band.weight
        first_row += len(band.matrix)
    matrix.setflags(write=False)
    return matrix


def band_matrices(release: str = DEFAULT.key) -> dict[str, np.ndarray]:
    """Of each band alone, before the join, with its range of the grid: 'bp' and 'rp', shapes (n, 343), zero beyond it.

    Raises
    ------
    CalibrationError
        The release's calibration is not on this machine.
    """
    found = {}
    for name, band in _bands(release).items():
        found[name] = np.zeros((len(band.matrix), N_SAMPLES))
        found[name][:, band.samples] = band.matrix
    return found


def calibrate(
    coefficients: Coefficients, *, with_errors: bool = True, release: str = DEFAULT.key
) -> tuple[np.ndarray, np.ndarray | None]:
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

    Raises
    ------
    CalibrationError
        The release's calibration is not on this machine.
    """
    matrix = design_matrix(release)
    flux = np.concatenate([coefficients.bp, coefficients.rp], axis=1, dtype=np.float64) @ matrix
    present = _present(coefficients)
    for name in ("bp", "rp"):
        alone = present[name] & ~present["rp" if name == "bp" else "bp"]
        if alone.any():
            band = _bands(release)[name]
            flux[alone] = np.nan
            flux[alone, band.samples] = getattr(coefficients, name)[alone] @ band.matrix
    if not with_errors or not _has_covariance(coefficients).any():
        return flux, None
    return flux, _flux_error(coefficients, present, _bands(release))


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


def _flux_error(coefficients: Coefficients, present: dict[str, np.ndarray], bands: dict[str, _Band]) -> np.ndarray:
    flux_error = np.full((len(coefficients), N_SAMPLES), np.nan)
    rows = np.flatnonzero(_has_covariance(coefficients))
    both = present["bp"] & present["rp"]
    for start in range(0, len(rows), _CHUNK_ROWS):
        chunk = rows[start : start + _CHUNK_ROWS]
        flux_error[chunk] = np.sqrt(_joined_variance(coefficients.take(chunk), both[chunk], bands))
    for name in ("bp", "rp"):
        alone = np.intersect1d(rows, np.flatnonzero(present[name] & ~both))
        if len(alone):
            band = bands[name]
            variance = _band_variance(coefficients.take(alone), name, band)
            flux_error[alone] = np.nan
            flux_error[alone, band.samples] = np.sqrt(variance)
    return flux_error


def _joined_variance(coefficients: Coefficients, both: np.ndarray, bands: dict[str, _Band]) -> np.ndarray:
    variance = np.zeros((len(coefficients), N_SAMPLES))
    for name, band in bands.items():
        variance[both, band.samples] += _band_variance(coefficients.take(both), name, band) * band.weight**2
    return variance


def _band_variance(coefficients: Coefficients, name: str, band: _Band) -> np.ndarray:
    """Variance of one band's spectrum before the join: (n_stars, n_covered).

    The diagonal of M^T C M is linear in C, hence one matrix product of the packed triangle of C with the products of
    M's rows: this is what makes whole tables fast.
    """
    covariance = pack_covariance(getattr(coefficients, f"{name}_error"), getattr(coefficients, f"{name}_correlation"))
    return covariance @ band.packed


def pack_covariance(error: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Variances (n) and covariances (n (n - 1) / 2, archive order) of one band's coefficients, one after the other.

    float64 ndarray of shape (n_stars, n (n + 1) / 2): (n_stars, 1540) for DR3.
    """
    error = np.asarray(error, dtype=np.float64)
    n = error.shape[1]
    packed = np.empty((len(error), n * (n + 1) // 2))
    np.square(error, out=packed[:, :n])
    start = 0
    for column in range(1, n):  # archive order: upper triangle, column by column
        pairs = packed[:, n + start : n + start + column]
        np.multiply(correlation[:, start : start + column], error[:, :column], out=pairs)
        pairs *= error[:, column, None]
        start += column
    return packed


def coefficient_covariance(error: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Covariance matrices of one band's coefficients, float64 ndarray of shape (n_stars, n, n).

    `error` (n_stars, n) and packed `correlation` (n_stars, n (n - 1) / 2) are those of `Coefficients`.
    """
    packed = pack_covariance(error, correlation)
    n = error.shape[1]
    covariance = np.empty((len(packed), n, n))
    diagonal = np.arange(n)
    larger, smaller = np.tril_indices(n, k=-1)
    covariance[:, diagonal, diagonal] = packed[:, :n]
    covariance[:, larger, smaller] = covariance[:, smaller, larger] = packed[:, n:]
    return covariance


def flux_covariance(coefficients: Coefficients, release: str = DEFAULT.key) -> np.ndarray:
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
    n_bp = coefficients.bp.shape[1]
    for rows, name in ((slice(0, n_bp), "bp"), (slice(n_bp, None), "rp")):
        matrix = design_matrix(release)[rows]
        error, correlation = getattr(chosen, f"{name}_error"), getattr(chosen, f"{name}_correlation")
        total += matrix.T @ coefficient_covariance(error, correlation) @ matrix
    result[complete] = 0.5 * (total + total.transpose(0, 2, 1))
    return result
