"""What to know of a spectrum beside its verdict, and why one has none: the notes of `core.verdict.verdict`.

Marks and doubts are told apart: emission lines are a mark, which leaves a verdict trusted (Be, Of, Wolf-Rayet and T
Tauri stars have them); damage, a spectrum that is no star's, and a verdict that rests on emission are doubts.
"""

from typing import TYPE_CHECKING

import numpy as np

from core.gaia.labels import THRESHOLD
from core.spectra.damage import NOTE as DAMAGE_NOTE
from core.spectra.emission_lines import NOTE as EMISSION_NOTE
from core.spectra.emission_lines import measure_emission, without_lines
from core.spectra.non_stars import KINDS, has_damage, non_star_scores
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows, usable

if TYPE_CHECKING:
    from core.verdict.verdict import Predictor

RESTS_ON_LINES = "the verdict 'massive' rests on them: without these lines the spectrum is called low-mass"
MARKS = (EMISSION_NOTE,)
"""Notes that begin so are no reason for doubt."""
_BETWEEN = "; "


def is_doubtful(note: str) -> bool:
    """Whether a note says more than marks do."""
    return any(part and not part.startswith(MARKS) for part in note.split(_BETWEEN))


def notes_of(spectra: SpectrumSet, members: np.ndarray, ensemble: "Predictor") -> np.ndarray:
    """The notes, object ndarray (n_stars,): one on every row that is not classified, marks and doubts on the others.

    Parameters
    ----------
    members : float64 ndarray (n_members, n_stars)
        Probabilities of massive; NaN throughout where a star is not classified.
    ensemble : Predictor
        Is asked again about stars whose emission lines are taken off.
    """
    note = spectra.note.copy()
    classified = np.isfinite(members).any(axis=0)
    rows = np.flatnonzero(classified)
    if len(rows):
        _mark(note, rows, spectra, members, ensemble)
    if not classified.all():
        _explain(note, np.flatnonzero(~classified), spectra, ensemble)
    return note


def _mark(note: np.ndarray, rows: np.ndarray, spectra: SpectrumSet, members: np.ndarray, ensemble: "Predictor") -> None:
    whole = len(rows) == len(spectra)
    flux = spectra.flux if whole else spectra.flux[rows]
    error = spectra.flux_error if whole or spectra.flux_error is None else spectra.flux_error[rows]
    found = non_star_scores(flux, error)
    damaged = has_damage(flux, error, found)
    for i in np.flatnonzero(damaged):
        _add(note, rows[i], DAMAGE_NOTE)
    for i in np.flatnonzero(found.flagged):
        if not (damaged[i] and KINDS[found.kind[i]] == "damaged"):
            _add(note, rows[i], found.note(int(i)))
    lines = measure_emission(flux, error)
    emits = np.flatnonzero(lines.found.any(axis=1))
    rests = _rests_on_lines(flux[emits], members[:, rows[emits]], ensemble)
    for i, only in zip(emits, rests, strict=True):
        _add(note, rows[i], lines.note(int(i)))
        if only:
            _add(note, rows[i], RESTS_ON_LINES)


def _rests_on_lines(flux: np.ndarray, members: np.ndarray, ensemble: "Predictor") -> np.ndarray:
    """Whether each star is called massive with its emission lines and low-mass without them, boolean (n,)."""
    rests = np.zeros(len(flux), dtype=bool)
    massive = np.flatnonzero(_mean(members) >= THRESHOLD)
    if len(massive) and not ensemble.needs_coefficients:  # lines cannot be taken off coefficients
        rests[massive] = _mean(ensemble.probabilities(without_lines(flux[massive]))) < THRESHOLD
    return rests


def _mean(members: np.ndarray) -> np.ndarray:
    """Over the members that were asked, (n,); NaN for none."""
    asked = np.isfinite(members)
    with np.errstate(invalid="ignore"):
        return np.where(asked, members, 0.0).sum(axis=0) / np.where(asked.any(axis=0), asked.sum(axis=0), np.nan)


def _explain(note: np.ndarray, rows: np.ndarray, spectra: SpectrumSet, ensemble: "Predictor") -> None:
    """Why the spectra of these rows are not classified."""
    unclassified = spectra.take(rows)
    text = (
        "no XP coefficients, which this network needs"
        if ensemble.needs_coefficients
        else f"the representation {ensemble.representation!r} is not defined for this spectrum"
    )
    found = note_bad_rows(unclassified, duplicates=False).note.copy()
    unexplained = usable(unclassified)
    found[unexplained] = [f"{old}{_BETWEEN}{text}" if old else text for old in found[unexplained]]
    note[rows] = found


def _add(note: np.ndarray, row: int, text: str) -> None:
    note[row] = f"{note[row]}{_BETWEEN}{text}" if note[row] else text
