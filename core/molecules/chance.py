"""What chance does in a line forest: the pattern of a species fitted where it is not, at other velocities."""

import numpy as np

from core.molecules.likelihood import gains_of, low_quantiles

N_SUMMARY = 7
MATCH_SHARE = 0.6
"""A line counts as seen where at least this share of the predicted brightness is left."""
VISIBLE_SIGMA = 2.0
_SEEN_IF_PRESENT = 0.9
_SCALE = 0.25
_SCORE, _EVIDENCE = 10.0, 3.0


def chance_fits(moved: np.ndarray, spread: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Scores of a pattern, its amplitude fitted anew, at other velocities: ndarray of shape (n_moved,).

    Parameters
    ----------
    moved, spread : ndarray of shape (n_moved, n_lines)
        Brightness and its error where other velocities put the lines (K).
    predicted : ndarray of shape (n_lines,)
        Brightness of the fit at the right velocity (K).
    """
    peak = float(predicted.max())
    if peak <= 0:
        return np.zeros(len(moved))
    shape = np.maximum(predicted / peak, 1e-6)
    amplitude = np.clip(low_quantiles(moved / shape, shape / spread), 0.0, 3.0 * peak)  # (n_quantiles, n_moved)
    return gains_of(moved, amplitude[..., None] * shape, spread).sum(axis=-1).max(axis=0)


def rarity_of(moved: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """-ln of the share of other velocities at which a line as bright as predicted is seen, ndarray of shape (n,)."""
    seen = (moved > MATCH_SHARE * predicted).sum(axis=0)
    return -np.log((seen + 0.5) / (len(moved) + 1.0))


def summary(
    observed: np.ndarray,
    predicted: np.ndarray,
    spread: np.ndarray,
    gain: np.ndarray,
    rarity: np.ndarray,
    chance: np.ndarray,
    context: np.ndarray,
) -> np.ndarray:
    """Seven numbers of a species as a whole: ndarray of shape (7,).

    Score; how far it is above the median and above the best of other velocities; evidence of the lines that are there
    and that are missing, each weighed by its rarity (naive Bayes over lines); how many are there; the two numbers of
    context, which networks without a second input need as well.
    """
    score = float(gain.sum())
    visible = predicted > VISIBLE_SIGMA * spread
    matched = visible & (observed > MATCH_SHARE * predicted)
    chance_of = np.exp(-rarity)
    there = np.log(_SEEN_IF_PRESENT) + rarity
    missing = np.log((1.0 - _SEEN_IF_PRESENT) / np.maximum(1.0 - chance_of, 0.03))
    evidence = float(np.where(matched, there, missing)[visible].sum())
    found = [
        np.arcsinh(score / _SCORE),
        np.arcsinh((score - float(np.median(chance))) / _SCORE),
        np.arcsinh((score - float(chance.max())) / _SCORE),
        np.arcsinh(evidence / _EVIDENCE),
        np.log1p(float(matched.sum())),
    ]
    return np.array([*(_SCALE * np.array(found)), *context])
