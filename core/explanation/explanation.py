"""Explained stars: attributions per wavelength with everything that is needed to judge and to draw them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.spectra.validation import note_bad_rows

FEWEST_FOR_SPREAD = 20


@dataclass(frozen=True)
class Explanation:
    """Why some members of a run give these stars their logits.

    base_value + shap.sum() (+ shap_context.sum()) = logit, up to `additivity_error`, which is never hidden in the
    attributions.

    Attributes
    ----------
    run, model, title : str
        Name of the run, key and title of its network.
    space : str
        What the attributions belong to: a key of `core.explanation.view.SPACE_TITLES`.
    source_id : int64 ndarray of shape (n,)
    label : object ndarray of shape (n,)
        'massive', 'low-mass' or ''.
    flux : float64 ndarray of shape (n, 343), W m^-2 nm^-1
    spectrum : float64 ndarray of shape (n, 343)
        The spectra in the space that is explained.
    shap : float64 ndarray of shape (n, 343)
        Contribution of each wavelength to the logit; positive speaks for massive. NaN for a star that cannot be
        explained.
    shap_context : float64 ndarray of shape (n, 2) or None
        Contribution of the smallest and the largest flux, for networks that take them.
    shap_std : float64 ndarray of shape (n, 343) or None
        Standard deviation of the contributions over the members; None for one member.
    logit, probability : float64 ndarray of shape (n,)
        Mean of the members, and the calibrated probability of massive of that mean at equal priors.
    base_value : float
        Mean logit of the background.
    background_spread : float
        Standard deviation of the background's logits.
    explainer, background : str
        How, and against which stars.
    note : object ndarray of shape (n,)
        '' or why there is no attribution.
    """

    run: str
    model: str
    title: str
    space: str
    source_id: np.ndarray
    label: np.ndarray
    flux: np.ndarray
    spectrum: np.ndarray
    shap: np.ndarray
    shap_context: np.ndarray | None
    shap_std: np.ndarray | None
    logit: np.ndarray
    probability: np.ndarray
    base_value: float
    background_spread: float
    explainer: str
    background: str
    note: np.ndarray

    def __len__(self) -> int:
        return len(self.source_id)

    @property
    def explained(self) -> np.ndarray:
        """Stars with attributions, boolean ndarray of shape (n,)."""
        return np.isfinite(self.shap).all(axis=1)

    @property
    def additivity_error(self) -> np.ndarray:
        """logit - base_value - all attributions, in logits, shape (n,)."""
        context = 0.0 if self.shap_context is None else self.shap_context.sum(axis=1)
        return self.logit - self.base_value - self.shap.sum(axis=1) - context

    @property
    def relative_error(self) -> float:
        """Root mean square of `additivity_error` over the spread of the logits (of the background for a few stars)."""
        good = self.explained
        if not good.any():
            return float("nan")
        spread = float(self.logit[good].std()) if good.sum() >= FEWEST_FOR_SPREAD else self.background_spread
        rms = float(np.sqrt(np.mean(self.additivity_error[good] ** 2)))
        return rms / spread if spread > 0 else float("inf")

    def take(self, rows: np.ndarray) -> "Explanation":
        """The chosen stars (index array or boolean mask)."""
        per_star = ("source_id", "label", "flux", "spectrum", "shap", "logit", "probability", "note")
        changed = {name: getattr(self, name)[rows] for name in per_star}
        for name in ("shap_context", "shap_std"):
            values = getattr(self, name)
            changed[name] = None if values is None else values[rows]
        return Explanation(**{**self.__dict__, **changed})

    def table(self) -> pd.DataFrame:
        """One row per star, with the columns of `python -m core explain`; nulls for a star without attributions."""
        good = self.explained
        context = self.shap_context

        def known(values: Iterable) -> list:
            return [value if ok else None for value, ok in zip(values, good, strict=True)]

        return pd.DataFrame(
            {
                "source_id": self.source_id,
                "base_value": pd.array(known(np.full(len(self), self.base_value)), dtype="Float64"),
                "logit": pd.array(known(self.logit), dtype="Float64"),
                "shap": known(list(self.shap)),
                "shap_context": [None] * len(self) if context is None else known(list(context)),
                "additivity_error": pd.array(known(self.additivity_error), dtype="Float64"),
                "explainer": self.explainer,
                "note": self.note.astype(str),
            }
        )


def notes_of(spectra, fault: np.ndarray) -> np.ndarray:
    """Notes of a set of spectra, with one for each row that cannot be explained (boolean mask `fault`)."""
    note = note_bad_rows(spectra, duplicates=False).note.copy()
    unexplained = fault & (note == "")
    note[unexplained] = "its representation is not defined, so it cannot be explained"
    return note
