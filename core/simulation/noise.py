"""Noise of XP spectra, drawn in coefficient space, and the errors of the sampled spectra that belong to it.

Errors follow a law of the band's flux and of the star's colour, one per coefficient (photon noise, background and floor
together), times a scatter of the number of transits; correlations are mean matrices of faint, middle and bright stars,
mixed by flux and colour. Both are calibrated on real DR3 coefficients by `recipes.noise_law`. Covariances
then are D (sum_k w_k R_k) D, so that the variance of a sampled flux is a scale per band times a template that depends
on flux and colour alone: no star needs a matrix of its own.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from core.simulation.noise_constants import NOISE_PATH
from core.simulation.systematics import add_systematics
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS, N_SAMPLES
from core.spectra.spectrum_set import Coefficients

_REDNESS_RANGE = (-0.6, 0.9)  # log10(RP/BP flux) of the calibration stars
_REDNESS_NODES = np.linspace(*_REDNESS_RANGE, 16)
_LOG_FLUX_NODES = np.linspace(1.5, 7.2, 31)
_LEVEL = slice(0, 20)  # coefficients whose mean log error is a band's noise level
_FLUX_SCALE = 1e-18  # W m^-2 nm^-1; keeps squared fluxes inside single precision
_OUTLIER_RANGE = (0.3, 1.3)  # ln of the excess of variable and disturbed stars


def add_noise(
    bp: np.ndarray,
    rp: np.ndarray,
    phot_g_mean_mag: np.ndarray,
    rng: np.random.Generator,
    *,
    systematics: bool = True,
    with_correlations: bool = False,
    scale: float = 1.0,
) -> Coefficients:
    """Observed coefficients of noise-free ones, with their errors.

    Parameters
    ----------
    bp, rp : ndarrays of shape (n_stars, 55)
        Noise-free coefficients of `core.simulation.instrument.to_coefficients`.
    phot_g_mean_mag : ndarray of shape (n_stars,)
        G, on which the calibration errors of bright stars depend.
    rng : Generator
    systematics : bool
        Add the calibration's errors (mean law and wiggles) as well; no error column contains them.
    with_correlations : bool
        Fill the packed correlations (1485 per band and star) too.
    scale : float
        Of the noise: that of DR3 is 1.
    """
    errors = {band: expected_errors(bp, rp, band) for band in ("bp", "rp")}
    for band, factor in zip(errors, _level_factors(len(bp), rng), strict=True):
        errors[band] *= (factor * scale)[:, None]
    weights = {band: template_weights(bp, rp, band) for band in ("bp", "rp")}
    drawn = {band: errors[band] * _correlated_normal(weights[band], band, rng) for band in ("bp", "rp")}
    if systematics:
        bp, rp = add_systematics(bp, rp, phot_g_mean_mag, rng)
    packed = {band: weights[band] @ _packed_templates(band) if with_correlations else None for band in ("bp", "rp")}
    return Coefficients(
        bp=bp + drawn["bp"],
        rp=rp + drawn["rp"],
        bp_error=errors["bp"],
        rp_error=errors["rp"],
        bp_correlation=packed["bp"],
        rp_correlation=packed["rp"],
    )


def sampled_errors(coefficients: Coefficients) -> np.ndarray:
    """Errors of the sampled flux, float64 ndarray of shape (n_stars, 343), W m^-2 nm^-1.

    From coefficients and coefficient errors alone, correlations taken from the templates: for stars of `add_noise` what
    `core.spectra.calibration.calibrate` gives to about 2 %, a hundred times faster.
    """
    from scipy.sparse import hstack

    weights = []
    for band in ("bp", "rp"):
        level = np.exp(np.log(getattr(coefficients, f"{band}_error")[:, _LEVEL]).mean(axis=1))
        weights.append(_node_weights(coefficients.bp, coefficients.rp, band, level**2))
    variance = hstack(weights, format="csr") @ _variance_templates()  # (n, 2 n_nodes) @ (2 n_nodes, 343)
    return np.sqrt(variance, dtype=np.float64) * _FLUX_SCALE


def expected_errors(bp: np.ndarray, rp: np.ndarray, band: str) -> np.ndarray:
    """Mean coefficient errors of stars with these coefficients in 'bp' or 'rp': (n_stars, 55), without scatter."""
    known = _constants()
    features = error_features(bp, rp, band, known.log_flux_knots)
    log_error = features @ known.error_law[band]
    # Beyond the brightest calibration star the floor rules: errors grow with the flux.
    excess = np.maximum(_flux_and_redness(bp, rp, band)[0] - known.log_flux_knots[-1], 0.0)
    return np.exp(log_error + np.log(10.0) * excess[:, None])


def error_features(bp: np.ndarray, rp: np.ndarray, band: str, knots: np.ndarray) -> np.ndarray:
    """What the log errors of a band are linear in: (n_stars, n_knots + 4), from both bands' first coefficients."""
    log_flux, redness = _flux_and_redness(bp, rp, band)
    position = np.clip(log_flux, knots[0], knots[-1])
    above = np.clip(np.searchsorted(knots, position), 1, len(knots) - 1)
    fraction = (position - knots[above - 1]) / (knots[above] - knots[above - 1])
    features = np.zeros((len(position), len(knots) + 4))
    rows = np.arange(len(position))
    features[rows, above - 1] = 1.0 - fraction
    features[rows, above] = fraction
    features[:, -4] = redness
    features[:, -3] = redness**2
    features[:, -2] = redness * np.clip(log_flux - 3.0, -1.5, 1.5)
    features[:, -1] = redness * np.clip(log_flux - 4.5, 0.0, 2.7)
    return features


def template_weights(bp: np.ndarray, rp: np.ndarray, band: str) -> np.ndarray:
    """Shares (n_stars, 4) of the correlation templates: faint, middle hot, bright hot, bright cool stars.

    By the band's log flux and the colour. No middle cool star is among those with correlations: they take the faint
    template, with which their published sampled errors agree best.
    """
    log_flux, redness = _flux_and_redness(bp, rp, band)
    faint, middle, bright = (np.interp(log_flux, _constants().template_log_flux, unit) for unit in np.eye(3))
    hot = np.clip(-redness / 0.2, 0.0, 1.0)
    cool = 1.0 - hot
    return np.stack([faint + cool * middle, hot * middle, hot * bright, cool * bright], axis=1)


def template_correlations(bp: np.ndarray, rp: np.ndarray, band: str) -> np.ndarray:
    """Correlation matrices of stars with these coefficients, mixed from the templates: (n_stars, 55, 55)."""
    return np.tensordot(template_weights(bp, rp, band), _constants().correlation[band], axes=1)


@dataclass(frozen=True)
class _Constants:
    log_flux_knots: np.ndarray
    template_log_flux: np.ndarray
    level_scatter: np.ndarray
    error_law: dict[str, np.ndarray]
    correlation: dict[str, np.ndarray]
    factor: dict[str, np.ndarray]


@cache
def _constants() -> _Constants:
    with np.load(NOISE_PATH) as stored:
        correlation = {band: stored[f"{band}_correlation"].astype(np.float64) for band in ("bp", "rp")}
        return _Constants(
            log_flux_knots=stored["log_flux_knots"],
            template_log_flux=stored["template_log_flux"],
            level_scatter=stored["level_scatter"],
            error_law={band: stored[f"{band}_error_law"].astype(np.float64) for band in ("bp", "rp")},
            correlation=correlation,
            factor={band: np.linalg.cholesky(correlation[band]).astype(np.float32) for band in ("bp", "rp")},
        )


def _flux_and_redness(bp: np.ndarray, rp: np.ndarray, band: str) -> tuple[np.ndarray, np.ndarray]:
    blue, red = (np.log10(np.maximum(values[:, 0], 1.0)) for values in (bp, rp))
    return (blue if band == "bp" else red), np.clip(red - blue, *_REDNESS_RANGE)


def _level_factors(n_stars: int, rng: np.random.Generator) -> np.ndarray:
    """Factors (2, n_stars) of the BP and RP errors: transits differ from star to star, a few stars are disturbed."""
    common, own, outliers = _constants().level_scatter
    log_factor = common * rng.standard_normal(n_stars) + own * rng.standard_normal((2, n_stars))
    excess = rng.uniform(*_OUTLIER_RANGE, size=n_stars)
    return np.exp(log_factor + np.where(rng.random(n_stars) < outliers, excess, 0.0))


def _correlated_normal(weights: np.ndarray, band: str, rng: np.random.Generator) -> np.ndarray:
    """Normal deviates (n_stars, 55) of unit variance with the mixed correlations."""
    drawn = np.zeros((len(weights), N_COEFFICIENTS), dtype=np.float32)
    for weight, factor in zip(weights.T, _constants().factor[band], strict=True):
        used = np.flatnonzero(weight > 0)
        normal = rng.standard_normal((len(used), N_COEFFICIENTS), dtype=np.float32)
        drawn[used] += np.sqrt(weight[used], dtype=np.float32)[:, None] * (normal @ factor.T)
    return drawn


@cache
def _packed_templates(band: str) -> np.ndarray:
    larger, smaller = np.tril_indices(N_COEFFICIENTS, k=-1)
    return _constants().correlation[band][:, smaller, larger]


def _node_weights(bp: np.ndarray, rp: np.ndarray, band: str, scale: np.ndarray):
    """Bilinear weights of the nodes of the variance templates, times a scale per star: sparse (n_stars, n_nodes)."""
    from scipy.sparse import csr_array

    log_flux, redness = _flux_and_redness(bp, rp, band)
    below, share = [], []
    for value, nodes in ((log_flux, _LOG_FLUX_NODES), (redness, _REDNESS_NODES)):
        position = np.clip((value - nodes[0]) / (nodes[1] - nodes[0]), 0.0, len(nodes) - 1 - 1e-9)
        below.append(position.astype(np.int64))
        share.append(position - below[-1])
    n_redness = len(_REDNESS_NODES)
    first = below[0] * n_redness + below[1]
    columns = np.stack([first, first + 1, first + n_redness, first + n_redness + 1], axis=1)
    (up, right), (down, left) = share, (1.0 - share[0], 1.0 - share[1])
    values = np.stack([down * left, down * right, up * left, up * right], axis=1) * scale[:, None]
    rows = np.arange(len(values) + 1) * 4
    shape = (len(values), len(_LOG_FLUX_NODES) * n_redness)
    return csr_array((values.astype(np.float32).ravel(), columns.ravel(), rows), shape=shape)


@cache
def _variance_templates() -> np.ndarray:
    """Those of BP and of RP, one below the other, in units of the squared flux scale: float32 (2 n_nodes, 343)."""
    both = np.concatenate([_band_templates("bp"), _band_templates("rp")])
    return (both / _FLUX_SCALE**2).astype(np.float32)


def _band_templates(band: str) -> np.ndarray:
    """Sampled variance of a band at unit noise level, at the nodes of flux and colour: (n_nodes, 343)."""
    known = _constants()
    log_flux, redness = (a.ravel() for a in np.meshgrid(_LOG_FLUX_NODES, _REDNESS_NODES, indexing="ij"))
    own, other = np.zeros((2, len(log_flux), N_COEFFICIENTS))
    own[:, 0] = 10.0**log_flux
    other[:, 0] = 10.0 ** (log_flux + redness if band == "bp" else log_flux - redness)
    bp, rp = (own, other) if band == "bp" else (other, own)
    error = expected_errors(bp, rp, band)
    error /= np.exp(np.log(error[:, _LEVEL]).mean(axis=1, keepdims=True))
    first = 0 if band == "bp" else N_COEFFICIENTS
    matrix = design_matrix()[first : first + N_COEFFICIENTS]
    variance = np.zeros((len(error), N_SAMPLES))
    for weight, factor in zip(
        template_weights(bp, rp, band).T, np.linalg.cholesky(known.correlation[band]), strict=True
    ):
        for node in np.flatnonzero(weight > 0):
            projected = factor.T @ (error[node][:, None] * matrix)  # (55, 343)
            variance[node] += weight[node] * (projected**2).sum(axis=0)
    return variance
