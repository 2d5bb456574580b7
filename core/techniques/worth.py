"""What votes are worth where truth exists: completeness and purity at a prevalence, by threshold and kind of star."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

GAIA_PREVALENCE = 3e-4
A_V_EDGES, G_EDGES = (0.0, 1.0, 2.0, 4.0, 6.0, 10.0, 17.0), (3.0, 9.0, 11.0, 13.0, 15.0, 16.0, 17.65)
TEFF_EDGES = (12_000.0, 20_600.0, 26_000.0, 31_400.0, 36_500.0, 60_000.0)
SUBTYPES = ("later than B2", "B1-B2", "B0-B1", "O7-O9.5", "O7 and earlier")


@dataclass(frozen=True)
class Curve:
    """Completeness and purity at every threshold, falling thresholds; ndarrays of the same shape."""

    threshold: np.ndarray
    completeness: np.ndarray
    purity: np.ndarray

    def purity_at(self, completeness: float) -> float:
        """Purity where so much is found; NaN where it never is."""
        place = int(np.searchsorted(self.completeness, completeness - 1e-9))
        return float(self.purity[place]) if place < len(self.purity) else float("nan")


def curve(score: np.ndarray, massive: np.ndarray, weight: np.ndarray, prevalence: float = GAIA_PREVALENCE) -> Curve:
    """Of stars with weights that sum to one within each class; a star without a score is never found."""
    known = np.flatnonzero(np.isfinite(score))
    order = known[np.argsort(-score[known], kind="stable")]
    found = np.cumsum(np.where(massive[order], weight[order], 0.0))
    false = np.cumsum(np.where(massive[order], 0.0, weight[order]))
    last = np.append(np.diff(score[order]) != 0, True)
    found, false, threshold = found[last], false[last], score[order][last]
    with np.errstate(invalid="ignore", divide="ignore"):
        purity = prevalence * found / (prevalence * found + (1 - prevalence) * false)
    return Curve(threshold, found, purity)


@dataclass(frozen=True)
class Point:
    """One technique as it stands: completeness and purity of what it calls, share of massive stars that it judges."""

    completeness: float
    purity: float
    judged: float
    n_called: int


def point(calls: np.ndarray, massive: np.ndarray, weight: np.ndarray, prevalence: float = GAIA_PREVALENCE) -> Point:
    """Of calls 1, 0 or NaN; abstentions are not found."""
    yes = np.nan_to_num(calls) > 0
    found, false = float(weight[yes & massive].sum()), float(weight[yes & ~massive].sum())
    called = prevalence * found + (1 - prevalence) * false
    purity = prevalence * found / called if called > 0 else float("nan")
    return Point(found, purity, float(weight[massive & np.isfinite(calls)].sum()), int(yes.sum()))


def calibration_error(probability: np.ndarray, massive: np.ndarray, weight: np.ndarray, n_bins: int = 15) -> float:
    """Expected calibration error at equal priors, both classes weighted alike (Guo et al. 2017, ICML 70, 1321)."""
    known = np.isfinite(probability)
    p, yes, w = probability[known], massive[known], weight[known].astype(float).copy()
    for chosen in (yes, ~yes):
        w[chosen] *= 0.5 / max(w[chosen].sum(), 1e-300)
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    gap = np.bincount(bins, w * (yes - p), n_bins)
    return float(np.abs(gap).sum())


def expected_purity_of_calibrated(log_odds: np.ndarray, weight: np.ndarray) -> float:
    """Mean probability of the chosen stars: what a calibrated combination promises of its own purity."""
    p = 1 / (1 + np.exp(-log_odds))
    return float((weight * p).sum() / weight.sum())


def by_group(
    calls: Mapping[str, np.ndarray],
    massive: np.ndarray,
    weight: np.ndarray,
    value: np.ndarray,
    edges: tuple[float, ...],
    names: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """Completeness among the massive, share of the others called, and share judged, by bins of a quantity.

    Returns
    -------
    DataFrame with technique, group, n_massive, completeness, judged, false_share
    """  # fmt: skip
    names = names or tuple(f"{low:g}-{high:g}" for low, high in pairwise(edges))
    rows = []
    for number, name in enumerate(names):
        inside = (value >= edges[number]) & (value < edges[number + 1])
        yes, no = inside & massive, inside & ~massive
        for key, call in calls.items():
            said = np.nan_to_num(call) > 0
            rows.append(
                {
                    "technique": key,
                    "group": name,
                    "n_massive": int(yes.sum()),
                    "completeness": _share(weight, said, yes),
                    "judged": _share(weight, np.isfinite(call), yes),
                    "false_share": _share(weight, said, no),
                }
            )
    return pd.DataFrame(rows)


def _share(weight: np.ndarray, chosen: np.ndarray, among: np.ndarray) -> float:
    total = float(weight[among].sum())
    return float(weight[among & chosen].sum()) / total if total > 0 else float("nan")


def oracle(
    teff: np.ndarray,
    luminosity: np.ndarray,
    massive: np.ndarray,
    weight: np.ndarray,
    errors: tuple[np.ndarray, np.ndarray],
    seed: int = 1,
) -> np.ndarray:
    """Log odds of massive of somebody who knows ln Teff and log L of every star with Gaussian errors, (n_stars,).

    The measured values are drawn; their likelihood ratio is that of the populations behind the errors: for every star
    the mean of the error's density about the stars of either class.

    Parameters
    ----------
    teff, luminosity : ndarrays of shape (n_stars,)
        True temperature (K) and luminosity (suns).
    errors : (ndarray, ndarray) of shape (n_stars,)
        Standard errors of ln Teff and of log10 L.
    """  # fmt: skip
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    place = np.stack([np.log(teff), np.log10(luminosity)], axis=1)
    sigma = np.stack(errors, axis=1)
    measured = place + sigma * rng.standard_normal(place.shape)
    result = np.empty((len(teff), 2))
    for column, chosen in enumerate((massive, ~massive)):
        stars, share = place[chosen], weight[chosen] / weight[chosen].sum()
        tree = cKDTree(stars)
        mine = np.flatnonzero(chosen)
        where = np.full(len(teff), -1)
        where[mine] = np.arange(len(mine))
        for row in range(len(teff)):
            near = tree.query_ball_point(measured[row], 4.5 * float(sigma[row].max()))
            near = np.array([item for item in near if item != where[row]], dtype=int)  # not the star itself
            if not len(near):
                result[row, column] = -690.0
                continue
            off = ((stars[near] - measured[row]) / sigma[row]) ** 2
            total = float((share[near] * np.exp(-0.5 * off.sum(axis=1))).sum())
            result[row, column] = np.log(max(total, 1e-300))
    return np.clip(result[:, 0] - result[:, 1], -700.0, 700.0)
