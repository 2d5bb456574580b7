"""Verdicts: probability, spread, label and note of every star."""

from typing import Protocol

import numpy as np
import pandas as pd

from core.classification.ensemble import Ensemble
from core.spectra.damage import NOTE as DAMAGE_NOTE
from core.spectra.damage import is_damaged
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.spectra.validation import note_bad_rows, usable

COLUMNS = ("source_id", "probability", "probability_std", "label", "note")
THRESHOLD = 0.5
MASSIVE, LOW_MASS = "massive", "low-mass"


class Predictor(Protocol):
    """What can be asked for the members' probabilities: an `Ensemble`, or one that is fused into a single network."""

    @property
    def needs_coefficients(self) -> bool:
        """Whether XP coefficients are needed beside the flux."""

    def __len__(self) -> int: ...

    def probabilities(self, flux: np.ndarray, coefficients: Coefficients | None = None) -> np.ndarray:
        """Calibrated probabilities of shape (n_members, n_stars)."""


def classify(spectra: SpectrumSet, ensemble: Ensemble) -> pd.DataFrame:
    """One verdict per row of `spectra`, in its order.

    Returns
    -------
    DataFrame of n_stars rows with the columns
        source_id : int64
        probability : float64, of massive, calibrated, at equal priors: mean over the members; NaN if not classified
        probability_std : float64, standard deviation over the members (ddof 1); NaN with one member
        label : 'massive' (probability >= 0.5) or 'low-mass'; None if not classified
        note : str, '' for a good row; a damaged spectrum (`core.spectra.damage`) has its number all the same
    """
    return verdicts(spectra, member_probabilities(spectra, ensemble), ensemble)


def member_probabilities(spectra: SpectrumSet, ensemble: Predictor) -> np.ndarray:
    """Every member's probability of massive: float64 ndarray of shape (n_members, n_stars), NaN if not classified."""
    flux, coefficients = spectra.flux, spectra.coefficients
    result = np.full((len(ensemble), len(spectra)), np.nan)
    rows = np.flatnonzero(usable(spectra))
    if ensemble.needs_coefficients:
        if coefficients is None:
            return result
        rows = np.flatnonzero(np.isfinite(coefficients.bp).all(axis=1) & np.isfinite(coefficients.rp).all(axis=1))
    if len(rows):
        chosen = coefficients.take(rows) if ensemble.needs_coefficients and coefficients is not None else None
        all_of_them = len(rows) == len(flux)  # the rule: then the spectra need no copy
        result[:, rows] = ensemble.probabilities(flux if all_of_them else flux[rows], chosen)
    return result


def verdicts(spectra: SpectrumSet, members: np.ndarray, ensemble: Ensemble) -> pd.DataFrame:
    """The table of `classify` from the members' probabilities (n_members, n_stars)."""
    probability = members.mean(axis=0)
    spread = members.std(axis=0, ddof=1) if len(members) > 1 else np.full(members.shape[1], np.nan)
    label = np.where(probability >= THRESHOLD, MASSIVE, LOW_MASS).astype(object)
    label[np.isnan(probability)] = None
    note = note_bad_rows(spectra, duplicates=False).note.copy()
    unexplained = np.isnan(probability) & usable(spectra)
    text = (
        "no XP coefficients, which this network needs"
        if ensemble.needs_coefficients
        else f"the representation {ensemble.representation!r} is not defined for this spectrum"
    )
    note[unexplained] = [f"{old}; {text}" if old else text for old in note[unexplained]]
    note = with_damage_notes(note, spectra, probability)
    columns = (spectra.source_id, probability, spread, pd.Series(label, dtype=object), note.astype(str))
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def with_damage_notes(note: np.ndarray, spectra: SpectrumSet, probability: np.ndarray) -> np.ndarray:
    """The notes (n_stars,) with one more on every classified row whose spectrum is damaged (`core.spectra.damage`)."""
    damaged = np.flatnonzero(~np.isnan(probability) & is_damaged(spectra.flux, spectra.flux_error))
    if len(damaged):
        note = note.copy()
        note[damaged] = [f"{old}; {DAMAGE_NOTE}" if old else DAMAGE_NOTE for old in note[damaged]]
    return note
