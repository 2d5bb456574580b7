"""Neighbours under a metric that knows the errors of distances, so that groups are not torn along the line of sight.

For stars i and j at distances d with errors s, directions u and proper motions m, the squared separation is

    d_i d_j |u_i - u_j|^2  +  (d_i - d_j)^2 S^2 / (S^2 + s_i^2 + s_j^2)  +  (w 4.74 m_ij)^2 d_i d_j

with the depth S of an association, the weight w in pc per km/s and m_ij = |m_i - m_j|. Without errors the first two
terms are the squared distance in space, exactly. With errors far above S the second is the number of standard errors
between the two distances, in units of S. The velocity term compares both stars at one distance, because the error of
a distance would otherwise shear the velocities of a group as well. It is no Euclidean metric, so pairs are looked for
in shells of distance with coordinates that never exceed it, and then tested one by one.
"""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from core.gaia.frames import KMS_PER_MAS_YR_KPC
from core.sky.neighbours import MOST_PAIRS, NeighbourGraph, refuse_dense
from core.sky.settings import check_eps
from core.sky.star_places import StarPlaces

DEPTH_PC = 20.0
"""S: standard deviation of an association along one axis (Mel'nik & Dambis 2017, MNRAS 472, 3887: 10-100 pc across)."""
LARGEST_ERROR = 0.15
"""Larger relative errors count as this one: otherwise a star whose distance is unknown would join everything."""
_SHELL = 1.2


def separation(places: StarPlaces, first: np.ndarray, second: np.ndarray, weight_pc_per_kms: float) -> np.ndarray:
    """Error-aware separation in pc of pairs of stars, ndarray of shape (n_pairs,); weight 0 leaves motions out."""
    distance, error = places.distance.distance_pc, _errors(places)
    product = distance[first] * distance[second]
    squared = product * _squared_norm(places.direction[first] - places.direction[second])
    depth = DEPTH_PC**2 / (DEPTH_PC**2 + error[first] ** 2 + error[second] ** 2)
    squared += (distance[first] - distance[second]) ** 2 * depth
    if weight_pc_per_kms > 0:
        scale = (weight_pc_per_kms * KMS_PER_MAS_YR_KPC / 1000.0) ** 2
        squared += scale * product * _squared_norm(places.motion[first] - places.motion[second])
    return np.sqrt(squared)


def find_aware_neighbours(
    places: StarPlaces, eps_pc: float, weight_pc_per_kms: float = 0.0, *, most_pairs: int = MOST_PAIRS
) -> NeighbourGraph:
    """All pairs of stars whose error-aware separation is at most `eps_pc`; errors as `neighbours.find_neighbours`."""
    check_eps(eps_pc)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    n_pairs = 0
    for rows, low, high, reach in _shells(places, eps_pc):
        points = _lower_bound(places, rows, low, eps_pc / reach, weight_pc_per_kms)
        tree = cKDTree(points, balanced_tree=False)
        refuse_dense(tree, eps_pc, most_pairs - n_pairs)
        pairs = rows[tree.query_pairs(eps_pc * (1.0 + 1e-9), output_type="ndarray")].reshape(-1, 2)
        nearer = places.distance.distance_pc[pairs].min(axis=1)
        pairs = pairs[(nearer >= low) & (nearer < high)]
        distance = separation(places, pairs[:, 0], pairs[:, 1], weight_pc_per_kms)
        kept = distance <= eps_pc
        parts.append((pairs[kept, 0], pairs[kept, 1], distance[kept]))
        n_pairs += int(kept.sum())
    first, second, distance = (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else _nothing()
    return NeighbourGraph(len(places), float(eps_pc), first.astype(np.int32), second.astype(np.int32), distance)


def _shells(places: StarPlaces, eps_pc: float) -> Iterator[tuple[np.ndarray, float, float, float]]:
    """Stars of each shell and those behind it that may pair with them; its limits; the largest depth of a pair."""
    distance, error = places.distance.distance_pc, _errors(places)
    reach = eps_pc / DEPTH_PC * np.sqrt(DEPTH_PC**2 + 2.0 * error**2)
    low = float(distance.min(initial=np.inf))
    while np.isfinite(low):
        high = low * _SHELL
        inside = (distance >= low) & (distance < high)
        most = float(reach[inside].max())
        rows = np.flatnonzero((distance >= low) & (distance - np.maximum(reach, most) < high))
        yield rows, low, high, float(reach[rows].max())
        low = float(distance[distance >= high].min(initial=np.inf))


def _lower_bound(places: StarPlaces, rows: np.ndarray, low_pc: float, depth: float, weight: float) -> np.ndarray:
    """Coordinates whose Euclidean distance is never above the separation for stars beyond `low_pc`."""
    columns = [places.direction[rows] * low_pc, places.distance.distance_pc[rows, None] * min(depth, 1.0)]
    if weight > 0:
        columns.append(places.motion[rows] * (low_pc * weight * KMS_PER_MAS_YR_KPC / 1000.0))
    return np.concatenate(columns, axis=1)


def _errors(places: StarPlaces) -> np.ndarray:
    return np.minimum(places.distance_error_pc, LARGEST_ERROR * places.distance.distance_pc)


def _squared_norm(vectors: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", vectors, vectors)


def _nothing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
