"""How the outcome depends on eps and min_samples: the table behind a heat map."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.sky.associations import GroupingSettings, neighbour_graph, with_eps
from core.sky.dbscan import NOISE
from core.sky.eps_sweep import sort_neighbours, sweep_eps
from core.sky.star_places import StarPlaces, notes_on

COLUMNS = ("eps", "min_samples", "n_groups", "noise_fraction", "largest_fraction")


def scan_settings(
    places: StarPlaces,
    settings: GroupingSettings,
    eps_values: Sequence[float],
    min_samples_values: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Group the same stars with every pair of settings; neighbours are looked for once, at the largest eps.

    Parameters
    ----------
    places : StarPlaces
    settings : GroupingSettings
        Space, metric and weight; the algorithm must be 'dbscan'.
    eps_values : sequence of float
        In pc, or for the space 'sky' in degrees.
    min_samples_values : sequence of int
    progress : function of (pairs done, pairs asked for) or None

    Returns
    -------
    DataFrame with `COLUMNS`, one row per pair
        Noise and the largest group as shares of the stars that took part (NaN without any).

    Raises
    ------
    UsageError
        No values, a value that cannot be meant, or HDBSCAN; DenseNeighbourhoodError for too large an eps.
    """
    if not len(eps_values) or not len(min_samples_values):
        raise UsageError("nothing to scan: give at least one eps and one min_samples")
    if settings.algorithm != "dbscan":
        raise UsageError(f"{settings.algorithm!r} has no eps to scan: choose the algorithm 'dbscan'")
    for radius in eps_values:
        with_eps(settings, radius).check()
    note = notes_on(places, distance=settings.needs_distance, motion=settings.needs_motion)
    stars = places.take(np.flatnonzero(note == ""))
    widest = neighbour_graph(stars, with_eps(settings, max(eps_values)))
    neighbours, eps_values = sort_neighbours(widest), sorted(set(eps_values))
    radii = [with_eps(settings, radius).radius for radius in eps_values]
    n = len(stars) or np.nan
    rows = []
    for done, min_samples in enumerate(min_samples_values, start=1):
        sweep = sweep_eps(neighbours, radii, min_samples)
        largest = [np.bincount(group[group > NOISE]).max(initial=0) for group in sweep.group]
        counts = zip(eps_values, sweep.n_groups, sweep.n_noise, largest, strict=True)
        rows += [(radius, min_samples, groups, noise / n, most / n) for radius, groups, noise, most in counts]
        if progress is not None:
            progress(done * len(eps_values), len(eps_values) * len(min_samples_values))
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["eps", "min_samples"], ignore_index=True)
