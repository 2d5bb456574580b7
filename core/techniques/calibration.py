"""From scores to likelihood ratios: a monotone line per technique, fitted on the simulated sky."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import RunError

CALIBRATIONS_PATH = Path(__file__).with_name("calibrations.json")
N_BINS = 40


@dataclass(frozen=True)
class Calibration:
    """ln p(score | massive) / p(score | not massive) against the score, by straight lines between nodes.

    Attributes
    ----------
    score, log_ratio : float64 ndarrays of shape (n_nodes,)
        Scores rise; beyond the ends the ratio is that of the end.
    n_massive, n_other : int
        Simulated stars that were judged and made the line.
    """

    score: np.ndarray
    log_ratio: np.ndarray
    n_massive: int
    n_other: int

    def log_odds(self, value: np.ndarray) -> np.ndarray:
        """The log likelihood ratio of each score; NaN stays."""
        value = np.asarray(value, dtype=np.float64)
        return np.where(np.isfinite(value), np.interp(value, self.score, self.log_ratio), np.nan)


def fit_calibration(value: np.ndarray, massive: np.ndarray, weight: np.ndarray) -> Calibration:
    """The line for scores of stars of known class; stars with a NaN score count as not judged.

    In bins with about as many massive stars each, and further ones below them, the ratio of both classes' shares with
    half a star added to each; made monotone by pooling neighbours (isotonic regression, Barlow et al. 1972).

    Parameters
    ----------
    value : ndarray of shape (n_stars,)
    massive : bool ndarray of shape (n_stars,)
    weight : ndarray of shape (n_stars,)
        How many stars of the sky each stands for, within its class.
    """
    from sklearn.isotonic import IsotonicRegression

    known = np.isfinite(value)
    value, massive, weight = value[known], np.asarray(massive)[known], weight[known]
    if massive.sum() < 20 or (~massive).sum() < 20:
        raise ValueError(f"{massive.sum()} massive and {(~massive).sum()} other stars are too few for a calibration")
    part = np.linspace(0, 1, N_BINS // 2 + 1)
    edges = np.unique(np.concatenate([np.quantile(value[massive], part), np.quantile(value[~massive], part)]))
    bins = np.clip(np.searchsorted(edges, value, side="right") - 1, 0, max(len(edges) - 2, 0))
    n = max(len(edges) - 1, 1)
    yes = np.bincount(bins[massive], weight[massive], n) / weight[massive].sum()
    no = np.bincount(bins[~massive], weight[~massive], n) / weight[~massive].sum()
    half_yes = 0.5 * (weight[massive] ** 2).sum() / weight[massive].sum() ** 2
    half_no = 0.5 * np.median(weight[~massive]) / weight[~massive].sum()
    used = (yes > 0) | (no > 0)
    centre = np.bincount(bins, value, n)[used] / np.bincount(bins, minlength=n)[used]
    ratio = np.log((yes[used] + half_yes) / (no[used] + half_no))
    counts = np.bincount(bins[massive], minlength=n)[used] + np.bincount(bins[~massive], minlength=n)[used]
    smooth = IsotonicRegression().fit_transform(centre, ratio, sample_weight=np.sqrt(counts + 1.0))
    return Calibration(centre, smooth, int(massive.sum()), int((~massive).sum()))


def load_calibrations() -> Mapping[str, Calibration]:
    """The shipped calibrations by the technique's key.

    Raises
    ------
    RunError
        They are not there or damaged.
    """
    stamp = CALIBRATIONS_PATH.stat().st_mtime_ns if CALIBRATIONS_PATH.is_file() else 0
    return _load(CALIBRATIONS_PATH, stamp)


@lru_cache(maxsize=2)
def _load(path: Path, stamp: int) -> Mapping[str, Calibration]:
    try:
        stored = json.loads(path.read_text())["techniques"]
        return {
            key: Calibration(
                np.array(item["score"], dtype=float), np.array(item["log_ratio"], dtype=float),
                item["n_massive"], item["n_other"],
            )
            for key, item in stored.items()
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path} cannot be read ({error}): restore it or make it again by `python -m recipes.techniques`"
        ) from error


def calibrations_text(found: Mapping[str, Calibration], about: Mapping[str, object]) -> str:
    """The text of the shipped file: what it was made of, and every calibration rounded to what matters."""
    techniques = {
        key: {
            "score": [float(f"{x:.5g}") for x in item.score],
            "log_ratio": [round(float(x), 4) for x in item.log_ratio],
            "n_massive": item.n_massive,
            "n_other": item.n_other,
        }
        for key, item in found.items()
    }
    return json.dumps({"about": dict(about), "techniques": techniques}, indent=1) + "\n"
