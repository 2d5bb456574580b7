"""The spectral energy distribution of a star: its XP spectrum, photometry in the near infrared, a black body."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.simulation.extinction import transmission
from core.spectra.grid import WAVELENGTH_NM
from core.star.dust_free import Extinction
from core.verdict.facts import to_number

BANDS = {
    "J": (("j_mag", "j", "tmass_j_m"), 1235.0, 3.129e-12),
    "H": (("h_mag", "h", "tmass_h_m"), 1662.0, 1.133e-12),
    "Ks": (("ks_mag", "ks", "tmass_ks_m"), 2159.0, 4.283e-13),
}
"""Columns, isophotal wavelength (nm) and flux of magnitude 0 (W m^-2 nm^-1): 2MASS, Cohen, Wheaton & Megeath 2003, AJ
126, 1090."""
_ANCHOR_NM = (900.0, 1000.0)
_C2_NM_K = 1.438777e7


@dataclass(frozen=True)
class Energy:
    """`points` (band, wavelength_nm, flux W m^-2 nm^-1); `model` (wavelength_nm, flux) with its name, or None."""

    points: pd.DataFrame
    clear: np.ndarray | None
    model: tuple[np.ndarray, np.ndarray] | None
    model_name: str = ""


def magnitudes(gaia: Mapping[str, object], known: Mapping[str, object]) -> dict[str, float]:
    """J, H and Ks (mag) of a star, as far as they are known."""
    found = {}
    for band, (columns, _, _) in BANDS.items():
        values = (to_number(of.get(name)) for of in (gaia, known) for name in columns)
        value = next((value for value in values if np.isfinite(value)), None)
        if value is not None:
            found[band] = value
    return found


def energy(
    flux: np.ndarray, bands: Mapping[str, float], extinction: Extinction | None, teff: float = float("nan")
) -> Energy:
    """Points, the spectrum without dust, and a black body behind the same dust, tied to the spectrum at 900-1000 nm.

    Parameters
    ----------
    flux : ndarray of shape (343,), W m^-2 nm^-1
    bands : mapping of 'J', 'H', 'Ks' to mag
    extinction : Extinction or None
        None: no dust is taken off, and there is no black body.
    teff : float
        Of the black body, K; NaN: none.
    """
    points = pd.DataFrame(
        [(band, BANDS[band][1], BANDS[band][2] * 10 ** (-0.4 * value)) for band, value in bands.items()],
        columns=["band", "wavelength_nm", "flux"],
    )
    if extinction is None:
        return Energy(points, None, None)
    dust = transmission(WAVELENGTH_NM, np.array([extinction.a_v]), extinction.r_v)[0]
    if not np.isfinite(teff):
        return Energy(points, flux / dust, None)
    wavelength = np.geomspace(340.0, 2400.0, 200)
    seen = _planck(wavelength, teff) * transmission(wavelength, np.array([extinction.a_v]), extinction.r_v)[0]
    anchor = (_ANCHOR_NM[0] <= WAVELENGTH_NM) & (_ANCHOR_NM[1] >= WAVELENGTH_NM)
    there = np.interp(WAVELENGTH_NM[anchor], wavelength, seen)
    scale = float(np.nanmean(flux[anchor]) / there.mean())
    return Energy(points, flux / dust, (wavelength, scale * seen), f"black body of {teff:,.0f} K behind the same dust")


def _planck(wavelength_nm: np.ndarray, teff: float) -> np.ndarray:
    return wavelength_nm**-5.0 / np.expm1(_C2_NM_K / (wavelength_nm * teff))
