"""Real stars whose spectra are most like a star's, whatever dust is in front of either."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.dataset import open_parquet
from core.datasets.real_stars import PROVENANCE, TITLE, real_stars_path
from core.errors import NotFoundError
from core.gaia.labels import MASSIVE
from core.simulation.extinction import curve
from core.spectra.grid import WAVELENGTH_NM

LOW_NM, HIGH_NM, LEAST_SNR = 392.0, 992.0, 8.0
"""Samples that are compared: inside the edges of both photometers, with a flux of at least eight errors."""
LEAST_SAMPLES = 120
SHOWN = ("source_id", "spectral_type", "category", "label", "phot_g_mean_mag", "bp_rp", "teff_apogee", "reference")


@dataclass(frozen=True, eq=False)
class KnownSpectra:
    """The shipped real stars: `table` (n, columns), and `log_flux` (n, n_samples), NaN where a sample is too noisy."""

    table: pd.DataFrame
    flux: np.ndarray
    log_flux: np.ndarray


def known_spectra() -> KnownSpectra:
    """Spectra of all shipped real stars; NotFoundError where they are not installed."""
    path = real_stars_path()
    if path is None:
        raise NotFoundError("the sample of real stars is not installed (data/real): restore it")
    return _known(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _known(path: Path, changed_ns: int) -> KnownSpectra:
    dataset = open_parquet(path, TITLE, PROVENANCE)
    spectra = dataset.read(np.arange(len(dataset)))
    table = dataset.table[[name for name in SHOWN if name in dataset.table]].reset_index(drop=True)
    flux = spectra.flux.astype(np.float32)
    return KnownSpectra(table, flux, _log_flux(spectra.flux, spectra.flux_error).astype(np.float32))


def _log_flux(flux: np.ndarray, error: np.ndarray | None) -> np.ndarray:
    """ln flux inside the compared range, NaN where the flux is too noisy: (n, n_compared)."""
    chosen = _compared()
    seen = flux[:, chosen]
    good = seen > 0
    if error is not None:
        with np.errstate(invalid="ignore"):
            good &= ~(seen < LEAST_SNR * error[:, chosen])  # an unknown error says nothing against a sample
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(good, np.log(np.where(good, seen, 1.0)), np.nan)


def _compared() -> np.ndarray:
    return (WAVELENGTH_NM >= LOW_NM) & (WAVELENGTH_NM <= HIGH_NM)


def alike_stars(
    flux: np.ndarray, error: np.ndarray | None, *, leave_out: int | None = None, n_each: int = 4
) -> pd.DataFrame:
    """The nearest massive stars and the nearest others among the shipped real stars.

    For each, brightness and extinction are fitted: ln f_star = ln f_known + c - A_V k(lambda), with the curve of Gordon
    et al. 2023 at R(V) = 3.1; what is left is the root mean square of the difference.

    Parameters
    ----------
    flux, error : ndarrays of shape (343,), W m^-2 nm^-1
    leave_out : int or None
        Source id of the star itself.

    Returns
    -------
    DataFrame
        Columns of `SHOWN`, `massive` (bool), `rms` (fraction of the flux), `added_a_v` (mag: dust to put in front of
        the known star), `row` (in `known_spectra`); massive ones first, each class nearest first. Empty where too few
        samples of the spectrum are good.
    """
    known = known_spectra()
    mine = _log_flux(flux[None], None if error is None else error[None])[0]
    mean, _ = curve(WAVELENGTH_NM)
    dims = (-0.4 * np.log(10) * mean[_compared()]).astype(np.float64)
    difference = mine[None] - known.log_flux
    weight = np.isfinite(difference).astype(np.float64)
    difference = np.where(weight > 0, difference, 0.0)
    n = weight.sum(axis=1)
    s1, s2 = weight @ dims, weight @ dims**2
    y0, y1 = difference.sum(axis=1), difference @ dims
    with np.errstate(divide="ignore", invalid="ignore"):
        a_v = (n * y1 - s1 * y0) / (n * s2 - s1**2)
        offset = (y0 - a_v * s1) / n
        left = (difference**2).sum(axis=1) - offset * y0 - a_v * y1
        rms = np.sqrt(np.maximum(left, 0.0) / n)
    rms[(n < LEAST_SAMPLES) | ~np.isfinite(rms)] = np.inf
    table = known.table.assign(massive=known.table["label"] == MASSIVE, rms=rms, added_a_v=a_v, row=np.arange(len(rms)))
    table = table[np.isfinite(table["rms"]) & (table["source_id"] != (leave_out or -1))].sort_values("rms")
    parts = [table[table["massive"]].head(n_each), table[~table["massive"]].head(n_each)]
    return pd.concat(parts, ignore_index=True)


def behind_dust(row: int, added_a_v: float, flux: np.ndarray) -> np.ndarray:
    """A known star's spectrum (343,) behind the dust that fits, scaled to `flux`; dust may be taken off, too."""
    known = known_spectra().flux[row].astype(np.float64)
    mean, _ = curve(WAVELENGTH_NM)
    seen = known * np.exp(-0.4 * np.log(10) * added_a_v * mean)
    chosen = _compared()
    good = np.isfinite(flux[chosen]) & np.isfinite(seen[chosen])
    return seen * float((flux[chosen] * seen[chosen])[good].sum() / (seen[chosen] ** 2)[good].sum())
