"""Scores and votes: what a technique says of stars before and after calibration."""

from dataclasses import dataclass

import numpy as np

from core.statistics.probability_calibration import sigmoid


@dataclass(frozen=True)
class Scores:
    """What a rule measures.

    Attributes
    ----------
    value : float64 ndarray of shape (n_stars,)
        Larger: more like a massive star. At and above 0 the published rule calls it massive. NaN where the technique
        abstains.
    why : object ndarray of shape (n_stars,)
        Why it abstains; '' elsewhere.
    """

    value: np.ndarray
    why: np.ndarray


@dataclass(frozen=True)
class Votes:
    """Calibrated votes: `probability` (n_stars,) at equal priors, NaN where `why` says why the technique abstains."""

    probability: np.ndarray
    why: np.ndarray

    @property
    def log_odds(self) -> np.ndarray:
        """ln of the likelihood ratio massive to not massive; NaN where it abstains."""
        p = np.clip(self.probability, 1e-12, 1 - 1e-12)
        return np.log(p / (1 - p))


def scores(value: np.ndarray, *reasons: tuple[np.ndarray, str]) -> Scores:
    """Scores where the first reason whose mask (n_stars,) is True makes the technique abstain.

    A value that is not finite without a reason abstains with a general one.
    """
    value = np.array(value, dtype=np.float64)
    why = np.full(len(value), "", dtype=object)
    for mask, text in reasons:
        why[np.asarray(mask, dtype=bool) & (why == "")] = text
    why[~np.isfinite(value) & (why == "")] = "the rule has no value for these numbers"
    return Scores(np.where(why == "", value, np.nan), why)


def abstain(n: int, text: str) -> Scores:
    """Nobody is judged, for one reason."""
    return Scores(np.full(n, np.nan), np.full(n, text, dtype=object))


def missing(evidence, *names: str, magnitudes: bool = True) -> list[tuple[np.ndarray, str]]:
    """A reason for each column that a star lacks: 'no J magnitude' and alike."""
    found = []
    for name in names:
        value = evidence.magnitude(name) if magnitudes else evidence.numbers(name)
        found.append((~np.isfinite(value), f"no {name}"))
    return found


def from_log_odds(log_odds: np.ndarray, why: np.ndarray) -> Votes:
    """Votes of given log likelihood ratios."""
    return Votes(sigmoid(log_odds), why)
