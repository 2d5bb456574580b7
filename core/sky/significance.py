"""How often a smooth disc would show a group as rich, at the same settings."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.gaia import frames
from core.sky.associations import Associations, group_places
from core.sky.star_places import StarPlaces

SMOOTHING_PC = 250.0
"""Stars are moved by this standard deviation along the plane: far above an association, below a spiral arm's width."""
_CELL_PC = 500.0
_NEAR_FACTOR = 1.5


def group_significance(
    found: Associations,
    rng: np.random.Generator,
    n_draws: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Compare each group with the groups of smooth discs made of the same stars.

    Returns
    -------
    DataFrame with the columns group, chance_groups and p_value
        `chance_groups` is the mean number of groups per smooth disc that have at least as many members and lie at a
        comparable distance (within a factor of 1.5; anywhere for the space 'sky'); `p_value` the share of discs with
        such a group, (k + 1) / (n_draws + 1), which bounds what n_draws can show.

    Raises
    ------
    UsageError
        n_draws below 1.
    """
    if n_draws < 1:
        raise UsageError(f"cannot draw {n_draws} smooth discs; ask for at least 1")
    rows = np.flatnonzero(found.took_part & np.isfinite(found.places.position_pc).all(axis=1))
    places, group = found.places.take(rows), found.group[rows]
    size, distance = _sizes_and_distances(group, places, found.n_groups)
    counts = np.zeros((n_draws, found.n_groups))
    for draw in range(n_draws if found.n_groups else 0):
        smooth = smooth_disc(places, rng)
        chance = group_places(smooth, found.settings).group
        its_size, its_distance = _sizes_and_distances(chance, smooth, int(chance.max(initial=-1)) + 1)
        near = np.abs(np.log(its_distance[None] / distance[:, None])) <= np.log(_NEAR_FACTOR)
        near |= not found.settings.needs_distance
        counts[draw] = (near & (its_size[None] >= size[:, None])).sum(axis=1)
        if progress is not None:
            progress(draw + 1, n_draws)
    return pd.DataFrame(
        {
            "group": np.arange(found.n_groups),
            "chance_groups": counts.mean(axis=0),
            "p_value": ((counts > 0).sum(axis=0) + 1.0) / (n_draws + 1.0),
        }
    )


def smooth_disc(places: StarPlaces, rng: np.random.Generator) -> StarPlaces:
    """The same stars without small-scale structure.

    Every star moves by `SMOOTHING_PC` (normal, in x and y); heights above the plane and velocities are shuffled, each
    for itself, among the stars that come from the same 500 pc x 500 pc cell of the plane. Density and motion of the
    disc on large scales, and each star's relative distance error, remain.
    """
    n = len(places)
    position = places.position_pc
    cell = _shuffled_within(np.floor(position[:, :2] / _CELL_PC).astype(np.int64), rng, n)
    moved = np.column_stack([position[:, :2] + SMOOTHING_PC * rng.standard_normal((n, 2)), position[cell[0], 2]])
    distance = np.maximum(np.linalg.norm(moved, axis=1), 1e-3)
    direction = moved / distance[:, None]
    speeds = frames.along_l_and_b(places.velocity_kms, places.direction)[cell[1]]
    stretch = distance / places.distance.distance_pc
    found = places.distance
    return replace(
        places,
        direction=direction,
        distance=replace(found, distance_pc=distance, near_pc=found.near_pc * stretch, far_pc=found.far_pc * stretch),
        motion=_motion_vectors(speeds, direction, distance),
    )


def _shuffled_within(cells: np.ndarray, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two independent permutations of 0..n-1 that exchange rows of equal cells only."""
    _, number = np.unique(cells, axis=0, return_inverse=True)
    number = number.reshape(-1)
    by_cell = np.argsort(number, kind="stable")
    permutations = []
    for _ in range(2):
        permutation = np.empty(n, dtype=np.int64)
        permutation[by_cell] = np.lexsort((rng.random(n), number))
        permutations.append(permutation)
    return permutations[0], permutations[1]


def _motion_vectors(speeds_kms: np.ndarray, direction: np.ndarray, distance_pc: np.ndarray) -> np.ndarray:
    longitude = np.deg2rad(frames.angles(direction)[0])
    to_l = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros_like(longitude)], axis=1)
    to_b = np.cross(direction, to_l)
    motion = speeds_kms[:, :1] * to_l + speeds_kms[:, 1:] * to_b
    return motion / (frames.KMS_PER_MAS_YR_KPC * distance_pc[:, None] / 1000.0)


def _sizes_and_distances(group: np.ndarray, places: StarPlaces, n_groups: int) -> tuple[np.ndarray, np.ndarray]:
    member = group >= 0
    size = np.bincount(group[member], minlength=n_groups)
    total = np.bincount(group[member], weights=places.distance.distance_pc[member], minlength=n_groups)
    return size, total / np.maximum(size, 1)
