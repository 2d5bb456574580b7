"""Epoch spectra: one star's XP spectra transit by transit, and what of them varies.

Gaia DR4 delivers them through DataLink (XP_EPOCH_SPECTRUM), keyed by transit_id. How its files look is not published:
read is any file that the readers of spectra open and that has a row per transit, with the columns source_id, transit_id
and a time. Until real ones exist they are simulated (`core.simulation.epochs`) and say so.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import MissingColumnError
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import usable

TRANSIT_COLUMN = "transit_id"
TIME_COLUMNS = ("obs_time_jd", "transit_time_jd", "obs_time", "time_jd", "time")
"""Names of the time of a transit, days (barycentric Julian date), best first."""
SIMULATED_COLUMN = "simulated"
VARIES_FROM = 1.1
"""Reduced chi-square from which a spectrum varies: 343 samples hold some 50 independent values, so that a constant
star's scatters by 0.03 for 40 transits; the errors themselves are known to a few per cent."""


@dataclass(frozen=True)
class EpochSpectra:
    """One star's transits in order of time.

    Attributes
    ----------
    spectra : SpectrumSet
        A row per transit; all of one source_id.
    transit_id : int64 ndarray of shape (n_epochs,)
    time_jd : float64 ndarray of shape (n_epochs,)
        Days; NaN where unknown.
    simulated : bool
    """

    spectra: SpectrumSet
    transit_id: np.ndarray
    time_jd: np.ndarray
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.spectra)

    @property
    def source_id(self) -> int:
        """Of the star."""
        return int(self.spectra.source_id[0])

    def mean_flux(self) -> np.ndarray:
        """Mean over the usable transits, weighted by their errors where all have them: shape (343,)."""
        rows = usable(self.spectra)
        flux, error = self.spectra.flux[rows], self.spectra.flux_error
        if not len(flux):
            return np.full(self.spectra.flux.shape[1], np.nan)
        if error is None or not np.isfinite(error[rows]).all() or (error[rows] <= 0).any():
            return flux.mean(axis=0)
        weight = 1.0 / error[rows] ** 2
        return (weight * flux).sum(axis=0) / weight.sum(axis=0)

    def residuals(self) -> np.ndarray:
        """(flux - mean) of every transit, in standard deviations where errors are known, else relative to the mean.

        float64 ndarray of shape (n_epochs, 343); NaN for transits that cannot be used.
        """
        mean = self.mean_flux()
        with np.errstate(invalid="ignore", divide="ignore"):
            difference = self.spectra.flux - mean
            scale = np.abs(mean) if self.spectra.flux_error is None else self.spectra.flux_error
            result = difference / scale
        result[~usable(self.spectra)] = np.nan
        return result

    def variability(self) -> float:
        """Reduced chi-square of the transits against their mean (1 for a constant star); NaN without errors."""
        rows = usable(self.spectra)
        if self.spectra.flux_error is None or rows.sum() < 2:
            return float("nan")
        residuals = self.residuals()[rows]
        return float(np.nansum(residuals**2) / (np.isfinite(residuals).sum() * (1.0 - 1.0 / rows.sum())))


def read_epochs(path: str | Path, *, release: str | None = None) -> list[EpochSpectra]:
    """Epoch spectra of every star of a file, stars in the order in which they come first.

    Raises
    ------
    MissingColumnError
        The file has no transit_id.
    ReadError
        As `core.spectra.readers.read_spectra`.
    """
    from core.spectra.readers import read_spectra

    return epochs_of(read_spectra(path, release=release), str(path))


def epochs_of(spectra: SpectrumSet, origin: str = "the table") -> list[EpochSpectra]:
    """The same of a set with a row per transit; a star's duplicate id is the rule here and no note."""
    found = spectra.metadata
    if TRANSIT_COLUMN not in found:
        raise MissingColumnError(
            f"{origin}: no column {TRANSIT_COLUMN!r}, found {', '.join(map(str, found.columns[:15])) or 'none'}; epoch "
            "spectra have a row per transit. Mean spectra are shown on the page Star"
        )
    transit = pd.to_numeric(found[TRANSIT_COLUMN], errors="coerce").fillna(-1).to_numpy(dtype=np.int64)
    name = next((name for name in TIME_COLUMNS if name in found), None)
    time = (
        np.full(len(spectra), np.nan) if name is None else pd.to_numeric(found[name], errors="coerce").to_numpy(float)
    )
    made_up = SIMULATED_COLUMN in found and found[SIMULATED_COLUMN].astype(str).str.lower().isin(["true", "1"]).all()
    note = np.array([_without_duplicates(text) for text in spectra.note], dtype=object)
    stars = []
    for source_id in pd.unique(spectra.source_id):
        rows = np.flatnonzero(spectra.source_id == source_id)
        rows = rows[np.lexsort((transit[rows], time[rows]))]
        own = spectra.take(rows)
        own.note[:] = note[rows]
        stars.append(EpochSpectra(own, transit[rows], time[rows], bool(made_up)))
    return stars


def _without_duplicates(note: str) -> str:
    return "; ".join(part for part in str(note).split("; ") if part and not part.startswith("duplicate source_id"))
