"""Calibrations and combination fitted to a scored sky, and their worth on stars that they were not fitted to."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.techniques.calibration import Calibration, fit_calibration
from core.techniques.combination import Combination, Combined, fit_combination
from core.techniques.registry import KEYS

N_FOLDS = 2
_QUANTILES = 2001
_NOBODY = Calibration(np.array([0.0]), np.array([0.0]), 0, 0)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Calibrations by key, and the combination."""

    calibrations: dict[str, Calibration]
    combination: Combination

    def log_ratios(self, sky: pd.DataFrame) -> dict[str, np.ndarray]:
        """Log likelihood ratios of every technique from its scores s_<key>; NaN where it abstains."""
        return {key: self.calibrations[key].log_odds(sky[f"s_{key}"].to_numpy(float)) for key in KEYS}


def fit(sky: pd.DataFrame, seed: int = 1) -> Fitted:
    """Fit both to a scored sky (`core.techniques.scored_sky`); the conformal quantiles are left empty."""
    massive, weight = sky["massive"].to_numpy(bool), sky["weight"].to_numpy(float)
    calibrations = {}
    for key in KEYS:
        value = sky[f"s_{key}"].to_numpy(float)
        try:
            calibrations[key] = fit_calibration(value, massive, weight)
        except ValueError:  # judged too few: it says nothing
            calibrations[key] = _NOBODY
    ratios = np.stack([calibrations[key].log_odds(sky[f"s_{key}"].to_numpy(float)) for key in KEYS], axis=1)
    return Fitted(calibrations, fit_combination(ratios, massive, weight, seed))


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """What stars get from fits that never saw them.

    Attributes
    ----------
    log_ratios : dict of ndarrays (n_stars,)
        By technique.
    combined : Combined of n_stars
    """

    log_ratios: dict[str, np.ndarray]
    combined: Combined


def cross_fit(sky: pd.DataFrame, seed: int = 1) -> CrossFitted:
    """Fit on each half of the stars and judge the other."""
    half = np.random.default_rng(seed).permutation(len(sky)) % N_FOLDS
    log_ratios = {key: np.full(len(sky), np.nan) for key in KEYS}
    value, low, high = (np.full(len(sky), np.nan) for _ in range(3))
    votes = np.zeros(len(sky), dtype=int)
    for number in range(N_FOLDS):
        inside = half == number
        fitted = fit(_reweighted(sky[~inside]), seed)
        found = fitted.log_ratios(sky[inside])
        for key in KEYS:
            log_ratios[key][inside] = found[key]
        combined = fitted.combination.combine(found)
        value[inside], low[inside], high[inside] = combined.log_odds, combined.low, combined.high
        votes[inside] = combined.n_votes
    return CrossFitted(log_ratios, Combined(value, low, high, votes))


def with_conformal(fitted: Fitted, sky: pd.DataFrame, held_out: np.ndarray) -> Fitted:
    """The fit with quantiles of held-out log odds (n_stars,) of both classes, by which sets with a promise are made."""
    massive, weight = sky["massive"].to_numpy(bool), sky["weight"].to_numpy(float)
    found = []
    for chosen in (massive, ~massive):
        known = chosen & np.isfinite(held_out)
        found.append(_weighted_quantiles(held_out[known], weight[known]))
    combination = replace(fitted.combination, conformal_massive=found[0], conformal_other=found[1])
    return Fitted(fitted.calibrations, combination)


def _weighted_quantiles(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    order = np.argsort(value)
    place = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    return np.interp(np.linspace(0, 1, _QUANTILES), place, value[order])


def _reweighted(sky: pd.DataFrame) -> pd.DataFrame:
    weight, massive = sky["weight"].to_numpy(float).copy(), sky["massive"].to_numpy(bool)
    for chosen in (massive, ~massive):
        weight[chosen] /= max(weight[chosen].sum(), 1e-300)
    return sky.assign(weight=weight).reset_index(drop=True)
