"""Groups under a slider: neighbours within a range of eps are found once, and every stop of the slider is ready."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.sky.associations import Associations, GroupingSettings, associations_of, neighbour_graph, with_eps
from core.sky.dbscan import NOISE
from core.sky.eps_sweep import EpsSweep, SortedNeighbours, sort_neighbours, sweep_eps
from core.sky.neighbours import DenseNeighbourhoodError
from core.sky.star_places import StarPlaces, notes_on

RANGES_PC, RANGES_DEG = ((60.0, 1.5), (150.0, 2.5), (600.0, 10.0)), ((2.0, 0.05), (10.0, 0.25), (40.0, 1.0))
"""Ends of the slider and its step, in pc and for the space 'sky' in degrees: the first that holds eps is taken."""
MOST_PAIRS = 6_000_000
"""Pairs of neighbours that are sorted for a slider: a few seconds' work."""
MANY_STARS = 30_000
"""Above this number the slider has half as many stops."""


@dataclass(frozen=True)
class Neighbourhoods:
    """The stars that take part, with their neighbours up to the end of the slider.

    Attributes
    ----------
    places : StarPlaces
        Of all n stars.
    note : object ndarray of shape (n,)
        Why a star takes no part, '' where it does.
    rows : int64 ndarray of shape (n_part,)
        Stars that take part.
    neighbours : SortedNeighbours
        Of those, up to the end of the range.
    end : float
        End of the slider, in pc or degrees.
    """

    places: StarPlaces
    note: np.ndarray
    rows: np.ndarray
    neighbours: SortedNeighbours
    end: float


def slider_range(space: str, radius: float) -> tuple[float, float]:
    """End and step of the slider that holds eps."""
    ranges = RANGES_DEG if space == "sky" else RANGES_PC
    return next((item for item in ranges if item[0] >= radius), ranges[-1])


def stops(space: str, end: float, radius: float, n_stars: int) -> np.ndarray:
    """Values of the slider in ascending order, eps among them."""
    step = slider_range(space, end)[1] * (2 if n_stars > MANY_STARS else 1)
    values = np.round(np.arange(step, end + step / 2, step), 6)
    return np.unique(np.append(values[values <= end], radius))


def find_neighbourhoods(places: StarPlaces, settings: GroupingSettings, most_pairs: int = MOST_PAIRS) -> Neighbourhoods:
    """The neighbours up to the end of the slider that holds the settings' eps.

    Raises
    ------
    UsageError
        As `associations.find_associations`; DenseNeighbourhoodError where already the settings' own eps is too large.
    """
    settings.check()
    radius = settings.eps_in_unit
    end = max(slider_range(settings.space, radius)[0], radius)
    note = notes_on(places, distance=settings.needs_distance, motion=settings.needs_motion)
    rows = np.flatnonzero(note == "")
    part = places.take(rows)
    try:
        graph = neighbour_graph(part, with_eps(settings, end), most_pairs)
    except DenseNeighbourhoodError:
        end = radius  # the slider ends here
        graph = neighbour_graph(part, settings, most_pairs)
    return Neighbourhoods(places, note, rows, sort_neighbours(graph), end)


def sweep_slider(found: Neighbourhoods, settings: GroupingSettings) -> EpsSweep:
    """The groups at every stop of the slider; `radius` of the result is in pc or degrees."""
    values = stops(settings.space, found.end, settings.eps_in_unit, len(found.rows))
    radii = [with_eps(settings, value).radius for value in values]
    return replace(sweep_eps(found.neighbours, radii, settings.min_samples), radius=values)


def associations_at(found: Neighbourhoods, sweep: EpsSweep, settings: GroupingSettings) -> Associations:
    """The groups at the settings' eps, one of the stops; equal to `associations.associations_of`."""
    stop = int(np.argmin(np.abs(sweep.radius - settings.eps_in_unit)))
    group = np.full(len(found.places), NOISE, dtype=np.int64)
    core = np.zeros(len(found.places), dtype=bool)
    group[found.rows], core[found.rows] = sweep.group[stop], sweep.core[stop]
    return Associations(with_eps(settings, float(sweep.radius[stop])), found.places, found.note, group, core)


def single_stop(
    places: StarPlaces, settings: GroupingSettings, groups: pd.DataFrame | None = None
) -> tuple[Associations, EpsSweep]:
    """HDBSCAN, which has no eps: its groups, and a sweep with this one stop (of the stars that take part).

    `groups` (group and core of every star, as `core.sky.job` finds them) spares finding them again.
    """
    if groups is None:
        found = associations_of(places, settings)
    else:
        note = notes_on(places, distance=settings.needs_distance, motion=settings.needs_motion)
        found = Associations(settings, places, note, groups["group"].to_numpy(), groups["core"].to_numpy())
    part = found.took_part
    names = np.arange(found.n_groups, dtype=np.int32)
    return found, EpsSweep(np.array([0.0]), found.group[part].astype(np.int32)[None], found.core[part][None], (names,))
