"""The k-distance plot and the eps that it suggests."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.errors import UsageError


@dataclass(frozen=True)
class KDistances:
    """Distances of n stars to their k-th neighbour in ascending order, and the knee of that curve.

    `suggested` is None where there are too few stars for a knee.
    """

    k: int
    distance: np.ndarray
    suggested: float | None


def k_distances(points: np.ndarray, min_samples: int) -> KDistances:
    """Distances of points (n, n_dimensions) to the neighbour that makes them core points.

    min_samples counts the star itself, so that k = min_samples - 1. The suggestion is the point of the curve that lies
    farthest below the chord between its ends (Satopaa et al. 2011, ICDCS Workshops, 166), on the curve up to its
    95 % point, since single far stars would otherwise move it.

    Raises
    ------
    UsageError
        min_samples below 2.
    """
    if min_samples < 2:
        raise UsageError(f"min_samples is {min_samples}; a k-distance needs at least 2")
    points = np.asarray(points, dtype=np.float64)
    k = min_samples - 1
    if len(points) <= k:
        return KDistances(k, np.empty(0), None)
    found, _ = cKDTree(points).query(points, k=[k + 1])
    distance = np.sort(found[:, 0])
    return KDistances(k, distance, knee(distance[: max(int(0.95 * len(distance)), 1)]))


def knee(ascending: np.ndarray) -> float | None:
    """The value of an ascending curve that lies farthest below the chord between its ends; None when it is straight.

    >>> knee(np.array([0.0, 1.0, 2.0, 3.0, 10.0, 20.0]))
    3.0
    """
    if len(ascending) < 3 or ascending[-1] <= ascending[0]:
        return None
    chord = np.linspace(ascending[0], ascending[-1], len(ascending))
    below = chord - ascending
    best = int(np.argmax(below))
    return float(ascending[best]) if below[best] > 1e-9 * (ascending[-1] - ascending[0]) else None
