"""Pairs of neighbours: found once with a KD-tree, reused for every smaller radius."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from core.errors import UsageError
from core.sky.settings import check_eps

MOST_PAIRS = 30_000_000
"""Pairs that are held in memory (about 0.7 GB while they are found)."""
_SAMPLE = 2000


class DenseNeighbourhoodError(UsageError):
    """A radius within which stars have too many neighbours to be useful, or to fit in memory."""


@dataclass(frozen=True)
class NeighbourGraph:
    """Every pair of n points that is at most `radius` apart.

    Attributes
    ----------
    n_points : int
    radius : float
        Radius, in the unit of the points.
    first, second : integer ndarray of shape (n_pairs,)
        Each pair once.
    distance : ndarray of shape (n_pairs,)
    """

    n_points: int
    radius: float
    first: np.ndarray
    second: np.ndarray
    distance: np.ndarray

    def shrink(self, radius: float) -> "NeighbourGraph":
        """The graph of a smaller radius, without looking for pairs again (UsageError when it is larger)."""
        check_eps(radius)
        if radius > self.radius:
            raise UsageError(
                f"a graph of eps {self.radius:g} cannot tell the neighbours within {radius:g}: find them anew"
            )
        kept = self.distance <= radius
        return NeighbourGraph(self.n_points, float(radius), self.first[kept], self.second[kept], self.distance[kept])

    def neighbour_counts(self) -> np.ndarray:
        """Points within eps of each point, itself included, ndarray of shape (n_points,)."""
        count = np.bincount(self.first, minlength=self.n_points) + np.bincount(self.second, minlength=self.n_points)
        return count + 1


def find_neighbours(points: np.ndarray, radius: float, *, most_pairs: int = MOST_PAIRS) -> NeighbourGraph:
    """All pairs of points at most `radius` apart.

    Parameters
    ----------
    points : ndarray of shape (n, n_dimensions)
        Finite.
    radius : float
    most_pairs : int

    Raises
    ------
    UsageError
        The radius is not above zero.
    DenseNeighbourhoodError
        More pairs than `most_pairs`, estimated on a sample before any is stored.
    """
    check_eps(radius)
    points = np.ascontiguousarray(points, dtype=np.float64)
    n = len(points)
    if n < 2:
        nothing = np.empty(0, dtype=np.int32)
        return NeighbourGraph(n, float(radius), nothing, nothing, np.empty(0))
    # Points that lie together in space then lie together in memory, which halves the time of a million points.
    order = cKDTree(points, balanced_tree=False, compact_nodes=False).indices
    tree = cKDTree(points[order], balanced_tree=False, compact_nodes=False)
    refuse_dense(tree, radius, most_pairs)
    # The tree's radius is a shade larger: its own test may round differently from the distance below.
    pairs = tree.query_pairs(radius * (1.0 + 1e-12), output_type="ndarray")
    near, far = pairs[:, 0], pairs[:, 1]
    squared = np.zeros(len(pairs))
    for column in range(points.shape[1]):
        values = tree.data[:, column]
        squared += (values[near] - values[far]) ** 2
    kept = squared <= radius * radius
    numbers = order.astype(np.int32)
    return NeighbourGraph(n, float(radius), numbers[near[kept]], numbers[far[kept]], np.sqrt(squared[kept]))


def refuse_dense(tree: cKDTree, radius: float, most_pairs: int = MOST_PAIRS) -> None:
    """Raise DenseNeighbourhoodError when the pairs within eps would be too many; counts a sample of the points."""
    n = tree.n
    if n * (n - 1) // 2 <= most_pairs:
        return
    sample = tree.data[:: max(n // _SAMPLE, 1)]
    mean = float(np.mean(tree.query_ball_point(sample, radius, return_length=True))) - 1.0
    if mean * n / 2 > most_pairs:
        raise DenseNeighbourhoodError(
            f"within eps {radius:g} a star has about {mean:,.0f} neighbours, {mean * n / 2:,.0f} pairs in all, and "
            f"at most {most_pairs:,} are held: nearly all would be one group. Choose a smaller eps or fewer stars"
        )
