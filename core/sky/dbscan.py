"""DBSCAN on a graph of neighbours: core points and their groups equal scikit-learn's, many times faster.

Ester, Kriegel, Sander & Xu 1996 (KDD-96, 226): a core point has at least min_samples points within eps, itself
included; groups are the connected components of the core points; a border point, which is near a core point without
being one, may go to any group that reaches it. Here it goes to the group of its nearest core point, so that the
result does not depend on the order of the rows.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.errors import UsageError
from core.sky.neighbours import NeighbourGraph, find_neighbours

NOISE = -1


@dataclass(frozen=True)
class Grouping:
    """Groups of n points: `group` (n,) from 0 on, -1 for noise; `core` (n,) tells core points.

    Groups are numbered as scikit-learn does it, by their first core point.
    """

    group: np.ndarray
    core: np.ndarray

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.group.max(initial=NOISE)) + 1


def dbscan(points: np.ndarray, radius: float, min_samples: int) -> Grouping:
    """DBSCAN of points (n, n_dimensions) with Euclidean distances; errors as in `neighbours.find_neighbours`.

    >>> dbscan(np.array([[0.0], [1.0], [9.0]]), 1.5, 2).group
    array([ 0,  0, -1])
    """
    return dbscan_of_graph(find_neighbours(points, radius), min_samples)


def dbscan_of_graph(graph: NeighbourGraph, min_samples: int) -> Grouping:
    """DBSCAN at the graph's eps (UsageError when min_samples is below 1)."""
    if min_samples < 1:
        raise UsageError(f"min_samples is {min_samples}; it must be at least 1")
    core = graph.neighbour_counts() >= min_samples
    group = np.full(graph.n_points, NOISE, dtype=np.int64)
    first_is_core, second_is_core = core[graph.first], core[graph.second]
    _group_core_points(graph, core, first_is_core & second_is_core, group)
    _attach_border(graph, first_is_core, second_is_core, group)
    return Grouping(group, core)


def _group_core_points(graph: NeighbourGraph, core: np.ndarray, between_cores: np.ndarray, group: np.ndarray) -> None:
    rows = np.flatnonzero(core)
    if not len(rows):
        return
    number = np.empty(graph.n_points, dtype=np.int32)
    number[rows] = np.arange(len(rows), dtype=np.int32)
    ends = number[graph.first[between_cores]], number[graph.second[between_cores]]
    links = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(len(rows), len(rows)))
    _, component = connected_components(links, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    group[rows] = rank[inverse]


def _attach_border(
    graph: NeighbourGraph, first_is_core: np.ndarray, second_is_core: np.ndarray, group: np.ndarray
) -> None:
    outward, inward = first_is_core & ~second_is_core, second_is_core & ~first_is_core
    core_end = np.concatenate([graph.first[outward], graph.second[inward]])
    border = np.concatenate([graph.second[outward], graph.first[inward]])
    distance = np.concatenate([graph.distance[outward], graph.distance[inward]])
    order = np.lexsort((core_end, distance, border))  # by border point, its nearest core point first
    _, first = np.unique(border[order], return_index=True)
    nearest = order[first]
    group[border[nearest]] = group[core_end[nearest]]
