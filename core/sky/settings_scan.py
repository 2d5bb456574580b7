"""How the outcome depends on eps and min_samples: the table behind a heat map."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.sky.associations import Settings, neighbour_graph, with_eps
from core.sky.dbscan import NOISE, dbscan_of_graph
from core.sky.star_places import StarPlaces, notes_on

COLUMNS = ("eps", "min_samples", "n_groups", "noise_fraction", "largest_fraction")


def scan_settings(
    places: StarPlaces,
    settings: Settings,
    eps_values: Sequence[float],
    min_samples_values: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Group the same stars with every pair of settings; neighbours are looked for once, at the largest eps.

    Parameters
    ----------
    places : StarPlaces
    settings : Settings
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
    for eps in eps_values:
        with_eps(settings, eps).check()
    note = notes_on(places, distance=settings.space != "sky", motion=settings.space == "position-velocity")
    stars = places.take(np.flatnonzero(note == ""))
    widest = neighbour_graph(stars, with_eps(settings, max(eps_values)))
    rows = []
    for eps in sorted(eps_values):
        graph = widest.shrink(with_eps(settings, eps).eps)
        for min_samples in min_samples_values:
            group = dbscan_of_graph(graph, min_samples).group
            sizes = np.bincount(group[group > NOISE])
            n = len(group) or np.nan
            rows.append((eps, min_samples, len(sizes), (group == NOISE).sum() / n, sizes.max(initial=0) / n))
            if progress is not None:
                progress(len(rows), len(eps_values) * len(min_samples_values))
    return pd.DataFrame(rows, columns=list(COLUMNS))
