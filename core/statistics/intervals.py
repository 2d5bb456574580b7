"""How uncertain a figure is because the test set is finite: bootstrap, and exact intervals of rates."""

from dataclasses import dataclass

import numpy as np

from core.gaia.labels import THRESHOLD
from core.statistics.metrics import FIGURES, counted_metrics, scored_stars

CONFIDENCE = 0.95
_MOST_CELLS = 20_000_000
"""Draws times stars: larger sets get fewer draws (never below 200), whose intervals are narrow anyway."""
_CELLS_AT_ONCE = 1_000_000
LEAST_DRAWS = 200


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval; all None where the value is undefined."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


UNKNOWN = Interval(None, None, None)


def bootstrap_metrics(
    label: np.ndarray,
    probability: np.ndarray,
    *,
    threshold: float = THRESHOLD,
    n_draws: int = 1000,
    confidence: float = CONFIDENCE,
    seed: int = 1,
) -> dict[str, Interval]:
    """Every figure of `core.statistics.metrics.FIGURES` with its percentile bootstrap interval.

    Stars are drawn with replacement within each class, because the numbers of both classes are a choice of whoever
    made the test set, not a measurement (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 and 8.3).
    The same seed gives the same interval.

    Parameters
    ----------
    label, probability : ndarrays of shape (n_stars,)
        Stars without a probability are left out.
    n_draws : int
        Reduced to 20 million / n_stars for large sets, not below 200.
    """
    stars = scored_stars(label, probability)
    values = counted_metrics(stars, np.ones((1, len(stars))), threshold)
    if len(stars) == 0:
        return dict.fromkeys(FIGURES, UNKNOWN)
    n_draws = min(n_draws, max(LEAST_DRAWS, _MOST_CELLS // len(stars)))
    rng = np.random.default_rng(seed)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in FIGURES}
    at_once = max(1, _CELLS_AT_ONCE // len(stars))
    for start in range(0, n_draws, at_once):
        counts = _draw_counts(stars.massive, min(at_once, n_draws - start), rng)
        for name, drawn in counted_metrics(stars, counts, threshold).items():
            parts[name].append(drawn)
    return {name: _interval(float(values[name][0]), np.concatenate(parts[name]), confidence) for name in FIGURES}


def _draw_counts(massive: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each star stands in each draw, float64 of shape (n_draws, n_stars)."""
    counts = np.zeros((n_draws, len(massive)))
    for rows in (np.flatnonzero(massive), np.flatnonzero(~massive)):
        if len(rows):
            drawn = rng.integers(0, len(rows), (n_draws, len(rows)))
            drawn += np.arange(n_draws)[:, None] * len(rows)
            counts[:, rows] = np.bincount(drawn.ravel(), minlength=n_draws * len(rows)).reshape(n_draws, -1)
    return counts


def _interval(value: float, drawn: np.ndarray, confidence: float) -> Interval:
    if not np.isfinite(value):
        return UNKNOWN
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size == 0:
        return Interval(value, value, value)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(min(low, value)), float(max(high, value)))


def rate_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A proportion with its Clopper-Pearson interval (1934, Biometrika 26, 404); (None, 0, 1) of no star."""
    low, high = rate_intervals(np.array(successes), n, confidence)
    return Interval(successes / n if n else None, float(low), float(high))


def rate_intervals(
    successes: np.ndarray, n: np.ndarray | int, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Clopper-Pearson limits of many proportions, float64 ndarrays of the shape of `successes`; (0, 1) where n is 0."""
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    tail = (1 - confidence) / 2
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), np.maximum(n - k, 0) + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
    return low, high


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A proportion with its Wilson score interval (1927, J. Am. Stat. Assoc. 22, 209); (None, 0, 1) of no star.

    For the few real stars of a kind: on the average over the true rate it covers what it says, where Clopper and
    Pearson's covers more (Brown, Cai & DasGupta 2001, Stat. Sci. 16, 101).
    """
    from scipy.special import ndtri

    if n == 0:
        return Interval(None, 0.0, 1.0)
    z, rate = float(ndtri(0.5 + confidence / 2)), successes / n
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (rate * (1 - rate) / n + z**2 / (4 * n**2)) ** 0.5
    return Interval(
        rate, max(0.0, centre - half) if successes else 0.0, min(1.0, centre + half) if successes < n else 1.0
    )
