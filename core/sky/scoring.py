"""Completeness and purity of groups where the true associations are known."""

import numpy as np
import pandas as pd

TESTED_PC, LEAST_MEMBERS = 2000.0, 20
"""Associations of at least so many stars within this distance are scored."""


def score_groups(
    group: np.ndarray, table: pd.DataFrame, *, farthest_pc: float = TESTED_PC, least_members: int = LEAST_MEMBERS
) -> pd.DataFrame:
    """How well groups give back true associations.

    Parameters
    ----------
    group : ndarray of shape (n,)
        Found groups; -1 for noise.
    table : DataFrame of n rows
        true_group (-1: field) and true_distance_pc.

    Returns
    -------
    DataFrame with the columns association, members, distance_pc, group, completeness, purity
        One row per association of at least `least_members` stars with a median distance below `farthest_pc`. `group`
        holds most of its members (-1: all are noise), `completeness` is the share of the members in it, `purity` the
        members' share of it.
    """
    true, distance = table["true_group"].to_numpy(), table["true_distance_pc"].to_numpy()
    rows = []
    for name in np.unique(true[true >= 0]):
        member = true == name
        if member.sum() < least_members or np.median(distance[member]) > farthest_pc:
            continue
        found = group[member]
        found = found[found >= 0]
        best = int(np.bincount(found).argmax()) if len(found) else -1
        shared = int((found == best).sum()) if len(found) else 0
        purity = shared / int((group == best).sum()) if len(found) else 0.0
        rows.append((name, int(member.sum()), np.median(distance[member]), best, shared / member.sum(), purity))
    return pd.DataFrame(rows, columns=["association", "members", "distance_pc", "group", "completeness", "purity"])
