"""One probability from all votes: calibrated stacking that knows who abstained.

Two steps, both fitted on the simulated sky. A logistic regression adds the log likelihood ratios of the votes, with a
term for each technique that abstains; it serves everywhere. Where it does not dismiss a star, logistic regressions on
the ratios, their squares and the abstentions, fitted to such stars alone, weigh what tells the last look-alikes apart
(most techniques see the same temperature). They are fitted to bootstrap samples; their scatter is the interval.
Stacking: Wolpert 1992, Neural Networks 5, 241.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import RunError
from core.techniques.registry import KEYS, SOURCES, TECHNIQUES

COMBINATION_PATH = Path(__file__).with_name("combination.npz")
DISMISSED = 0.0
"""Log odds of the first step below which a star is not looked at again."""
LARGEST = 14.0
"""Log odds are kept within this: no simulated sky says more."""
_CLIP, _SCALE = 12.0, 4.0
_SAMPLES = 12
_COPIES, _DROPPED = 1, 0.3
_INTERVAL = 1.645


@dataclass(frozen=True)
class Combined:
    """Log odds of massive at equal priors, ndarrays (n_stars,): value and a 90 % interval; NaN where nobody votes."""

    log_odds: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_votes: np.ndarray


@dataclass(frozen=True, eq=False)
class Combination:
    """A fitted combination.

    Attributes
    ----------
    keys : tuple of str
        Techniques in the order of the inputs; votes are given by key, so that their order does not matter.
    linear : ndarray of shape (2 n_keys + 1,)
        Weights of the log ratios, of abstentions, and the constant.
    second : ndarray of shape (n_samples, 3 n_keys + 1)
        Of every bootstrap sample: weights of the log ratios, of abstentions, of the squares, and the constant.
    offset : float
        Subtracted from the second step's answer, which is then a log likelihood ratio.
    conformal_massive, conformal_other : ndarrays
        Quantiles of the log odds of stars that it was not fitted to, by class.
    """

    keys: tuple[str, ...]
    linear: np.ndarray
    second: np.ndarray
    offset: float
    conformal_massive: np.ndarray
    conformal_other: np.ndarray

    def combine(self, log_ratios: Mapping[str, np.ndarray]) -> Combined:
        """One value per star from the techniques' log likelihood ratios by key; NaN: abstains, as one that is missing.

        Raises
        ------
        RunError
            A technique that it was not fitted with votes.
        """
        unknown = [key for key in log_ratios if key not in self.keys]
        if unknown:
            raise RunError(f"the combination was fitted without {', '.join(unknown)}: `python -m recipes.techniques`")
        n = len(next(iter(log_ratios.values()))) if log_ratios else 0
        ratios = np.stack([log_ratios.get(key, np.full(n, np.nan)) for key in self.keys], axis=1)
        votes = np.isfinite(ratios).sum(axis=1)
        inputs = _inputs(ratios)
        first = inputs @ self.linear[:-1] + self.linear[-1]
        value, spread = np.array(first), np.full(n, 0.5)
        rows = np.flatnonzero(first > DISMISSED)
        if len(rows) and len(self.second):
            answers = self.second[:, :-1] @ _with_squares(inputs[rows]).T + self.second[:, -1:]
            share = np.clip((first[rows] - DISMISSED) / 2.0, 0.0, 1.0)  # no step where it begins
            value[rows] = share * (answers.mean(axis=0) - self.offset) + (1 - share) * first[rows]
            spread[rows] = np.maximum(answers.std(axis=0, ddof=1) if len(answers) > 1 else 0.5, 0.05)
        value = np.clip(np.where(votes > 0, value, np.nan), -LARGEST, LARGEST)
        return Combined(value, value - _INTERVAL * spread, value + _INTERVAL * spread, votes)


def _inputs(ratios: np.ndarray) -> np.ndarray:
    """(n_stars, 2 n_keys): log ratios of those who vote, in fours, and 1 for those who abstain."""
    silent = ~np.isfinite(ratios)
    return np.concatenate([np.where(silent, 0.0, np.clip(ratios, -_CLIP, _CLIP)) / _SCALE, silent], axis=1)


def _with_squares(inputs: np.ndarray) -> np.ndarray:
    ratios = inputs[:, : inputs.shape[1] // 2]
    return np.concatenate([inputs, ratios**2], axis=1)


def fit_combination(ratios: np.ndarray, massive: np.ndarray, weight: np.ndarray, seed: int = 1) -> Combination:
    """Fit on stars of known class.

    Parameters
    ----------
    ratios : ndarray of shape (n_stars, n_keys)
        Log likelihood ratios in the order of `KEYS`, NaN where a technique abstains. Copies of the stars in which
        surveys are missing are added, so that it knows such stars too.
    massive : bool ndarray of shape (n_stars,)
    weight : ndarray of shape (n_stars,)
        Shares of each star's class.
    """
    rng = np.random.default_rng(seed)
    stars = np.arange(len(ratios))
    copies = [ratios, *(without_some_surveys(ratios, rng) for _ in range(_COPIES))]
    everything, owner = np.concatenate(copies), np.concatenate([stars] * len(copies))
    voted = np.isfinite(everything).any(axis=1)
    everything, owner = everything[voted], owner[voted]
    y, w = massive[owner], _per_class(weight[owner], massive[owner])
    inputs = _inputs(everything)
    linear = _logistic(inputs, y, w)
    first = inputs @ linear[:-1] + linear[-1]
    near = first > DISMISSED
    share = [float(w[near & chosen].sum()) for chosen in (y, ~y)]
    x, y, owner = _with_squares(inputs[near]), y[near], owner[near]
    w = _per_class(w[near], y)
    second = np.stack([_bootstrap(x, y, w, owner, len(ratios), seed + 1 + k) for k in range(_SAMPLES)])
    none = np.empty(0)
    return Combination(KEYS, linear, second, float(np.log(share[1] / share[0])), none, none)


def without_some_surveys(ratios: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy in which each survey is missing for some stars, with all techniques that need it."""
    gone = {source: rng.random(len(ratios)) < _DROPPED for source in SOURCES}
    result = ratios.copy()
    for column, technique in enumerate(TECHNIQUES):
        lost = np.logical_or.reduce([gone[source] for source in technique.needs])
        result[lost, column] = np.nan
    return result


def _per_class(weight: np.ndarray, massive: np.ndarray) -> np.ndarray:
    result = np.array(weight, dtype=float)
    for chosen in (massive, ~massive):
        result[chosen] /= result[chosen].sum()
    return result


def _logistic(inputs: np.ndarray, massive: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights and constant of a weighted logistic regression at equal priors."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1.0, max_iter=2000)
    fitted.fit(inputs, massive, sample_weight=weight * len(inputs) / 2)
    return np.append(fitted.coef_[0], fitted.intercept_[0])


def _bootstrap(x, y, w, owner, n_stars: int, seed: int) -> np.ndarray:
    """One logistic regression, fitted to stars drawn with replacement; copies of a star go together."""
    times = np.bincount(np.random.default_rng(seed).integers(n_stars, size=n_stars), minlength=n_stars)[owner]
    chosen = np.flatnonzero(times > 0)
    return _logistic(x[chosen], y[chosen], _per_class(w[chosen] * times[chosen], y[chosen]))


def store_combination(found: Combination, path: Path = COMBINATION_PATH) -> None:
    """Write it."""
    arrays = {
        "keys": np.array(found.keys), "linear": found.linear, "second": found.second, "offset": np.array(found.offset),
        "conformal_massive": found.conformal_massive.astype(np.float32),
        "conformal_other": found.conformal_other.astype(np.float32),
    }  # fmt: skip
    with atomic_path(path) as beside:
        np.savez_compressed(beside, allow_pickle=False, **arrays)


def load_combination() -> Combination:
    """The shipped combination.

    Raises
    ------
    RunError
        It is not there or damaged.
    """
    stamp = COMBINATION_PATH.stat().st_mtime_ns if COMBINATION_PATH.is_file() else 0
    return _load(COMBINATION_PATH, stamp)


@lru_cache(maxsize=2)
def _load(path: Path, stamp: int) -> Combination:
    try:
        with np.load(path, allow_pickle=False) as stored:
            keys = tuple(str(key) for key in stored["keys"])
            massive, other = (stored[f"conformal_{name}"].astype(float) for name in ("massive", "other"))
            return Combination(keys, stored["linear"], stored["second"], float(stored["offset"]), massive, other)
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"{path} cannot be read ({error}): restore it or make it again by `python -m recipes.techniques`"
        ) from error
