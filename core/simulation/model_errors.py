"""What real XP spectra show that atmospheres and forward model do not: light that leaks into the blue, missing opacity.

Measured on 13,000 cool stars of known temperature, gravity and metallicity (`recipes.model_errors`).
The leak: XP spectra carry 4 to 11 % of the star's flux at 550-650 nm at 340-375 nm, whatever dust or temperature takes
from the star's own light there. It is additive, hence of the instrument (wings of the line spread function, divided by
a vanishing response), and makes reddened stars look less reddened below 400 nm. The rest depends on the atmosphere;
what it leaves is transplanted from real stars (`core.simulation.residuals`).
"""

from functools import cache
from pathlib import Path

import numpy as np

from core.simulation.damage import DAMAGED_SHARE, draw_damage
from core.simulation.residuals import transplanted
from core.simulation.systematics import back_projected
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM

ERRORS_PATH = Path(__file__).with_name("xp_model_errors.npz")
LEAK_FROM_NM = (550.0, 650.0)
TEFF_RANGE_K = (3_500.0, 6_800.0)
FADED_BY_K = 8_000.0
"""The correction of atmospheres ends here; between the range and this it fades away."""
LEAK_SCATTER = 0.25
DWARF_LOGG = (3.5, 3.9)
LEAST_FACTOR = 0.4


def atmosphere_features(teff: np.ndarray, logg: np.ndarray, mh: np.ndarray) -> np.ndarray:
    """What the correction is linear in: (n_stars, 18), one half for dwarfs, one for giants."""
    x = (np.clip(teff, *TEFF_RANGE_K) - 5_200.0) / 1_000.0
    y, m = np.clip(logg, 0.5, 5.0), np.clip(mh, -2.0, 0.5)
    dwarf = np.clip((y - DWARF_LOGG[0]) / (DWARF_LOGG[1] - DWARF_LOGG[0]), 0.0, 1.0)
    terms = np.stack([np.ones_like(x), x, x**2, x**3, x**4, m, m**2, x * m, y - 3.7], axis=1)
    return np.concatenate([terms * dwarf[:, None], terms * (1.0 - dwarf)[:, None]], axis=1)


def add_model_errors(
    bp: np.ndarray,
    rp: np.ndarray,
    stellar: tuple[np.ndarray, np.ndarray, np.ndarray],
    is_normal: np.ndarray,
    rng: np.random.Generator,
    damaged_share: float = DAMAGED_SHARE,
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients as the real instrument gives them, a few damaged: two new ndarrays of shape (n_stars, 55).

    Parameters
    ----------
    bp, rp : ndarrays of shape (n_stars, 55), noise-free.
    stellar : Teff (K), log g, [M/H], each of shape (n_stars,)
    is_normal : bool ndarray of shape (n_stars,)
        Stars with a normal atmosphere; white dwarfs and hot subdwarfs get the leak alone.
    damaged_share : float
        Of the stars whose spectrum is damaged.
    """
    leak, correction = _constants()
    flux = np.concatenate([bp, rp], axis=1, dtype=np.float32) @ _calibration()
    teff = stellar[0]
    fade = np.clip((FADED_BY_K - teff) / (FADED_BY_K - TEFF_RANGE_K[1]), 0.0, 1.0) * is_normal
    relative = (fade[:, None] * atmosphere_features(*stellar)).astype(np.float32) @ correction
    np.maximum(relative, LEAST_FACTOR - 1.0, out=relative)
    relative = (1.0 + relative) * (1.0 + transplanted(stellar, fade, rng)) - 1.0
    source = leak_source(flux) * np.exp(LEAK_SCATTER * rng.standard_normal(len(bp)))
    change = flux * relative + source[:, None].astype(np.float32) * leak
    damaged = np.flatnonzero(rng.random(len(bp)) < damaged_share)
    change[damaged] += (flux + change)[damaged] * (draw_damage(len(damaged), rng) - 1.0).astype(np.float32)
    return back_projected(bp, rp, change)


def leak_source(flux: np.ndarray) -> np.ndarray:
    """Mean flux at 550-650 nm, (n_stars,), of spectra (n_stars, 343): what leaks."""
    return flux[:, _leak_samples()].mean(axis=1)


def leak_alone(flux: np.ndarray) -> np.ndarray:
    """The mean leak of spectra (n_stars, 343) that lack it, of the same shape and unit."""
    return leak_source(flux)[:, None].astype(np.float32) * _constants()[0]


def add_leak(bp: np.ndarray, rp: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The leak into the blue alone, for light that is no normal star's: two new ndarrays of shape (n, 55)."""
    flux = np.concatenate([bp, rp], axis=1, dtype=np.float32) @ _calibration()
    source = leak_source(flux) * np.exp(LEAK_SCATTER * rng.standard_normal(len(bp)))
    return back_projected(bp, rp, source[:, None].astype(np.float32) * _constants()[0])


@cache
def _constants() -> tuple[np.ndarray, np.ndarray]:
    with np.load(ERRORS_PATH) as stored:
        return stored["leak"].astype(np.float32), stored["correction"].astype(np.float32)


@cache
def _leak_samples() -> np.ndarray:
    return np.flatnonzero((LEAK_FROM_NM[0] <= WAVELENGTH_NM) & (LEAK_FROM_NM[1] >= WAVELENGTH_NM))


@cache
def _calibration() -> np.ndarray:
    return design_matrix().astype(np.float32)
