"""u, g, r, i magnitudes of the simulator's stars from the atmosphere grid: a table over temperature and extinction."""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.simulation.population.photometry import FAMILIES, absolute_magnitudes

UGRI = ("u", "g", "r", "i")
_EDGES_NM = ((328.0, 384.0), (410.0, 550.0), (556.0, 694.0), (700.0, 840.0))
"""Rectangles as wide as SDSS's bands at half of their height (Doi et al. 2010, AJ 139, 1628)."""
_A_V = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.5, 6.0, 8.0, 10.0, 13.0, 17.0])
_LOGG = {"normal": 4.0, "white_dwarf": 8.0, "helium_poor": 5.6, "helium_rich": 5.8, "helium_white_dwarf": 8.0}
_N_TEFF = 40
_AB_ZERO = 3.631e-23  # W m^-2 Hz^-1
_C_NM = 2.99792458e17


def ugri_magnitudes(stars: pd.DataFrame) -> np.ndarray:
    """u, g, r, i without noise (AB mag) of a population table, (n_stars, 4); the companion is left out of them."""
    teff, a_v = stars["true_teff"].to_numpy(float), stars["true_a_v"].to_numpy(float)
    radius = stars["radius_rsun"].to_numpy(float)
    family = stars["family"].map({name: number for number, name in enumerate(FAMILIES)}).to_numpy(np.int64)
    result = np.empty((len(stars), len(UGRI)))
    for index in np.unique(family):
        mine = family == index
        seen = absolute_magnitudes(family[mine], teff[mine], radius[mine], a_v[mine])[0] + 5 * np.log10(radius[mine])
        offset = stars["true_g_mag"].to_numpy(float)[mine] - seen
        result[mine] = _lookup(FAMILIES[index], teff[mine], a_v[mine]) + offset[:, None]
    return result


def _lookup(family: str, teff: np.ndarray, a_v: np.ndarray) -> np.ndarray:
    """Magnitudes of a star of one solar radius at 10 pc, (n_stars, 4), linear between the nodes."""
    from scipy.interpolate import RegularGridInterpolator

    log_teff, table = _table(family)
    points = np.stack([np.clip(np.log10(teff), log_teff[0], log_teff[-1]), np.clip(a_v, 0, _A_V[-1])], axis=1)
    return RegularGridInterpolator((log_teff, _A_V), table)(points)


@lru_cache(maxsize=len(FAMILIES))
def _table(family: str) -> tuple[np.ndarray, np.ndarray]:
    from core.simulation.extinction import transmission
    from core.simulation.grid import load_grid
    from core.simulation.population.photometry import SOLAR_RADIUS_OVER_10_PC_SQUARED

    grid = load_grid()
    low, high = grid.range(family)["teff"]
    teff = np.geomspace(low, high, _N_TEFF)
    flux = grid.flux(teff, grid.nearest_logg(teff, np.full(_N_TEFF, _LOGG[family]), family), 0.0, family)
    wavelength = grid.wavelength_nm
    seen = flux[:, None, :] * transmission(wavelength, _A_V)[None] * SOLAR_RADIUS_OVER_10_PC_SQUARED
    magnitudes = []
    for short, long in _EDGES_NM:
        inside = (wavelength >= short) & (wavelength <= long)
        x = wavelength[inside]
        # Counts of photons over those of a flat spectrum per frequency.
        photons = np.trapezoid(seen[..., inside] * x, x, axis=-1)
        flat = np.trapezoid(_AB_ZERO * _C_NM / x**2 * x, x)
        magnitudes.append(-2.5 * np.log10(photons / flat))
    return np.log10(teff), np.stack(magnitudes, axis=-1)
