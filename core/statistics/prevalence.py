"""What a verdict is worth where massive stars are rare: priors, expected purity, thresholds, prevalence of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import UsageError

if TYPE_CHECKING:
    from core.statistics.intervals import Interval

EQUAL_PRIOR = 0.5
"""The prior at which every stored probability is calibrated."""

GAIA_PREVALENCE = 3e-4
"""Fraction of massive stars among DR3's XP sources: 0.01-0.05 %, see docs/decisions/population.md; the middle is
shown."""

PLANE_PREVALENCE = 3e-3
"""Fraction of massive stars within 2 degrees of the Galactic plane: 87 of 30,964 stars, 0.28 +- 0.03 %, in 300,000
stars of our simulated survey of DR3's XP sources (`core simulate --population survey`, seed 1)."""

_HALF_CHI_SQUARE_95 = 1.9207


def _checked_prior(prior: float, name: str = "prior") -> float:
    if not 0.0 < prior < 1.0:
        raise UsageError(f"{name} is {prior}, expected a fraction between 0 and 1: give 0.001 for 0.1 %")
    return float(prior)


def reweight(probability: np.ndarray, prior: float, *, from_prior: float = EQUAL_PRIOR) -> np.ndarray:
    """Probabilities at another prior, by Bayes' theorem (Saerens et al. 2002, Neural Computation 14, 21, eq. 2.4).

    Parameters
    ----------
    probability : float ndarray, any shape
        Calibrated at `from_prior`; NaN stays NaN, 0 and 1 stay what they are.
    prior : float
        The fraction of massive stars in the field that is looked at.

    Examples
    --------
    >>> round(float(reweight(np.array(0.97), 0.001)), 3)
    0.031
    """
    new, old = _checked_prior(prior), _checked_prior(from_prior, "from_prior")
    p = np.asarray(probability, dtype=np.float64)
    massive = p * (new / old)
    low_mass = (1.0 - p) * ((1.0 - new) / (1.0 - old))
    return massive / (massive + low_mass)


def purity(true_positive_rate, false_positive_rate, prevalence: float):
    """Expected fraction of true massive stars among the candidates; NaN where nothing is called massive.

    Examples
    --------
    >>> round(float(purity(1.0, 0.0597, 0.001)), 3)
    0.016
    """
    rate = _checked_prior(prevalence, "prevalence")
    found = rate * np.asarray(true_positive_rate, dtype=np.float64)
    false = (1.0 - rate) * np.asarray(false_positive_rate, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(found + false > 0, found / (found + false), np.nan)


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold with what it gives at a stated prevalence: all fractions between 0 and 1."""

    threshold: float
    completeness: float
    false_positive_rate: float
    purity: float
    prevalence: float


@dataclass(frozen=True)
class OperatingCurve:
    """Every threshold that changes a verdict, from strict to loose.

    Attributes
    ----------
    threshold, completeness, false_positive_rate : float ndarrays of shape (n_thresholds,)
    n_massive, n_low_mass : int
        Test stars behind the rates.
    """

    threshold: np.ndarray
    completeness: np.ndarray
    false_positive_rate: np.ndarray
    n_massive: int
    n_low_mass: int

    def at(self, threshold: float, prevalence: float) -> OperatingPoint:
        """The point at a threshold: stars with probability >= threshold are candidates."""
        row = int(np.searchsorted(-self.threshold, -threshold, side="right")) - 1
        return self._point(row, prevalence, threshold)

    def for_purity(self, wanted: float, prevalence: float) -> OperatingPoint | None:
        """The loosest threshold whose expected purity reaches `wanted`; None where no threshold does."""
        reached = np.flatnonzero(purity(self.completeness, self.false_positive_rate, prevalence) >= wanted)
        return None if reached.size == 0 else self._point(int(reached[-1]), prevalence)

    def _point(self, row: int, prevalence: float, threshold: float | None = None) -> OperatingPoint:
        found, false = (float(self.completeness[row]), float(self.false_positive_rate[row])) if row >= 0 else (0.0, 0.0)
        chosen = float(self.threshold[row]) if threshold is None else threshold
        return OperatingPoint(chosen, found, false, float(purity(found, false, prevalence)), prevalence)


def operating_curve(is_massive: np.ndarray, probability: np.ndarray) -> OperatingCurve:
    """Completeness and false positive rate at every distinct probability of a test set.

    Parameters
    ----------
    is_massive : bool ndarray of shape (n_stars,)
    probability : float ndarray of shape (n_stars,)
        Stars with NaN are left out.
    """
    known = np.isfinite(probability)
    truth, score = np.asarray(is_massive, dtype=bool)[known], np.asarray(probability, dtype=np.float64)[known]
    order = np.argsort(-score, kind="stable")
    truth, score = truth[order], score[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(score) != 0, True)) if score.size else np.array([], dtype=int)
    massive, low_mass = int(truth.sum()), int((~truth).sum())
    return OperatingCurve(
        threshold=score[last_of_tie],
        completeness=np.cumsum(truth)[last_of_tie] / max(massive, 1),
        false_positive_rate=np.cumsum(~truth)[last_of_tie] / max(low_mass, 1),
        n_massive=massive,
        n_low_mass=low_mass,
    )


def estimate_prevalence(
    probability: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    from_prior: float = EQUAL_PRIOR,
    tolerance: float = 1e-10,
    max_iterations: int = 10_000,
) -> float:
    """Fraction of massive stars in an unlabelled sample, by expectation maximisation (Saerens et al. 2002).

    The estimate is as good as the calibration: a false positive rate of 1 % hides a prevalence far below 1 %.
    Returns NaN for an empty sample. `weights` count stars of equal probability, shape as `probability`.
    """
    p = np.asarray(probability, dtype=np.float64)
    weights = np.ones(p.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    p, weights = p[np.isfinite(p)], weights[np.isfinite(p)]
    if p.size == 0:
        return float("nan")
    prior = float(np.clip(np.average(p, weights=weights), 1e-9, 1 - 1e-9))
    for _ in range(max_iterations):
        posterior = reweight(p, prior, from_prior=from_prior)
        updated = float(np.clip(np.average(posterior, weights=weights), 1e-12, 1 - 1e-12))
        if abs(updated - prior) < tolerance:
            return updated
        prior = updated
    return prior


def prevalence_interval(probability: np.ndarray, *, from_prior: float = EQUAL_PRIOR) -> Interval:
    """The estimate of `estimate_prevalence` with its 95 % likelihood-ratio interval.

    The log-likelihood of a prevalence q is the sum of log(q p / prior + (1 - q) (1 - p) / (1 - prior)), which is
    concave; the interval holds every q whose log-likelihood is within 1.92 of the best (Wilks 1938, Ann. Math. Statist.
    9, 60). It knows of the sample's size alone: a miscalibrated network is wrong beyond it. All None without a star.
    """
    from scipy.optimize import bisect

    from core.statistics.intervals import UNKNOWN, Interval

    p = np.asarray(probability, dtype=np.float64)
    p = p[np.isfinite(p)]
    if p.size == 0:
        return UNKNOWN
    best = estimate_prevalence(p, from_prior=from_prior)
    massive, low_mass = p / from_prior, (1.0 - p) / (1.0 - from_prior)

    def above(share: float) -> float:
        with np.errstate(divide="ignore"):
            return float(np.sum(np.log(share * massive + (1.0 - share) * low_mass)))

    limit = above(best) - _HALF_CHI_SQUARE_95
    low = 0.0 if above(0.0) >= limit else float(bisect(lambda q: above(q) - limit, 0.0, best))
    high = 1.0 if above(1.0) >= limit else float(bisect(lambda q: above(q) - limit, best, 1.0))
    return Interval(best, low, high)
