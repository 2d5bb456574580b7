"""Likelihood of a pattern of lines that forgives blends: the fit behind every judgement of a species."""

from dataclasses import dataclass

import numpy as np

PEAK_OPACITIES = (0.02, 0.6, 2.0, 8.0, 30.0)
MODEL_ERROR = 0.15
"""Predicted brightness is taken to be good to this share: LTE, one temperature, one width."""
QUANTILES = (0.12, 0.3, 0.5)
_MOST_REWARD = 18.0
_MOST_PENALTY = 40.0


@dataclass(frozen=True, eq=False)
class PatternFit:
    """Best fit: score, number of the temperature, opacity of the strongest line, brightness of it and of all (K)."""

    score: float
    temperature: int
    opacity: float
    amplitude_k: float
    predicted: np.ndarray


def gains_of(observed: np.ndarray, predicted: np.ndarray, spread_k: np.ndarray) -> np.ndarray:
    """Log likelihood of every line as predicted above that of no line, ndarray of the arguments' shape.

    What is brighter than predicted may be a blend and is rewarded no further; what is fainter counts in full.
    """
    spread = np.sqrt(spread_k**2 + (MODEL_ERROR * predicted) ** 2)
    residual = (observed - predicted) / spread
    null = np.minimum(0.5 * (np.maximum(observed, 0.0) / spread_k) ** 2, 0.5 * (predicted / spread_k) ** 2)
    cost = np.where(
        residual < 0, np.minimum(0.5 * residual**2, _MOST_PENALTY), np.log1p(0.5 * np.maximum(residual, 0) ** 2)
    )
    return np.minimum(null, _MOST_REWARD) - cost - np.log(spread / spread_k)


def low_quantiles(ratio: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted low quantiles of observed / predicted along the last axis, ndarray of shape (n_quantiles, ...).

    Blends only add brightness: they cannot raise a low quantile.
    """
    shape, n = ratio.shape[:-1], ratio.shape[-1]
    flat, weights = ratio.reshape(-1, n), weight.reshape(-1, n)
    order = np.argsort(flat, axis=-1)
    each = np.arange(len(flat))
    running = np.cumsum(weights[each[:, None], order], axis=-1)
    share = running / np.maximum(running[:, -1:], 1e-300)
    places = [order[each, np.argmax(share >= quantile, axis=-1)] for quantile in QUANTILES]
    return np.stack([flat[each, at].reshape(shape) for at in places])


def fit_patterns(observed: np.ndarray, spread: np.ndarray, strength: np.ndarray, ceiling_k: np.ndarray) -> PatternFit:
    """Best temperature, opacity and amplitude.

    Parameters
    ----------
    observed, spread, strength : ndarray of shape (n_temperatures, n_lines)
        Brightness (K), its error (K), opacity per column density; places without a line hold 0, 1 and 0.
    ceiling_k : ndarray of shape (n_temperatures,)
        The amplitude is no larger: gas that fills the beam.
    """
    strongest = strength.max(axis=1, keepdims=True)
    relative = strength / np.maximum(strongest, 1e-300)
    opacity = np.array(PEAK_OPACITIES)[:, None]
    shape = -np.expm1(-opacity * relative[:, None]) / -np.expm1(-opacity)  # (n_temperatures, n_opacities, n_lines)
    ratio = np.where(shape > 0, observed[:, None] / np.maximum(shape, 1e-6), np.inf)
    amplitude = low_quantiles(ratio, shape / spread[:, None])  # (n_quantiles, n_temperatures, n_opacities)
    amplitude = np.clip(amplitude, 0.0, ceiling_k[:, None])
    predicted = amplitude[..., None] * shape
    gain = gains_of(observed[:, None], predicted, spread[:, None]).sum(axis=-1)
    gain[:, strongest[:, 0] <= 0] = -np.inf  # too cold for any of the lines
    q, t, o = np.unravel_index(int(np.argmax(gain)), gain.shape)
    best = float(amplitude[q, t, o])
    return PatternFit(float(gain[q, t, o]), int(t), float(PEAK_OPACITIES[o]), best, predicted[q, t, o])
