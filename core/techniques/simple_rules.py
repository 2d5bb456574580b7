"""Ways to combine votes without stacking: any, all, majority, and Dawid and Skene's without truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import UsageError

RULES: dict[str, str] = {"any": "any says massive", "all": "all say massive", "majority": "most say massive"}
_ITERATIONS, _TOLERANCE = 200, 1e-7


def by_rule(calls: Mapping[str, np.ndarray], rule: str) -> np.ndarray:
    """1, 0 or NaN (nobody votes) by a rule of `RULES`, among those who vote; a tie is no majority.

    Raises
    ------
    UsageError
        There is no such rule.
    """
    if rule not in RULES:
        raise UsageError(f"there is no rule {rule!r}; expected one of {', '.join(RULES)}")
    table = np.stack(list(calls.values()), axis=1)
    votes, yes = np.isfinite(table).sum(axis=1), np.nansum(table, axis=1)
    found = {"any": yes > 0, "all": yes == votes, "majority": yes > votes / 2}[rule]
    return np.where(votes > 0, found.astype(float), np.nan)


@dataclass(frozen=True)
class DawidSkene:
    """What votes say of themselves without truth.

    Attributes
    ----------
    probability : ndarray of shape (n_stars,)
        Of massive; NaN where nobody votes.
    prevalence : float
    sensitivity, specificity : dict of str to float
        Of each technique: P(says massive | massive), P(says not | not).
    n_iterations : int
    """

    probability: np.ndarray
    prevalence: float
    sensitivity: dict[str, float]
    specificity: dict[str, float]
    n_iterations: int


def dawid_skene(
    calls: Mapping[str, np.ndarray], weight: np.ndarray | None = None, prevalence: float | None = None
) -> DawidSkene:
    """Expectation maximisation of error rates and truth (Dawid & Skene 1979, Appl. Stat. 28, 20); abstentions are gaps.

    It takes votes for independent given the truth, which techniques on one spectrum are not: it is overconfident.

    Parameters
    ----------
    calls : mapping of key to ndarray (n_stars,) of 1, 0 or NaN
    weight : ndarray (n_stars,) or None
        How many stars each stands for.
    prevalence : float or None
        Held fixed where given.
    """
    keys = list(calls)
    table = np.stack([calls[key] for key in keys], axis=1)
    known = np.isfinite(table)
    said = np.where(known, table, 0.0)
    w = np.ones(len(table)) if weight is None else np.asarray(weight, dtype=float)
    w = w * known.any(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        truth = np.where(known.any(axis=1), said.sum(axis=1) / known.sum(axis=1), 0.5)
    share = float(w @ truth / w.sum()) if prevalence is None else prevalence
    done = 0
    while done < _ITERATIONS:
        done += 1
        yes, no = w * truth, w * (1 - truth)
        # One star of each kind added (Laplace), so that no rate is exactly 0 or 1.
        unit = w[w > 0].mean() if (w > 0).any() else 1.0
        sensitivity = (yes @ (said * known) + unit) / (yes @ known + 2 * unit)
        specificity = (no @ ((1 - said) * known) + unit) / (no @ known + 2 * unit)
        share = float(w @ truth / w.sum()) if prevalence is None else prevalence
        share = min(max(share, 1e-9), 1 - 1e-9)
        odds = np.log(share / (1 - share)) + (
            known * (said * np.log(sensitivity / (1 - specificity))
                     + (1 - said) * np.log((1 - sensitivity) / specificity))
        ).sum(axis=1)  # fmt: skip
        updated = 1.0 / (1.0 + np.exp(-np.clip(odds, -700, 700)))
        moved = float(np.abs(updated - truth).max()) if len(truth) else 0.0
        truth = updated
        if moved < _TOLERANCE:
            break
    found, right = (dict(zip(keys, map(float, values), strict=True)) for values in (sensitivity, specificity))
    return DawidSkene(np.where(known.any(axis=1), truth, np.nan), share, found, right, done)
