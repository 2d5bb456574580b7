"""What was measured of a star, made ready for least squares: values of unit variance and the way from model to them.

Coefficients with errors are compared as they are, with their full covariance where it is known and the correlation
templates of the noise model where it is not. A sampled spectrum alone is projected onto the directions that the
calibration can produce; the covariance there comes from the same templates, scaled to its flux errors. To the noise
are added what no error column contains: the calibration's wiggles and the model's own error (`ModelError`). The mean
calibration law is part of the model.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.parameters.correction import load_correction
from core.simulation import systematics
from core.simulation.noise import expected_errors, template_correlations
from core.spectra.calibration import coefficient_covariance, design_matrix
from core.spectra.grid import N_COEFFICIENTS
from core.spectra.spectrum_set import SpectrumSet

_SINGULAR_FLOOR = 3e-3
"""Directions of the sampled flux that the calibration makes less than this part of the strongest are left out."""
_BLUE = slice(20, 145)
_RED = slice(165, 330)
UNKNOWN_G = 15.0


@dataclass(frozen=True)
class ModelError:
    """Relative error of the model's flux.

    The curves that the correction leaves, times `measured`, and a random curve of 15 nm of relative size `amplitude`;
    `noise` multiplies the published errors, which are too small for bright stars. `stretch`: half-widths of intervals
    over those of the posterior, by range of Teff (`correction.error_range`), as labelled real stars need them.
    For stars that were drawn from the same models they are 0, 0, 1 and 1.
    """

    measured: float = 1.0
    amplitude: float = 0.006
    noise: float = 1.3
    stretch: tuple[float, float, float] = (1.6, 1.6, 2.0)


NO_MODEL_ERROR = ModelError(0.0, 0.0, 1.0, (1.0, 1.0, 1.0))


@dataclass(frozen=True)
class Observation:
    """n stars ready to be fitted.

    Attributes
    ----------
    value : float32 ndarray of shape (n, m)
        Whitened measurement.
    way : float32 ndarray of shape (n, 110, m)
        value = scale * coefficients @ way for a perfect model.
    g_mag : float64 ndarray of shape (n,)
    """

    value: np.ndarray
    way: np.ndarray
    g_mag: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    def take(self, rows: np.ndarray) -> "Observation":
        """The chosen rows."""
        return Observation(self.value[rows], self.way[rows], self.g_mag[rows])

    def with_errors(self, factor: np.ndarray) -> "Observation":
        """The same with errors larger by a factor of each star, (n,)."""
        weight = (1.0 / factor).astype(np.float32)
        return Observation(self.value * weight[:, None], self.way * weight[:, None, None], self.g_mag)


def observe(
    spectra: SpectrumSet, error: ModelError | None = None, kind: np.ndarray | None = None, *, with_law: bool = True
) -> Observation:
    """Prepare usable stars (343 finite flux samples); missing errors are taken from the noise model.

    `kind` (n,) says in which range of Teff each star's model error is (`correction.error_range`).
    """
    error = ModelError() if error is None else error
    kind = np.zeros(len(spectra), dtype=np.int64) if kind is None else kind
    complete = _complete_coefficients(spectra)
    parts = [(rows, _prepared(spectra.take(rows), error, kind[rows], with_law, measured)) for measured in (True, False)
             if len(rows := np.flatnonzero(complete == measured))]  # fmt: skip
    n = len(spectra)
    width = 2 * N_COEFFICIENTS
    value, way = np.zeros((n, width), dtype=np.float32), np.zeros((n, width, width), dtype=np.float32)
    for rows, (part_value, part_way) in parts:
        value[rows, : part_value.shape[1]] = part_value
        way[rows, :, : part_value.shape[1]] = part_way
    return Observation(value, way, _g_mag(spectra))


def observed_law(flux: np.ndarray, g_mag: np.ndarray) -> np.ndarray:
    """The mean calibration law of sampled spectra (n, 343), relative."""
    coefficients = flux @ _from_flux()
    features = systematics.law_features(coefficients[:, :N_COEFFICIENTS], coefficients[:, N_COEFFICIENTS:], g_mag)
    return features.astype(np.float32) @ systematics.mean_law()


def n_values(observation: Observation) -> np.ndarray:
    """How many values of each star are compared, (n,)."""
    return (np.abs(observation.way).max(axis=1) > 0).sum(axis=1)


def _complete_coefficients(spectra: SpectrumSet) -> np.ndarray:
    found = spectra.coefficients
    if found is None or found.bp_error is None or found.rp_error is None:
        return np.zeros(len(spectra), dtype=bool)
    arrays = np.concatenate([found.bp, found.rp, found.bp_error, found.rp_error], axis=1)
    return np.isfinite(arrays).all(axis=1) & (found.bp_error > 0).all(axis=1) & (found.rp_error > 0).all(axis=1)


def _g_mag(spectra: SpectrumSet) -> np.ndarray:
    from core.spectra.photometry import synthetic_photometry

    if "phot_g_mean_mag" in spectra.metadata:
        known = spectra.metadata["phot_g_mean_mag"].to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        known = np.full(len(spectra), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        synthetic = synthetic_photometry(spectra.flux)[0]
    return np.nan_to_num(np.where(np.isfinite(known), known, synthetic), nan=UNKNOWN_G)


def _prepared(spectra: SpectrumSet, error: ModelError, kind: np.ndarray, with_law: bool, measured: bool):
    """Whitened values (n, m) and ways (n, 110, m)."""
    coefficients = _coefficients(spectra, measured)
    bp, rp = coefficients[:, :N_COEFFICIENTS], coefficients[:, N_COEFFICIENTS:]
    covariance = error.noise**2 * _noise(spectra, bp, rp, measured)
    flux = np.maximum(spectra.flux, 0.0)
    features = systematics.law_features(bp, rp, _g_mag(spectra))
    covariance += _model_covariance(flux, features[:, 2], error, kind)
    way = np.tile(np.eye(2 * N_COEFFICIENTS, dtype=np.float32), (len(flux), 1, 1))
    if with_law:
        law = features.astype(np.float32) @ systematics.mean_law()
        way += (design_matrix().astype(np.float32)[None] * law[:, None, :]) @ systematics.back_projection()
    if measured:
        value = coefficients
    else:
        basis = _flux_basis()
        to_basis = design_matrix() @ basis
        value, way = spectra.flux @ basis, way @ to_basis.astype(np.float32)
        covariance = to_basis.T @ covariance @ to_basis
    return _whitened(value, way, covariance)


def _whitened(value: np.ndarray, way: np.ndarray, covariance: np.ndarray):
    size = np.sqrt(np.einsum("nii->ni", covariance))
    scaled = covariance / (size[:, :, None] * size[:, None, :])
    scaled += 1e-6 * np.eye(covariance.shape[1])
    inverse = np.linalg.inv(np.linalg.cholesky(scaled)) / size[:, None, :]  # (n, m, m), lower
    white = np.einsum("nij,nj->ni", inverse, value)
    return white.astype(np.float32), np.matmul(way, inverse.swapaxes(1, 2)).astype(np.float32)


def _coefficients(spectra: SpectrumSet, measured: bool) -> np.ndarray:
    if measured and spectra.coefficients is not None:
        return np.concatenate([spectra.coefficients.bp, spectra.coefficients.rp], axis=1).astype(np.float64)
    return spectra.flux @ _from_flux()


def _noise(spectra: SpectrumSet, bp: np.ndarray, rp: np.ndarray, measured: bool) -> np.ndarray:
    """Covariance of the 110 coefficients, (n, 110, 110)."""
    n, both = len(spectra), np.zeros((len(spectra), 2 * N_COEFFICIENTS, 2 * N_COEFFICIENTS))
    for index, (band, samples) in enumerate((("bp", _BLUE), ("rp", _RED))):
        part = slice(index * N_COEFFICIENTS, (index + 1) * N_COEFFICIENTS)
        expected = expected_errors(bp, rp, band)
        templates = template_correlations(bp, rp, band)
        if measured:
            sigma = np.asarray(getattr(spectra.coefficients, f"{band}_error"), dtype=np.float64)
        else:
            sigma = expected * _level(spectra, expected, templates, part, samples)[:, None]
        both[:, part, part] = templates * sigma[:, :, None] * sigma[:, None, :]
        packed = getattr(spectra.coefficients, f"{band}_correlation") if measured else None
        known = np.zeros(n, dtype=bool) if packed is None else np.isfinite(packed).all(axis=1)
        if packed is not None and known.any():
            both[known, part, part] = coefficient_covariance(sigma[known], packed[known])
    return both


def _level(spectra: SpectrumSet, expected, templates, part: slice, samples: slice) -> np.ndarray:
    """Factor of each star's noise over the expected one, from its flux errors in one band's own range, (n,)."""
    if spectra.flux_error is None:
        return np.ones(len(spectra))
    design = design_matrix()[part, samples][:, ::5]
    projected = expected[:, :, None] * design[None]
    variance = np.einsum("nis,nij,njs->ns", projected, templates, projected, optimize=True)
    given = spectra.flux_error[:, samples][:, ::5]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(given > 0, given, np.nan) / np.sqrt(variance)
    known = np.isfinite(ratio).sum(axis=1) > 3
    level = np.ones(len(spectra))
    level[known] = np.nanmedian(ratio[known], axis=1)
    return np.clip(level, 0.2, 50.0)


@lru_cache(maxsize=1)
def _from_flux() -> np.ndarray:
    """Sampled flux to coefficients, (343, 110): the inverse on the directions that are kept."""
    return np.linalg.pinv(design_matrix(), rcond=_SINGULAR_FLOOR)


@lru_cache(maxsize=1)
def _flux_basis() -> np.ndarray:
    """Orthonormal directions of the sampled flux that the calibration produces, (343, q)."""
    _, size, right = np.linalg.svd(design_matrix(), full_matrices=False)
    return right[size > _SINGULAR_FLOOR * size[0]].T


def _model_covariance(flux: np.ndarray, brightness: np.ndarray, error: ModelError, kind: np.ndarray) -> np.ndarray:
    """Covariance of the coefficients by the calibration's wiggles and the model's error, (n, 110, 110)."""
    size = np.sqrt(systematics.wiggle_amplitude(brightness) ** 2 + error.amplitude**2)
    curves = systematics.smooth_curves()[None] * size[:, None, :]
    if error.measured > 0:
        curves = np.concatenate([curves, error.measured * load_correction().errors[kind]], axis=1)
    spread = (flux[:, None, :] * curves).astype(np.float32) @ systematics.back_projection()
    return spread.swapaxes(1, 2) @ spread
