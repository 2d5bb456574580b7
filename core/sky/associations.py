"""Associations: stars that lie together in space, and move together, found with DBSCAN or HDBSCAN."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.errors import MissingColumnError, UsageError
from core.sky.aware import find_aware_neighbours
from core.sky.dbscan import NOISE, Grouping, dbscan_of_graph
from core.sky.neighbours import MOST_PAIRS, NeighbourGraph, find_neighbours
from core.sky.settings import ALGORITHMS, ERRORS, SPACES, STUDY, SUGGESTED, GroupingSettings
from core.sky.star_places import StarPlaces, notes_on, star_places

__all__ = [
    "ALGORITHMS", "ERRORS", "SPACES", "STUDY", "SUGGESTED", "Associations", "GroupingSettings",
    "associations_of", "coordinates", "find_associations", "group_places", "neighbour_graph", "with_eps",
]  # fmt: skip


@dataclass(frozen=True)
class Associations:
    """Groups of a table of n stars.

    Attributes
    ----------
    settings : GroupingSettings
    places : StarPlaces
        Of all n stars.
    note : object ndarray of shape (n,)
        Why a star could not take part, '' where it did.
    group : int64 ndarray of shape (n,)
        From 0 on, -1 for noise and for stars that took no part.
    core : bool ndarray of shape (n,)
        Core points of DBSCAN; for HDBSCAN, which has none, all members.
    """

    settings: GroupingSettings
    places: StarPlaces
    note: np.ndarray
    group: np.ndarray
    core: np.ndarray

    @property
    def took_part(self) -> np.ndarray:
        """Stars with all that the space needs."""
        return self.note == ""

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.group.max(initial=NOISE)) + 1

    @property
    def n_noise(self) -> int:
        """Stars that took part and are in no group."""
        return int((self.took_part & (self.group == NOISE)).sum())

    def summary(self) -> str:
        """The outcome in a sentence, empty states included."""
        n, stars = len(self.note), int(self.took_part.sum())
        if not stars:
            return f"None of {n:,} stars has what the space {self.settings.space!r} needs"
        if not self.n_groups:
            return f"No group among {stars:,} stars: all are noise at these settings; try a larger eps or fewer samples"
        largest = int(np.bincount(self.group[self.group >= 0]).max())
        text = (
            f"{self.n_groups:,} group{'s' if self.n_groups > 1 else ''} among {stars:,} stars, {self.n_noise:,} noise"
        )
        if self.n_groups == 1 and largest > 0.5 * stars:
            return f"{text}; one group holds {largest / stars:.0%} of them: eps is too large to tell groups apart"
        return text


def find_associations(
    table: pd.DataFrame,
    *,
    eps_pc: float = GroupingSettings.eps_pc,
    min_samples: int = GroupingSettings.min_samples,
    space: str = GroupingSettings.space,
    algorithm: str = GroupingSettings.algorithm,
    errors: str = GroupingSettings.errors,
    weight_pc_per_kms: float = GroupingSettings.weight_pc_per_kms,
    eps_deg: float = GroupingSettings.eps_deg,
    distance_method: str | None = None,
) -> Associations:
    """Find groups of stars.

    Parameters
    ----------
    table : DataFrame of shape (n, ...)
        Columns as in `star_places.star_places`; pmra and pmdec for 'position-velocity'.
    eps_pc : float
        Radius of DBSCAN in pc. HDBSCAN does without.
    min_samples : int
        Stars within the radius, the star itself included, that make it a core point; for HDBSCAN the smallest group.
    space : 'position', 'position-velocity' or 'sky'
    algorithm : 'dbscan' or 'hdbscan'
        HDBSCAN is scikit-learn's (Campello, Moulavi & Sander 2013).
    errors : 'ignore' or 'aware'
        'aware' measures separations as `core.sky.aware` does; 'sky' has no distances, so that it changes nothing there.
    weight_pc_per_kms : float
        How many parsecs count as much as 1 km/s.
    eps_deg : float
        Radius of DBSCAN for 'sky', degrees.
    distance_method : key of `distances.METHODS` or None
        See `star_places.star_places`.

    Raises
    ------
    UsageError
        A setting that cannot be meant; its kind DenseNeighbourhoodError when eps takes in nearly everything.
    MissingColumnError
        A column that is needed is not in the table.
    """
    settings = GroupingSettings(eps_pc, min_samples, space, algorithm, errors, weight_pc_per_kms, eps_deg)
    settings.check()
    if settings.needs_motion and not {"pmra", "pmdec"} <= set(table.columns):
        raise MissingColumnError("the space 'position-velocity' needs the columns pmra and pmdec (mas/yr)")
    return associations_of(star_places(table, distance_method), settings)


def associations_of(places: StarPlaces, settings: GroupingSettings) -> Associations:
    """The groups of stars whose places are known already."""
    settings.check()
    note = notes_on(places, distance=settings.needs_distance, motion=settings.needs_motion)
    rows = np.flatnonzero(note == "")
    group, core = np.full(len(places), NOISE, dtype=np.int64), np.zeros(len(places), dtype=bool)
    grouping = group_places(places.take(rows), settings)
    group[rows], core[rows] = grouping.group, grouping.core
    return Associations(settings, places, note, group, core)


def group_places(places: StarPlaces, settings: GroupingSettings) -> Grouping:
    """Group stars that all have what the space needs."""
    if settings.algorithm == "hdbscan":
        return _hdbscan(coordinates(places, settings), settings.min_samples)
    return dbscan_of_graph(neighbour_graph(places, settings), settings.min_samples)


def neighbour_graph(places: StarPlaces, settings: GroupingSettings, most_pairs: int = MOST_PAIRS) -> NeighbourGraph:
    """The graph at the settings' eps; `shrink` it for smaller ones. DenseNeighbourhoodError above `most_pairs`."""
    if settings.errors == "aware" and settings.needs_distance:
        if len(places) and not places.has_distance_errors:
            raise UsageError("errors 'aware' needs the errors of the distances: add a column parallax_error (mas)")
        weight = settings.weight_pc_per_kms if settings.needs_motion else 0.0
        return find_aware_neighbours(places, settings.radius, weight, most_pairs=most_pairs)
    return find_neighbours(coordinates(places, settings), settings.radius, most_pairs=most_pairs)


def coordinates(places: StarPlaces, settings: GroupingSettings) -> np.ndarray:
    """Points whose Euclidean distance the space means: (n, 3), or (n, 6) with velocities."""
    if settings.space == "sky":
        return places.direction
    if settings.space == "position":
        return places.position_pc
    return np.concatenate([places.position_pc, settings.weight_pc_per_kms * places.velocity_kms], axis=1)


def with_eps(settings: GroupingSettings, radius: float) -> GroupingSettings:
    """The same settings at another radius, in pc or for 'sky' in degrees."""
    return replace(settings, eps_deg=radius) if settings.space == "sky" else replace(settings, eps_pc=radius)


def _hdbscan(points: np.ndarray, min_samples: int) -> Grouping:
    if len(points) <= min_samples:
        return Grouping(np.full(len(points), NOISE, dtype=np.int64), np.zeros(len(points), dtype=bool))
    from sklearn.cluster import HDBSCAN

    group = HDBSCAN(min_cluster_size=min_samples, copy=True).fit(points).labels_.astype(np.int64)
    return Grouping(group, group >= 0)
