"""Verdicts with a promised error rate: massive, low-mass, or undecided.

Class-conditional split-conformal sets (Vovk, Gammerman & Shafer 2005; Vovk 2012, ACML 25, 475). The held-out stars' own
probabilities say how low a massive star's probability gets by chance, and how high a low-mass star's. A class is kept
as long as the star is not among the most extreme share of it; where both remain the star is undecided. The promise
holds for each class by itself, hence at any prevalence: of the massive stars at most the error rate is called
low-mass, and the reverse, as long as they are like the held-out ones.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import RunError, UsageError
from core.gaia.labels import LOW_MASS, MASSIVE

ERROR_RATE = 0.05
UNDECIDED = "undecided"


@dataclass(frozen=True)
class ConformalSets:
    """Sorted probabilities of stars that the networks did not learn from.

    Attributes
    ----------
    massive, low_mass : float ndarrays, ascending
        Probabilities that truly massive, and truly low-mass, stars were given.
    """

    massive: np.ndarray
    low_mass: np.ndarray

    def p_values(self, probability: np.ndarray) -> np.ndarray:
        """For 'massive' and 'low-mass': share of that class's held-out stars that are as extreme, shape (n_stars, 2).

        The star itself counts, so that no p-value is zero; NaN for a star without a probability.
        """
        p = np.asarray(probability, dtype=np.float64)
        lower = (1.0 + np.searchsorted(self.massive, p, side="right")) / (len(self.massive) + 1.0)
        n_low = len(self.low_mass)
        higher = (1.0 + n_low - np.searchsorted(self.low_mass, p, side="left")) / (n_low + 1.0)
        both = np.stack([lower, higher], axis=-1)
        both[np.isnan(p)] = np.nan
        return both

    def labels(self, probability: np.ndarray, error_rate: float = ERROR_RATE) -> np.ndarray:
        """'massive', 'low-mass' or 'undecided' for each star, None without a probability: object ndarray (n_stars,).

        A star that is too extreme for either class gets the one that it fits better, which can only keep the promise.
        """
        if not 0.0 < error_rate < 1.0:
            raise UsageError(f"error rate is {error_rate}, expected a fraction between 0 and 1: give 0.05 for 5 %")
        p_values = self.p_values(probability)
        result = np.where(p_values[..., 0] >= p_values[..., 1], MASSIVE, LOW_MASS).astype(object)  # the better one
        result[(p_values > error_rate).all(axis=-1)] = UNDECIDED
        result[np.isnan(p_values[..., 0])] = None
        return result


def fit_conformal(probability: np.ndarray, label: np.ndarray) -> ConformalSets:
    """Sets from held-out stars: probabilities and labels (1 massive, 0 low-mass), both classes among them."""
    probability, label = np.asarray(probability, dtype=np.float64), np.asarray(label)
    known = np.isfinite(probability)
    massive, low_mass = (np.sort(probability[known & (label == value)]) for value in (1, 0))
    if not len(massive) or not len(low_mass):
        raise RunError(
            f"conformal sets need held-out stars of both classes, got {len(massive)} massive and {len(low_mass)} "
            "low-mass ones; train with a test set of both"
        )
    return ConformalSets(massive, low_mass)


def load_conformal(run_dir: str | Path) -> ConformalSets:
    """The sets of a run: from its test stars, classified by the same ensemble as new stars are.

    Where the test set lacks a class the out-of-fold predictions serve; they are those of single members, hence wider.
    """
    for name in ("test", "oof"):
        path = Path(run_dir) / f"{name}.parquet"
        if path.is_file():
            try:
                table = pd.read_parquet(path, columns=["label", "probability"])
            except (OSError, ValueError) as error:  # of pyarrow
                raise RunError(f"{path} is damaged ({error}): restore the folder or train again") from error
            if table["label"].nunique() == 2:
                return fit_conformal(table["probability"].to_numpy(), table["label"].to_numpy())
    raise RunError(f"{run_dir} holds no predictions of held-out stars of both classes; train again")
