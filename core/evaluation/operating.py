"""What a threshold yields on the sky: expected purity and completeness at a prevalence, with their uncertainty."""

from dataclasses import dataclass

import numpy as np

from core.statistics.intervals import CONFIDENCE, Interval, rate_interval, rate_intervals
from core.statistics.prevalence import EQUAL_PRIOR, OperatingCurve, purity, reweight

_DRAWS = 4000
_SEED = 1
BEST_PUBLISHED = (
    "For orientation: the best published purity for stars of type B2 and earlier is 0.51 to 0.85 at a completeness of "
    "80 % (Monsalves et al. 2025, A&A 704, A155)."
)


@dataclass(frozen=True)
class Confusion:
    """Stars of a set by truth and verdict at one threshold."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int

    @property
    def n(self) -> int:
        """All stars."""
        return self.true_positive + self.false_negative + self.false_positive + self.true_negative

    @property
    def accuracy(self) -> float | None:
        """Share of right verdicts; None of no star."""
        return (self.true_positive + self.true_negative) / self.n if self.n else None

    @property
    def completeness(self) -> Interval:
        """Massive stars that are found."""
        return rate_interval(self.true_positive, self.true_positive + self.false_negative)

    @property
    def false_positive_rate(self) -> Interval:
        """Low-mass stars that are called massive."""
        return rate_interval(self.false_positive, self.false_positive + self.true_negative)


@dataclass(frozen=True)
class Yield:
    """What to expect of a threshold where a stated fraction of the stars is massive.

    Attributes
    ----------
    threshold : float
        On the probability at equal priors.
    probability_at_prior : float
        What a probability as high as the threshold becomes at this prevalence.
    purity : Interval
        Massive fraction of the candidates; value None where nothing is called massive.
    """

    threshold: float
    prevalence: float
    probability_at_prior: float
    confusion: Confusion
    completeness: Interval
    false_positive_rate: Interval
    purity: Interval


def confusion_at(curve: OperatingCurve, threshold: float) -> Confusion:
    """The confusion matrix of the curve's own stars: those with probability >= threshold are called massive."""
    point = curve.at(threshold, EQUAL_PRIOR)
    found, false = round(point.completeness * curve.n_massive), round(point.false_positive_rate * curve.n_low_mass)
    return Confusion(found, curve.n_massive - found, false, curve.n_low_mass - false)


def expected_yield(curve: OperatingCurve, threshold: float, prevalence: float) -> Yield:
    """Expected purity and completeness of a threshold at a prevalence, from a test set's counts.

    The interval of the purity holds the middle 95 % of the purities that follow from Jeffreys' posteriors of both rates
    (Brown, Cai & DasGupta 2001, Statistical Science 16, 101). With few false positives it is wide: a test set of 2,000
    low-mass stars cannot show that a purity is high where one star in 10,000 is massive.
    """
    confusion = confusion_at(curve, threshold)
    found, false = confusion.completeness, confusion.false_positive_rate
    value = None
    if found.value is not None and false.value is not None and found.value + false.value > 0:
        value = float(purity(found.value, false.value, prevalence))
    at_prior = float(reweight(np.array(np.clip(threshold, 0.0, 1.0)), prevalence))
    return Yield(
        threshold, prevalence, at_prior, confusion, found, false, _purity_interval(confusion, value, prevalence)
    )


def _purity_interval(confusion: Confusion, value: float | None, prevalence: float) -> Interval:
    if value is None:
        return Interval(None, None, None)
    rng = np.random.default_rng(_SEED)
    found = rng.beta(confusion.true_positive + 0.5, confusion.false_negative + 0.5, _DRAWS)
    false = rng.beta(confusion.false_positive + 0.5, confusion.true_negative + 0.5, _DRAWS)
    low, high = np.quantile(purity(found, false, prevalence), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(min(low, value)), float(max(high, value)))


def threshold_for_purity(curve: OperatingCurve, wanted: float, prevalence: float) -> Yield | None:
    """The loosest threshold whose expected purity reaches `wanted`; None where none does."""
    point = curve.for_purity(wanted, prevalence)
    return None if point is None else expected_yield(curve, point.threshold, prevalence)


def purity_by_completeness(
    curve: OperatingCurve, prevalence: float, n_points: int = 201
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected purity at each completeness and its lower limit, three float64 ndarrays of shape (n_points,).

    The false positive rate at a completeness is that of the strictest threshold that reaches it; the lower limit takes
    the upper end of its exact 95 % interval. NaN at completeness 0 and where the set lacks a class.
    """
    completeness = np.linspace(0.0, 1.0, n_points)
    if curve.n_massive == 0 or curve.n_low_mass == 0:
        return completeness, np.full(n_points, np.nan), np.full(n_points, np.nan)
    row = np.minimum(np.searchsorted(curve.completeness, completeness - 1e-12), len(curve.completeness) - 1)
    found, false = np.maximum(completeness, curve.completeness[row]), curve.false_positive_rate[row]
    _, highest = rate_intervals(np.round(false * curve.n_low_mass), curve.n_low_mass)
    expected, least = purity(found, false, prevalence), purity(found, highest, prevalence)
    expected[0] = least[0] = np.nan
    return completeness, expected, least


def explain_yield(expected: Yield) -> str:
    """Two sentences that turn an accuracy on a test set into a purity on the sky, with the user's own numbers."""
    confusion, stars = expected.confusion, 1_000_000
    if confusion.accuracy is None or expected.false_positive_rate.value is None or expected.completeness.value is None:
        return "The set lacks one of the two classes, so nothing can be said about purity."
    massive = stars * expected.prevalence
    found, false = massive * expected.completeness.value, (stars - massive) * expected.false_positive_rate.value
    share = (confusion.true_positive + confusion.false_negative) / confusion.n
    first = (
        f"On this set, where massive stars make up {_percent(share)}, {_percent(confusion.accuracy)} of the verdicts "
        f"are right; among {stars:,} stars of which {_percent(expected.prevalence)} are massive, the same threshold "
        f"finds {found:,.0f} of the {massive:,.0f} massive stars and also calls {false:,.0f} of the "
        f"{stars - massive:,.0f} low-mass stars massive ({_percent(expected.false_positive_rate.value)} of very many)."
    )
    if expected.purity.value is None:
        return f"{first} Nothing is called massive, so there is no purity."
    low, high = _percent(expected.purity.low or 0.0), _percent(expected.purity.high or 0.0)
    return (
        f"{first} So {_percent(expected.purity.value)} of the candidates are massive ({low} to {high}, as far as a set "
        "of this size can tell): where massive stars are rare, a low false positive rate counts, not a high accuracy."
    )


def _percent(fraction: float) -> str:
    """Two or three significant digits, and never a rounded 100 %; no line break before the unit."""
    value, unit = 100 * fraction, "\u00a0%"
    if value in (0.0, 100.0):
        return f"{value:.0f}{unit}"
    if value >= 99.95:
        return f"{value:.3f}{unit}"
    return f"{value:.1f}{unit}" if value >= 10 else f"{value:.2g}{unit}" if value >= 0.01 else f"{value:.1g}{unit}"
