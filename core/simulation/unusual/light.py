"""Building blocks of spectra that no single atmosphere gives: lines, power laws, black bodies, dust.

All functions work on `GRID_NM`, on which the instrument's forward model loses nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.simulation.dust_curves import transmission
from core.simulation.dust_draw import draw_dust
from core.simulation.line_light import AIR_TO_VACUUM

GRID_NM = np.arange(320.0, 1101.0)
"""1 nm, as far as dust and atmospheres reach."""
GRID_NM.setflags(write=False)
LIGHT_KMS = 299_792.458
_HC_OVER_K_NM_K = 1.438776877e7
_REACH_SIGMA = 6.0
_NARROWEST_NM = 0.6  # of a Gaussian on a grid of 1 nm; XP's own resolution is ten times coarser


@dataclass(frozen=True)
class Light:
    """n spectra at the telescope, before the instrument.

    Attributes
    ----------
    flux : ndarray of shape (n, len(GRID_NM))
        F_lambda on `GRID_NM`, any scale.
    about : DataFrame of n rows
        What was drawn.
    """

    flux: np.ndarray
    about: pd.DataFrame

    def __len__(self) -> int:
        return len(self.flux)

    def take(self, rows: np.ndarray) -> "Light":
        """The chosen rows."""
        return Light(self.flux[rows], self.about.iloc[rows].reset_index(drop=True))


def lognormal(median: float | np.ndarray, scatter: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) numbers around a median with a scatter in the natural logarithm."""
    return np.asarray(median) * np.exp(rng.normal(0.0, scatter, n))


def power_law(slope: np.ndarray, pivot_nm: float = 550.0) -> np.ndarray:
    """F_lambda ~ lambda^slope, 1 at the pivot, for slopes (n,): (n, n_wave)."""
    return (GRID_NM / pivot_nm) ** np.asarray(slope)[:, None]


def black_body(teff: np.ndarray) -> np.ndarray:
    """B_lambda up to a constant, for temperatures (n,): (n, n_wave)."""
    x = _HC_OVER_K_NM_K / (GRID_NM * np.asarray(teff)[:, None])
    return GRID_NM**-5.0 / np.expm1(np.minimum(x, 500.0)) * 1e15


def scaled_at(flux: np.ndarray, pivot_nm: float = 550.0) -> np.ndarray:
    """Spectra (n, n_wave) divided by their mean within 10 nm of a wavelength."""
    near = np.abs(GRID_NM - pivot_nm) <= 10.0
    return flux / flux[:, near].mean(axis=1, keepdims=True)


def add_lines(
    flux: np.ndarray,
    continuum: np.ndarray,
    widths_nm: Mapping[float, np.ndarray],
    fwhm_kms: np.ndarray,
    redshift: np.ndarray | float = 0.0,
    *,
    in_vacuum: bool = False,
) -> np.ndarray:
    """Spectra (n, n_wave) with emission lines.

    Parameters
    ----------
    continuum : ndarray (n, n_wave)
        What the equivalent widths refer to, at the line's centre.
    widths_nm : mapping
        Wavelength at rest (nm; in air unless `in_vacuum`) -> equivalent widths in the observer's frame, nm, (n,).
    fwhm_kms : ndarray (n,)
        Full width at half maximum.
    redshift : ndarray (n,) or float
    """
    result = flux.copy()
    rows = np.arange(len(flux))
    factor = 1.0 if in_vacuum else AIR_TO_VACUUM
    for rest, width in widths_nm.items():
        centre = rest * factor * (1.0 + np.broadcast_to(redshift, len(flux)))
        sigma = np.maximum(fwhm_kms / LIGHT_KMS / 2.3548 * centre, _NARROWEST_NM)
        seen = np.flatnonzero((centre > GRID_NM[0] - 60.0) & (centre < GRID_NM[-1] + 60.0) & (width != 0))
        place = np.clip(np.searchsorted(GRID_NM, centre[seen]), 0, len(GRID_NM) - 1)
        if not len(seen):
            continue
        height = continuum[rows[seen], place] * width[seen] / (sigma[seen] * np.sqrt(2.0 * np.pi))
        reach = _REACH_SIGMA * sigma[seen]
        first, last = np.searchsorted(GRID_NM, [(centre[seen] - reach).min(), (centre[seen] + reach).max()])
        near = slice(int(first), int(last))
        offset = (GRID_NM[near] - centre[seen, None]) / sigma[seen, None]
        result[seen, near] += height[:, None] * np.exp(-0.5 * offset**2)
    return result


def behind_dust(flux: np.ndarray, a_v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spectra (n, n_wave) behind dust of A_V (n,), of every law that the simulator knows."""
    return flux * transmission(GRID_NM, draw_dust(a_v, rng, wide=True))
