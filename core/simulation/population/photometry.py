"""Fast apparent magnitudes: a table of each family's magnitudes over temperature and extinction, made once a process.

The table is used to place stars and to select them; the spectrum of a selected star is then scaled to the G magnitude
that it was selected with, so the table's few hundredths of a magnitude end up in the star's radius.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.spectra.grid import WAVELENGTH_NM

SOLAR_RADIUS_OVER_10_PC_SQUARED = (6.957e8 / 3.0856776e17) ** 2
FAMILIES = ("normal", "white_dwarf", "helium_poor", "helium_rich", "helium_white_dwarf")
_TYPICAL_LOGG = {"normal": 4.2, "white_dwarf": 8.0, "helium_poor": 5.6, "helium_rich": 5.8, "helium_white_dwarf": 8.0}
_A_V_MAG = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.5, 6.0, 8.0, 10.0, 13.0, 17.0])
_N_TEFF = 40
A_V_LARGEST_MAG = float(_A_V_MAG[-1])
"""Stars behind more dust are left out: Gaia sees a handful of hypergiants there."""


@dataclass(frozen=True)
class MagnitudeTable:
    """Magnitudes of a star of one solar radius at 10 pc.

    Attributes
    ----------
    log_teff : ndarray of shape (n_teff,)
    magnitudes : ndarray of shape (3, n_teff, n_a_v)
        G, BP, RP.
    """

    log_teff: np.ndarray
    magnitudes: np.ndarray

    def lookup(self, teff_k: np.ndarray, a_v_mag: np.ndarray) -> np.ndarray:
        """G, BP and RP, ndarray of shape (3, n_stars), linear between the nodes."""
        row, row_part = _place(self.log_teff, np.log10(teff_k))
        column, column_part = _place(_A_V_MAG, a_v_mag)
        below = self.magnitudes[:, row, column] * (1 - row_part) + self.magnitudes[:, row + 1, column] * row_part
        above = (
            self.magnitudes[:, row, column + 1] * (1 - row_part) + self.magnitudes[:, row + 1, column + 1] * row_part
        )
        return below * (1 - column_part) + above * column_part


def absolute_magnitudes(
    family: np.ndarray, teff_k: np.ndarray, radius_rsun: np.ndarray, a_v_mag: np.ndarray | float = 0.0
) -> np.ndarray:
    """G, BP and RP at 10 pc behind A_V, ndarray of shape (3, n_stars).

    Parameters
    ----------
    family : int ndarray of shape (n_stars,)
        Index in FAMILIES.
    """
    a_v_mag = np.broadcast_to(np.asarray(a_v_mag, dtype=float), teff_k.shape)
    result = np.empty((3, len(teff_k)))
    for index in np.unique(family):
        mine = family == index
        result[:, mine] = magnitude_table(FAMILIES[index]).lookup(teff_k[mine], a_v_mag[mine])
    return result - 5.0 * np.log10(radius_rsun)


def combine(first_mag: np.ndarray, second_mag: np.ndarray) -> np.ndarray:
    """Magnitude of two sources together."""
    return -2.5 * np.log10(10.0 ** (-0.4 * first_mag) + 10.0 ** (-0.4 * second_mag))


@lru_cache(maxsize=len(FAMILIES))
def magnitude_table(family: str) -> MagnitudeTable:
    """The table of one family, from the atmosphere grid, the mean extinction law and Gaia's passbands."""
    from core.simulation.extinction import transmission
    from core.simulation.grid import load_grid
    from core.spectra.photometry import synthetic_photometry

    grid = load_grid()
    low, high = grid.range(family)["teff"]
    teff = np.geomspace(low, high, _N_TEFF)
    flux = grid.flux(teff, grid.nearest_logg(teff, np.full(_N_TEFF, _TYPICAL_LOGG[family]), family), 0.0, family)
    intrinsic = np.stack([np.interp(WAVELENGTH_NM, grid.wavelength_nm, row) for row in flux])
    dust = transmission(WAVELENGTH_NM, _A_V_MAG)  # (n_a_v, 343)
    seen = intrinsic[:, None, :] * dust[None, :, :] * SOLAR_RADIUS_OVER_10_PC_SQUARED
    magnitudes = np.stack(synthetic_photometry(seen.reshape(-1, len(WAVELENGTH_NM))))
    return MagnitudeTable(np.log10(teff), magnitudes.reshape(3, _N_TEFF, len(_A_V_MAG)))


def _place(nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interval of each value and its part of the way through it; values beyond the ends stay at the ends."""
    index = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
    return index, np.clip((values - nodes[index]) / (nodes[index + 1] - nodes[index]), 0.0, 1.0)
