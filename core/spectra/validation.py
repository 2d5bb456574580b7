"""Which rows of a SpectrumSet can be classified, and a note on each of the others."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from core.spectra.grid import N_SAMPLES
from core.spectra.spectrum_set import SpectrumSet

_NO_FLUX = "no flux"


def usable(spectra: SpectrumSet) -> np.ndarray:
    """Rows that can be classified: boolean ndarray of shape (n_stars,).

    A usable row has 343 finite flux samples, at least one of them positive. The notes do not decide: a duplicate is
    noted and usable. Negative samples are legal (noise around zero at the blue end).
    """
    least, most = spectra.flux.min(axis=1), spectra.flux.max(axis=1)  # NaN where a sample is; no copy of the spectra
    return np.isfinite(least) & np.isfinite(most) & (most > 0)


def note_bad_rows(spectra: SpectrumSet, *, duplicates: bool = True) -> SpectrumSet:
    """A copy with a note on every row that cannot be classified, and on duplicate ids.

    Notes that rows carry already (a missing band, a wrong number of samples) are kept; a row whose flux is missing for
    such a stated reason gets no second note about it.
    """
    note = spectra.note.copy()
    for row in np.flatnonzero(~usable(spectra)):
        text = _flux_problem(spectra.flux[row])
        if text not in note[row] and not (note[row] and np.isnan(spectra.flux[row]).any()):
            note[row] = _appended(note[row], text)
    noted = replace(spectra, note=note)
    return note_duplicates(noted, DuplicateIds([spectra.source_id])) if duplicates else noted


class DuplicateIds:
    """Ids that occur more than once in a table that is read in parts, with a running count of each.

    Parameters
    ----------
    parts : iterable of int64 ndarray
        Ids of the whole table, part by part (8 bytes each are held while they are counted).
    """

    def __init__(self, parts: Iterable[np.ndarray]) -> None:
        ids = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        ids.sort()
        again = ids[1:][ids[1:] == ids[:-1]]
        values, repeats = np.unique(again[again > 0], return_counts=True)
        self.ids = values
        self.total = dict(zip(values.tolist(), (repeats + 1).tolist(), strict=True))
        self._seen: dict[int, int] = {}

    def next_count(self, source_id: int) -> int:
        """How many rows with this id were met, this one included."""
        self._seen[source_id] = self._seen.get(source_id, 0) + 1
        return self._seen[source_id]


def note_duplicates(spectra: SpectrumSet, duplicates: DuplicateIds) -> SpectrumSet:
    """A copy with 'duplicate source_id (row 2 of 3)' on every row whose id occurs more than once."""
    rows = np.flatnonzero(np.isin(spectra.source_id, duplicates.ids))
    if not len(rows):
        return spectra
    note = spectra.note.copy()
    for row in rows:
        source_id = int(spectra.source_id[row])
        count, total = duplicates.next_count(source_id), duplicates.total[source_id]
        note[row] = _appended(note[row], f"duplicate source_id (row {count} of {total})")
    return replace(spectra, note=note)


def _flux_problem(flux: np.ndarray) -> str:
    missing = int(np.sum(~np.isfinite(flux)))
    if missing == N_SAMPLES:
        return _NO_FLUX
    if missing:
        return f"{missing} of {N_SAMPLES} flux samples are missing (NaN)"
    return "all flux samples are zero" if not flux.any() else "all flux samples are negative or zero"


def _appended(note: str, text: str) -> str:
    return f"{note}; {text}" if note else text
