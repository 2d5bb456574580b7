"""Figures of merit of a binary classifier, equal to scikit-learn's and defined for every input.

A figure that has no meaning (the area under a ROC curve of one class, anything of no star) is None, never NaN. All
figures come from counts of stars per distinct probability, so that a bootstrap draw is the same code with other counts.
"""

from dataclasses import asdict, dataclass

import numpy as np

from core.errors import UsageError
from core.gaia.labels import THRESHOLD

N_BINS = 15
"""Bins of the expected calibration error (Guo et al. 2017, ICML 70, 1321)."""
_LEAST = float(np.finfo(np.float64).eps)
"""Probabilities are clipped to this before a logarithm, as in sklearn.metrics.log_loss."""


@dataclass(frozen=True)
class Metrics:
    """Figures at one threshold and over all of them; None where undefined.

    Attributes
    ----------
    n, n_massive : int
        Stars, and massive ones among them.
    accuracy, precision, completeness, false_positive_rate, f1 : float or None
        At the threshold. `precision` is None where nothing is called massive, `f1` is 0 there.
    roc_auc, average_precision : float or None
        Over all thresholds; None with one class.
    brier, log_loss : float or None
        As scikit-learn's, over the stars as they are.
    ece : float or None
        Expected calibration error in 15 bins of equal width, both classes weighted alike because the probabilities
        are calibrated at equal priors.
    """

    n: int
    n_massive: int
    accuracy: float | None
    precision: float | None
    completeness: float | None
    false_positive_rate: float | None
    f1: float | None
    roc_auc: float | None
    average_precision: float | None
    brier: float | None
    log_loss: float | None
    ece: float | None

    def as_dict(self) -> dict:
        """Plain values."""
        return asdict(self)


FIGURES = (
    "accuracy",
    "precision",
    "completeness",
    "false_positive_rate",
    "f1",
    "roc_auc",
    "average_precision",
    "brier",
    "log_loss",
    "ece",
)


@dataclass(frozen=True)
class ScoredStars:
    """Stars sorted by falling probability; made by `scored_stars`.

    Attributes
    ----------
    massive : bool ndarray of shape (n_stars,)
    probability : float64 ndarray of shape (n_stars,)
    first_of_tie : int ndarray of shape (n_distinct,)
        Where each distinct probability begins.
    """

    massive: np.ndarray
    probability: np.ndarray
    first_of_tie: np.ndarray

    def __len__(self) -> int:
        return len(self.massive)


def scored_stars(label: np.ndarray, probability: np.ndarray) -> ScoredStars:
    """Sort stars for the metrics; those without a probability (NaN) are left out.

    Parameters
    ----------
    label : ndarray of shape (n_stars,)
        1 or True for massive.
    probability : float ndarray of shape (n_stars,), between 0 and 1
    """
    massive, value = np.asarray(label).astype(bool), np.asarray(probability, dtype=np.float64)
    if massive.shape != value.shape or massive.ndim != 1:
        raise UsageError(f"labels of shape {massive.shape} and probabilities of shape {value.shape}: expected one each")
    known = np.isfinite(value)
    massive, value = massive[known], value[known]
    if value.size and not (value.min() >= 0.0 and value.max() <= 1.0):
        raise UsageError(f"probabilities between {value.min():g} and {value.max():g}: expected 0 to 1")
    order = np.argsort(-value, kind="stable")
    massive, value = massive[order], value[order]
    first = np.flatnonzero(np.append(True, np.diff(value) != 0)) if value.size else np.array([], dtype=int)
    return ScoredStars(massive, value, first)


def binary_metrics(label: np.ndarray, probability: np.ndarray, threshold: float = THRESHOLD) -> Metrics:
    """Every figure of a set of stars: those with probability >= threshold are called massive.

    Examples
    --------
    >>> binary_metrics([1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1]).accuracy
    0.5
    """
    stars = scored_stars(label, probability)
    counts = np.ones((1, len(stars)))
    figures = {name: _plain(value) for name, value in counted_metrics(stars, counts, threshold).items()}
    return Metrics(n=len(stars), n_massive=int(stars.massive.sum()), **figures)


def _plain(value: np.ndarray) -> float | None:
    return float(value[0]) if np.isfinite(value[0]) else None


def counted_metrics(
    stars: ScoredStars, counts: np.ndarray, threshold: float = THRESHOLD, n_bins: int = N_BINS
) -> dict[str, np.ndarray]:
    """The figures `FIGURES` of n_draws samples at once, each star counted as often as a sample holds it.

    Parameters
    ----------
    counts : float ndarray of shape (n_draws, n_stars)

    Returns
    -------
    dict of float ndarrays of shape (n_draws,), NaN where undefined
    """
    if len(stars) == 0:
        return {name: np.full(len(counts), np.nan) for name in FIGURES}
    massive = counts * stars.massive
    n, n_massive = counts.sum(axis=1), massive.sum(axis=1)
    n_low_mass = n - n_massive
    n_called = int(np.searchsorted(-stars.probability, -threshold, side="right"))
    found = massive[:, :n_called].sum(axis=1)
    false = counts[:, :n_called].sum(axis=1) - found
    squared = (stars.probability - stars.massive) ** 2
    p = np.clip(stars.probability, _LEAST, 1 - _LEAST)
    surprise = -np.log(np.where(stars.massive, p, 1 - p))
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * found / (n_massive + found + false)
        figures = {
            "accuracy": (found + n_low_mass - false) / n,
            "precision": found / (found + false),
            "completeness": found / n_massive,
            "false_positive_rate": false / n_low_mass,
            "f1": np.where((n > 0) & ~np.isfinite(f1), 0.0, f1),
            "brier": counts @ squared / n,
            "log_loss": counts @ surprise / n,
        }
    return figures | _over_all_thresholds(stars, counts, massive) | {"ece": _ece(stars, counts, massive, n_bins)}


def _over_all_thresholds(stars: ScoredStars, counts: np.ndarray, massive: np.ndarray) -> dict[str, np.ndarray]:
    """Areas under the ROC curve (ties count half) and the precision-recall curve (steps, as scikit-learn's)."""
    positive = np.add.reduceat(massive, stars.first_of_tie, axis=1)
    negative = np.add.reduceat(counts, stars.first_of_tie, axis=1) - positive
    above, false_above = positive.cumsum(axis=1), negative.cumsum(axis=1)
    n_massive, n_low_mass = above[:, -1], false_above[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = (negative * (above - positive / 2)).sum(axis=1) / (n_massive * n_low_mass)
        precision = np.nan_to_num(above / (above + false_above))
        average = (positive * precision).sum(axis=1) / n_massive
        return {"roc_auc": auc, "average_precision": np.where(n_low_mass > 0, average, np.nan)}


def _ece(stars: ScoredStars, counts: np.ndarray, massive: np.ndarray, n_bins: int) -> np.ndarray:
    """Expected calibration error at equal priors; with one class it compares with that class alone."""
    bin_of = np.minimum((stars.probability * n_bins).astype(int), n_bins - 1)
    first = np.flatnonzero(np.append(True, np.diff(bin_of) != 0))  # sorted by probability: bins are contiguous
    low_mass = counts - massive
    totals = massive.sum(axis=1, keepdims=True), low_mass.sum(axis=1, keepdims=True)
    n_classes = (totals[0] > 0).astype(float) + (totals[1] > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        yes, no = (np.nan_to_num(p / total) / n_classes for p, total in zip((massive, low_mass), totals, strict=True))
        gap = np.abs(np.add.reduceat(yes - (yes + no) * stars.probability, first, axis=1)).sum(axis=1)
    return np.where(n_classes[:, 0] > 0, gap, np.nan)
