"""The same verdicts star by star and kind by kind: categories, magnitudes, dust, regions of the sky, masses; errors."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from core.gaia.categories import CATEGORIES, HARD_NEGATIVES
from core.gaia.labels import THRESHOLD
from core.statistics.intervals import Interval, rate_interval

UNKNOWN_GROUP = "unknown"
_G_EDGES = (6.0, 8.0, 10.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0)
_A_V_EDGES = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_MASS_EDGES = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0)


@dataclass(frozen=True)
class GroupResult:
    """The verdicts on one group of stars.

    Attributes
    ----------
    group : str
    n_massive, n_low_mass, n_found, n_false : int
        Stars of both classes, and how many of each are called massive.
    completeness, false_positive_rate : Interval
        Exact (Clopper-Pearson); value None without a star of the class.
    accuracy : Interval
    """

    group: str
    n_massive: int
    n_low_mass: int
    n_found: int
    n_false: int
    completeness: Interval
    false_positive_rate: Interval
    accuracy: Interval


def _bins(edges: tuple[float, ...], symbol: str, unit: str) -> Callable[[pd.Series], tuple[np.ndarray, list[str]]]:
    """Names of half-open intervals, and the interval of each value."""
    names = [f"{symbol} < {edges[0]:g}{unit}"]
    names += [f"{low:g}–{high:g}{unit}" for low, high in pairwise(edges)]
    names += [f"{symbol} ≥ {edges[-1]:g}{unit}"]

    def assign(values: pd.Series) -> tuple[np.ndarray, list[str]]:
        number = np.searchsorted(edges, values.to_numpy(dtype=np.float64), side="right")
        return np.where(values.notna(), np.array(names, dtype=object)[number], UNKNOWN_GROUP), names

    return assign


def _categories(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    return values.fillna(UNKNOWN_GROUP).to_numpy(dtype=object), [category.name for category in CATEGORIES]


def sky_regions(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Region of each star (by Galactic latitude, in the plane also inner or outer) and the regions' order."""
    from core.gaia.frames import galactic

    l_deg, b_deg = galactic(np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64))
    height, inner = np.abs(b_deg), (l_deg < 90) | (l_deg > 270)
    names = ["|b| < 2°, inner", "|b| < 2°, outer", "|b| 2–10°, inner", "|b| 2–10°, outer", "|b| 10–30°", "|b| ≥ 30°"]
    conditions = [height < 2, height < 2, height < 10, height < 10, height < 30, height >= 30]
    halves = [inner, ~inner, inner, ~inner, True, True]
    chosen = [np.asarray(c & h) for c, h in zip(conditions, halves, strict=True)]
    return np.select(chosen, names, default=UNKNOWN_GROUP).astype(object), names


BREAKDOWNS: dict[str, tuple[str, str]] = {
    "category": ("Category", "category"),
    "magnitude": ("G magnitude", "phot_g_mean_mag"),
    "extinction": ("Extinction A_V", "true_a_v"),
    "sky": ("Sky region", "ra"),
    "mass": ("Initial mass", "true_mass"),
}
"""Name to title and the column that it needs."""
_ASSIGN = {
    "category": _categories,
    "magnitude": _bins(_G_EDGES, "G", " mag"),
    "extinction": _bins(_A_V_EDGES, "A_V", " mag"),
    "mass": _bins(_MASS_EDGES, "M", " M☉"),
}


def available_breakdowns(table: pd.DataFrame) -> list[str]:
    """Names of BREAKDOWNS whose column the table has."""
    return [name for name, (_, column) in BREAKDOWNS.items() if column in table]


def break_down(table: pd.DataFrame, by: str, threshold: float = THRESHOLD) -> list[GroupResult]:
    """The verdicts of every group that holds a star, in the groups' own order; stars without the value come last.

    Parameters
    ----------
    table : DataFrame with label (1 massive), probability, and the column that `by` needs
    by : one of BREAKDOWNS
    """
    if by == "sky":
        group, order = sky_regions(table["ra"].to_numpy(), table["dec"].to_numpy())
    else:
        group, order = _ASSIGN[by](table[BREAKDOWNS[by][1]])
    massive = table["label"].to_numpy() == 1
    called = table["probability"].to_numpy() >= threshold
    held = set(group)
    names = [name for name in order if name in held] + sorted(held - set(order))
    return [_group_result(str(name), massive[group == name], called[group == name]) for name in names]


def _group_result(name: str, massive: np.ndarray, called: np.ndarray) -> GroupResult:
    n_massive, n_low_mass = int(massive.sum()), int((~massive).sum())
    found, false = int((massive & called).sum()), int((~massive & called).sum())
    right = found + n_low_mass - false
    return GroupResult(
        name,
        n_massive,
        n_low_mass,
        found,
        false,
        rate_interval(found, n_massive),
        rate_interval(false, n_low_mass),
        rate_interval(right, len(massive)),
    )


def simulated_contaminants(table: pd.DataFrame, threshold: float = THRESHOLD) -> list[GroupResult]:
    """False positives among the low-mass stars of every hard-negative category that the table holds."""
    if "category" not in table:
        return []
    negatives = table[(table["label"] == 0) & table["category"].isin(HARD_NEGATIVES)]
    return break_down(negatives, "category", threshold)


def wrong_verdicts(table: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Stars with a wrong verdict, the most confident first.

    Adds `kind` ('false positive' or 'false negative') and `surprise`, the probability given to the wrong class.
    """
    massive, called = table["label"] == 1, table["probability"] >= threshold
    wrong = table[massive != called].copy()
    truth = wrong["label"] == 1
    wrong["kind"] = np.where(truth, "false negative", "false positive")
    wrong["surprise"] = np.where(truth, 1 - wrong["probability"], wrong["probability"])
    return wrong.sort_values("surprise", ascending=False, kind="stable").reset_index(drop=True)
