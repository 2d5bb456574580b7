"""Do techniques agree on the same stars? Cohen's kappa of every pair, who sees what alone, and how many nobody sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.gaia.labels import THRESHOLD

N_DRAWS = 200
LEAST_STARS = 20


@dataclass(frozen=True)
class Agreement:
    """Two techniques on the stars that both judged.

    Attributes
    ----------
    first, second : str
    n : int
        Stars that both judged.
    kappa, low, high : float
        Cohen's kappa (1960, Educ. Psychol. Meas. 20, 37) with a 95 % bootstrap interval; NaN where it is not defined.
    both, only_first, only_second, neither : float
        Weighted shares of those stars.
    """

    first: str
    second: str
    n: int
    kappa: float
    low: float
    high: float
    both: float
    only_first: float
    only_second: float
    neither: float


def called(probability: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """1 where a technique calls a star massive, 0 where not, NaN where it abstains."""
    p = np.asarray(probability, dtype=float)
    return np.where(np.isfinite(p), (p >= threshold).astype(float), np.nan)


def kappa(first: np.ndarray, second: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Cohen's kappa of two sets of calls (1, 0) with weights; NaN where both call all stars alike.

    >>> round(kappa(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])), 2)
    0.5
    """
    w = np.ones(len(first)) if weight is None else np.asarray(weight, dtype=float)
    w = w / w.sum()
    a, b = float(w @ first), float(w @ second)
    observed = float(w @ (first == second))
    chance = a * b + (1 - a) * (1 - b)
    return (observed - chance) / (1 - chance) if chance < 1 - 1e-12 else float("nan")


def agreements(
    calls: Mapping[str, np.ndarray], weight: np.ndarray | None = None, *, n_draws: int = N_DRAWS, seed: int = 1
) -> dict[tuple[str, str], Agreement]:
    """Every pair of techniques, in the order given; stars are drawn with replacement for the intervals.

    Parameters
    ----------
    calls : mapping of key to ndarray of shape (n_stars,)
        1, 0, or NaN for an abstention.
    weight : ndarray of shape (n_stars,) or None
    """
    rng = np.random.default_rng(seed)
    found = {}
    for first, second in combinations(calls, 2):
        rows = np.flatnonzero(np.isfinite(calls[first]) & np.isfinite(calls[second]))
        found[first, second] = _pair(
            first,
            second,
            calls[first][rows],
            calls[second][rows],
            None if weight is None else weight[rows],
            n_draws,
            rng,
        )
    return found


def _pair(first: str, second: str, a, b, weight, n_draws: int, rng: np.random.Generator) -> Agreement:
    n = len(a)
    if n < LEAST_STARS:
        nan = float("nan")
        return Agreement(first, second, n, nan, nan, nan, nan, nan, nan, nan)
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    w = w / w.sum()
    # Four kinds of star. In a bootstrap of stars (Poisson weights) the sum of a kind has this mean and variance, and is
    # drawn from the gamma distribution that has both.
    kind = (2 * a + b).astype(int)
    mean, variance = np.bincount(kind, w, 4), np.bincount(kind, w**2, 4)
    scale = np.where(mean > 0, variance / np.where(mean > 0, mean, 1.0), 1.0)
    sums = rng.gamma(np.where(mean > 0, mean / scale, 1e-12), scale, (n_draws, 4))
    draws = [_kappa_of(share / share.sum()) for share in sums]
    share = np.bincount(kind, w, 4)
    known = [value for value in draws if np.isfinite(value)]
    low, high = np.quantile(known, [0.025, 0.975]) if known else (np.nan, np.nan)
    return Agreement(
        first, second, n, _kappa_of(share), float(low), float(high), share[3], share[2], share[1], share[0]
    )


def _kappa_of(share: np.ndarray) -> float:
    """Kappa from the shares of neither, only the second, only the first, both."""
    a, b = share[2] + share[3], share[1] + share[3]
    chance = a * b + (1 - a) * (1 - b)
    return float((share[0] + share[3] - chance) / (1 - chance)) if chance < 1 - 1e-12 else float("nan")


@dataclass(frozen=True)
class Recapture:
    """Stars in the field from two lists of it: Chapman's estimator with its standard error (1951).

    It holds if the lists are independent and pure; lists that favour the same stars make it a lower bound.
    """

    n_first: int
    n_second: int
    n_both: int
    estimate: float
    error: float


def capture_recapture(first: np.ndarray, second: np.ndarray) -> Recapture:
    """How many massive stars there are, from which of them two techniques call (1, 0, NaN) among stars both judged.

    Lincoln 1930, Petersen 1896, in the nearly unbiased form of Chapman 1951 (Univ. Calif. Publ. Stat. 1, 131).

    >>> capture_recapture(np.array([1, 1, 1, 0]), np.array([1, 1, 0, 1])).estimate
    4.333333333333333
    """
    known = np.isfinite(first) & np.isfinite(second)
    a, b = first[known] > 0, second[known] > 0
    n, m, both = int(a.sum()), int(b.sum()), int((a & b).sum())
    estimate = (n + 1) * (m + 1) / (both + 1) - 1
    variance = (n + 1) * (m + 1) * (n - both) * (m - both) / ((both + 1) ** 2 * (both + 2))
    return Recapture(n, m, both, float(estimate), float(np.sqrt(variance)))


def patterns(calls: Mapping[str, np.ndarray], most: int = 15) -> list[tuple[tuple[str, ...], int]]:
    """Which techniques call the same stars massive: (their keys, number of stars), most frequent first.

    Stars that nobody calls are left out. As in an UpSet figure (Lex et al. 2014, IEEE TVCG 20, 1983).
    """
    keys = list(calls)
    yes = np.stack([np.nan_to_num(calls[key]) > 0 for key in keys], axis=1)
    yes = yes[yes.any(axis=1)]
    if not len(yes):
        return []
    found, count = np.unique(yes, axis=0, return_counts=True)
    order = np.argsort(-count, kind="stable")[:most]
    return [(tuple(key for key, on in zip(keys, found[row], strict=True) if on), int(count[row])) for row in order]


def most_disputed(probabilities: Mapping[str, np.ndarray], most: int = 50) -> np.ndarray:
    """Rows of the stars disputed most: by the variance of the votes over at least three of them, falling."""
    table = np.stack(list(probabilities.values()), axis=1)
    votes = np.isfinite(table).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(table, axis=1) / votes
        spread = np.nansum((np.where(np.isfinite(table), table, mean[:, None]) - mean[:, None]) ** 2, axis=1) / votes
    spread = np.where(votes >= 3, spread, -1.0)
    order = np.argsort(-spread, kind="stable")[:most]
    return order[spread[order] > 0]
