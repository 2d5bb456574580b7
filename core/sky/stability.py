"""How well groups survive the errors of the astrometry."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.sky.associations import Associations, group_places


def group_stability(
    found: Associations,
    rng: np.random.Generator,
    n_draws: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Draw all stars anew from their errors, group them again, and look for each group in the outcome.

    Parameters
    ----------
    found : Associations
    rng : Generator
    n_draws : int
    progress : function of (draws done, draws asked for) or None

    Returns
    -------
    DataFrame with the columns group, stability and recovered
        `stability` is the mean over the draws of the largest Jaccard overlap with any new group (Hennig 2007, Comput.
        Stat. Data Anal. 52, 258: above 0.75 a group is stable, below 0.5 it dissolves); `recovered` is the share of
        draws with an overlap of at least 0.5. NaN where no star has a known error.

    Raises
    ------
    UsageError
        n_draws below 1.
    """
    if n_draws < 1:
        raise UsageError(f"cannot resample {n_draws} times; ask for at least 1")
    rows = np.flatnonzero(found.took_part)
    places, before = found.places.take(rows), found.group[rows]
    best = np.full((n_draws, found.n_groups), np.nan)
    has_errors = places.has_distance_errors or bool(np.isfinite(places.motion_error).any())
    if has_errors and found.n_groups:
        for draw in range(n_draws):
            after = group_places(places.resampled(rng), found.settings).group
            best[draw] = best_overlaps(before, after)
            if progress is not None:
                progress(draw + 1, n_draws)
    known = np.isfinite(best).all(axis=0)
    return pd.DataFrame(
        {
            "group": np.arange(found.n_groups),
            "stability": np.where(known, best.mean(axis=0), np.nan),
            "recovered": np.where(known, (best >= 0.5).mean(axis=0), np.nan),
        }
    )


def best_overlaps(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Largest Jaccard overlap of each group of `before` with any group of `after`, shape (n_groups_before,).

    >>> best_overlaps(np.array([0, 0, 0, -1]), np.array([1, 1, -1, 0])).round(2)
    array([0.67])
    """
    n_before, n_after = int(before.max(initial=-1)) + 1, int(after.max(initial=-1)) + 1
    if not n_after:
        return np.zeros(n_before)
    both = (before >= 0) & (after >= 0)
    pair, count = np.unique(before[both] * n_after + after[both], return_counts=True)
    old, new = pair // n_after, pair % n_after
    sizes_before = np.bincount(before[before >= 0], minlength=n_before)
    sizes_after = np.bincount(after[after >= 0], minlength=n_after)
    best = np.zeros(n_before)
    np.maximum.at(best, old, count / (sizes_before[old] + sizes_after[new] - count))
    return best
