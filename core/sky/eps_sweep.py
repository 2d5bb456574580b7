"""The groups of DBSCAN for a whole series of radii at once, so that a slider can be followed while it is dragged.

For a fixed min_samples the groups at every eps are cuts of one tree: the minimum spanning tree of the distances
max(d_ij, c_i, c_j), where c is the distance at which a star becomes a core point (Campello, Moulavi & Sander 2013,
PAKDD, LNCS 7819, 160). The tree is built once; each radius then costs one pass over its n - 1 branches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from core.errors import UsageError
from core.sky.dbscan import NOISE, Grouping
from core.sky.neighbours import NeighbourGraph

_NEVER = np.inf


@dataclass(frozen=True)
class SortedNeighbours:
    """A neighbour graph from the side of each point: row i holds its neighbours, the nearest first.

    Attributes
    ----------
    graph : NeighbourGraph
    start : int64 ndarray of shape (n_points + 1,)
        Row i is the part start[i] to start[i + 1] of the next two.
    neighbour : int32 ndarray of shape (2 n_pairs,)
    distance : ndarray of shape (2 n_pairs,)
    """

    graph: NeighbourGraph
    start: np.ndarray
    neighbour: np.ndarray
    distance: np.ndarray

    def core_distances(self, min_samples: int) -> np.ndarray:
        """The smallest eps at which each point is a core point, (n_points,); infinite beyond the graph's eps."""
        if min_samples < 1:
            raise UsageError(f"min_samples is {min_samples}; it must be at least 1")
        if min_samples == 1:
            return np.zeros(self.graph.n_points)
        place = self.start[:-1] + (min_samples - 2)
        inside = place < self.start[1:]
        reached = np.full(self.graph.n_points, _NEVER)
        reached[inside] = self.distance[place[inside]]
        return reached


@dataclass(frozen=True)
class EpsSweep:
    """Groups of n points at each of several radii.

    Attributes
    ----------
    radius : ndarray of shape (n_eps,)
        Ascending, in the unit of the graph.
    group : int32 ndarray of shape (n_eps, n)
        As `dbscan.dbscan_of_graph` numbers them; -1 for noise.
    core : bool ndarray of shape (n_eps, n)
    lineage : tuple of n_eps int32 ndarrays
        A name for each group that it keeps from one radius to the next: of the groups that grow together, the one with
        most stars passes its name on. Colours by it do not jump while eps changes.
    """

    radius: np.ndarray
    group: np.ndarray
    core: np.ndarray
    lineage: tuple[np.ndarray, ...]

    @property
    def n_groups(self) -> np.ndarray:
        """Number of groups at each radius."""
        return np.array([len(names) for names in self.lineage])

    @property
    def n_noise(self) -> np.ndarray:
        """Number of noise points at each radius."""
        return (self.group == NOISE).sum(axis=1)

    def grouping(self, number: int) -> Grouping:
        """The outcome at the radius of this number."""
        return Grouping(self.group[number].astype(np.int64), self.core[number])


def sort_neighbours(graph: NeighbourGraph) -> SortedNeighbours:
    """Sort a graph for `sweep_eps`; worth keeping, since every min_samples can use it."""
    by_distance = np.argsort(graph.distance)
    first, second = graph.first[by_distance], graph.second[by_distance]
    # Sorting whole numbers is several times faster than sorting by two columns: point and rank share one number.
    key = np.concatenate([first, second]).astype(np.int64) << 32
    key[: len(first)] |= np.arange(len(first))
    key[len(first) :] |= np.arange(len(first))
    order = np.argsort(key)
    pair = key[order] & 0xFFFFFFFF
    ends, others = key[order] >> 32, np.concatenate([second, first]).astype(np.int32)[order]
    distance = graph.distance[by_distance][pair]
    _lower_number_first(ends, distance, others)
    start = np.zeros(graph.n_points + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=graph.n_points), out=start[1:])
    return SortedNeighbours(graph, start, others, distance)


def _lower_number_first(ends: np.ndarray, distance: np.ndarray, others: np.ndarray) -> None:
    """Put neighbours at equal distances into the order of their numbers, as `dbscan` prefers them."""
    same = (ends[1:] == ends[:-1]) & (distance[1:] == distance[:-1])
    if same.any():
        tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
        others[tied] = others[tied][np.lexsort((others[tied], distance[tied], ends[tied]))]


def sweep_eps(neighbours: SortedNeighbours, eps_values: Sequence[float] | np.ndarray, min_samples: int) -> EpsSweep:
    """Group at every radius (ascending; none above the graph's: UsageError) with results equal to `dbscan_of_graph`."""
    eps_values = np.asarray(eps_values, dtype=np.float64)
    graph, n = neighbours.graph, neighbours.graph.n_points
    if len(eps_values) and (eps_values[-1] > graph.radius or (np.diff(eps_values) <= 0).any()):
        raise UsageError(f"the radii must ascend and stay within {graph.radius:g}, the radius of the graph")
    reached = neighbours.core_distances(min_samples)
    ends, weight = _tree(graph, reached)
    border = _border_candidates(neighbours, reached, min_samples)
    groups = np.full((len(eps_values), n), NOISE, dtype=np.int32)
    cores = np.empty((len(eps_values), n), dtype=bool)
    lineage: list[np.ndarray] = []
    n_names = 0
    for row, radius in enumerate(eps_values):
        cores[row] = core = reached <= radius
        used = np.searchsorted(weight, radius, side="right")
        _number_groups(ends[:, :used], core, groups[row])
        _attach(border, radius, groups[row])
        before = groups[row - 1] if row else np.full(n, NOISE, dtype=np.int32)
        names, n_names = _inherit(before, lineage[-1] if row else np.empty(0, dtype=np.int32), groups[row], n_names)
        lineage.append(names)
    return EpsSweep(eps_values, groups, cores, tuple(lineage))


def _tree(graph: NeighbourGraph, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Branches (2, n_branches) of the spanning forest and their lengths, in ascending order."""
    weight = np.maximum(graph.distance, np.maximum(reached[graph.first], reached[graph.second]))
    known = np.isfinite(weight)
    # A sparse matrix takes 0 for "no branch": stars at the very same place get the smallest number above it.
    length = np.maximum(weight[known], np.finfo(np.float64).tiny)
    shape = (graph.n_points, graph.n_points)
    tree = minimum_spanning_tree(csr_array((length, (graph.first[known], graph.second[known])), shape=shape)).tocoo()
    order = np.argsort(tree.data)
    return np.stack([tree.row[order], tree.col[order]]), tree.data[order]


def _number_groups(ends: np.ndarray, core: np.ndarray, group: np.ndarray) -> None:
    n = len(core)
    links = coo_array((np.ones(ends.shape[1], dtype=np.int8), (ends[0], ends[1])), shape=(n, n))
    _, component = connected_components(links, directed=False)
    rows = np.flatnonzero(core)
    _, first, inverse = np.unique(component[rows], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    group[rows] = rank[inverse]


def _border_candidates(neighbours: SortedNeighbours, reached: np.ndarray, min_samples: int) -> tuple[np.ndarray, ...]:
    """Pairs of a point and a neighbour, nearest first, and the eps from and below which the latter may claim it.

    A point that is no core point has at most min_samples - 2 neighbours, so that a few pairs per point suffice.
    """
    count = np.minimum(np.diff(neighbours.start), max(min_samples - 2, 0))
    point = np.repeat(np.arange(len(count)), count)
    rank = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
    place = neighbours.start[point] + rank
    other = neighbours.neighbour[place]
    return point, other, np.maximum(neighbours.distance[place], reached[other]), reached[point]


def _attach(border: tuple[np.ndarray, ...], radius: float, group: np.ndarray) -> None:
    point, other, lowest, highest = border
    active = np.flatnonzero((lowest <= radius) & (radius < highest))
    nearest = active[np.concatenate([[True], np.diff(point[active]) > 0])] if len(active) else active
    group[point[nearest]] = group[other[nearest]]


def _inherit(before: np.ndarray, names: np.ndarray, after: np.ndarray, n_names: int) -> tuple[np.ndarray, int]:
    """Names of the groups `after`, and how many names are in use."""
    n_after = int(after.max(initial=NOISE)) + 1
    inherited = np.full(n_after, NOISE, dtype=np.int32)
    both = (before >= 0) & (after >= 0)
    pair, count = np.unique(before[both].astype(np.int64) * max(n_after, 1) + after[both], return_counts=True)
    order = np.argsort(count, kind="stable")  # the richest forefather comes last and stays
    inherited[pair[order] % max(n_after, 1)] = names[pair[order] // max(n_after, 1)]
    new = np.flatnonzero(inherited == NOISE)
    inherited[new] = np.arange(n_names, n_names + len(new), dtype=np.int32)
    return inherited, n_names + len(new)
