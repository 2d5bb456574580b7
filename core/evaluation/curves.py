"""ROC and precision-recall curves with pointwise intervals, and probabilities by class, small enough to draw."""

from dataclasses import dataclass

import numpy as np

from core.statistics.intervals import rate_intervals
from core.statistics.prevalence import OperatingCurve

MOST_POINTS = 300


@dataclass(frozen=True)
class CurvePoints:
    """A curve with the 95 % interval of its vertical axis: float64 ndarrays of shape (n_points,)."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray
    threshold: np.ndarray


def thinned_rows(curve: OperatingCurve, most: int = MOST_POINTS) -> np.ndarray:
    """Rows of an operating curve that lie evenly along it, its last one included; int ndarray."""
    n = len(curve.threshold)
    if n <= most:
        return np.arange(n)
    length = curve.completeness + curve.false_positive_rate
    return np.unique(np.append(np.searchsorted(length, np.linspace(0, length[-1], most - 1)), n - 1).clip(0, n - 1))


def roc_points(curve: OperatingCurve) -> CurvePoints:
    """Completeness against false positive rate, from (0, 0) on; empty where a class is missing."""
    rows = thinned_rows(curve)
    if curve.n_massive == 0 or curve.n_low_mass == 0:
        return CurvePoints(*(np.array([]) for _ in range(5)))
    found = np.append(0, np.round(curve.completeness[rows] * curve.n_massive))
    low, high = rate_intervals(found, curve.n_massive)
    x = np.append(0.0, curve.false_positive_rate[rows])
    return CurvePoints(x, found / curve.n_massive, low, high, np.append(1.0, curve.threshold[rows]))


def precision_recall_points(curve: OperatingCurve) -> CurvePoints:
    """Precision of the set as it stands against completeness; empty where a class is missing."""
    rows = thinned_rows(curve)
    if curve.n_massive == 0 or curve.n_low_mass == 0:
        return CurvePoints(*(np.array([]) for _ in range(5)))
    found = np.round(curve.completeness[rows] * curve.n_massive)
    called = found + np.round(curve.false_positive_rate[rows] * curve.n_low_mass)
    low, high = rate_intervals(found, called)
    return CurvePoints(curve.completeness[rows], found / called, low, high, curve.threshold[rows])
