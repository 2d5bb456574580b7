"""Errors of Gaia's XP calibration that no star's noise contains: a mean law in the near ultraviolet and wiggles.

Gaia's flux divided by CALSPEC's (seen through the forward model) departs from 1 by a law of wavelength, colour and, for
stars brighter than G = 11, brightness: about -6 % below 370 nm for hot stars, -20 % for the brightest O and B stars,
positive for solar colours; 1-3 % elsewhere. Star by star it wiggles about the law. The law was measured on CALSPEC
standards (Montegriffo et al. 2023, A&A 674, A3, section 7, describe the same) by `recipes.noise_law`.
"""

from functools import cache

import numpy as np

from core.simulation.instrument import forward_matrix
from core.simulation.noise_constants import NOISE_PATH
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS, WAVELENGTH_NM

_NEAR_UV_NM = [340, 350, 360, 370, 380, 390, 400, 411, 423]
_BEYOND_NM = [440, 465, 500, 540, 580, 620, 660, 715, 800, 885, 950, 1000]
LAW_NODES_NM = np.array(_NEAR_UV_NM + _BEYOND_NM, dtype=float)
"""Wavelengths at which the law is tabulated."""
_WIGGLE_LENGTH_NM = 15.0


def law_features(bp: np.ndarray, rp: np.ndarray, phot_g_mean_mag: np.ndarray) -> np.ndarray:
    """What the law depends on: (n_stars, 4).

    1; hotness (0 at solar colour, 1 at O stars); brightness (0 at G 11, 1 at G 5); hotness of the stars brighter than
    G 6.5, in full from G 5 on.
    """
    g = np.asarray(phot_g_mean_mag, dtype=np.float64)
    redness = np.log10(np.maximum(rp[:, 0], 1e-6) / np.maximum(bp[:, 0], 1e-6))
    hotness = np.clip(-redness / 0.45, 0.0, 1.1)
    brightness = np.clip((11.0 - g) / 6.0, 0.0, 1.2)
    return np.stack([np.ones_like(hotness), hotness, brightness, hotness * np.clip((6.5 - g) / 1.5, 0.0, 1.0)], axis=1)


def mean_error(bp: np.ndarray, rp: np.ndarray, phot_g_mean_mag: np.ndarray) -> np.ndarray:
    """The law alone: relative error of the sampled flux, float32 (n_stars, 343)."""
    return law_features(bp, rp, phot_g_mean_mag).astype(np.float32) @ mean_law()


def add_systematics(
    bp: np.ndarray, rp: np.ndarray, phot_g_mean_mag: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients with the calibration's errors: two new float64 ndarrays of shape (n_stars, 55).

    The calibrated spectrum is multiplied by 1 + error(wavelength) and projected back; bp and rp (n_stars, 55) and
    phot_g_mean_mag (n_stars,) as for `core.simulation.noise.add_noise`.
    """
    features = law_features(bp, rp, phot_g_mean_mag)
    relative = features.astype(np.float32) @ mean_law() + _wiggles(features[:, 2], rng)
    # Single precision suffices for a correction of a few per cent and doubles the speed.
    flux = np.concatenate([bp, rp], axis=1, dtype=np.float32) @ _calibration()  # (n, 343)
    return back_projected(bp, rp, flux * relative)


def back_projected(bp: np.ndarray, rp: np.ndarray, flux_change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (n_stars, 55) of spectra whose sampled flux changes by (n_stars, 343) W m^-2 nm^-1."""
    change = flux_change @ back_projection()  # (n, 343) @ (343, 110)
    return bp + change[:, :N_COEFFICIENTS], rp + change[:, N_COEFFICIENTS:]


@cache
def _constants() -> tuple[np.ndarray, np.ndarray]:
    with np.load(NOISE_PATH) as stored:
        return stored["calibration_law"], stored["calibration_scatter"]


@cache
def mean_law() -> np.ndarray:
    """Mean law on the XP grid: (4, 343)."""
    return np.stack([np.interp(WAVELENGTH_NM, LAW_NODES_NM, row) for row in _constants()[0]]).astype(np.float32)


@cache
def _scatter() -> np.ndarray:
    """Standard deviation of the wiggles on the XP grid, bright and faint stars: (2, 343)."""
    return np.stack([np.interp(WAVELENGTH_NM, LAW_NODES_NM, row) for row in _constants()[1]]).astype(np.float32)


@cache
def smooth_curves(length_nm: float = _WIGGLE_LENGTH_NM) -> np.ndarray:
    """Smooth functions whose random sum has unit variance and this correlation length: (n_functions, 343)."""
    centres = np.arange(WAVELENGTH_NM[0] - 2 * length_nm, WAVELENGTH_NM[-1] + 2 * length_nm + 1.0, length_nm)
    basis = np.exp(-(((WAVELENGTH_NM - centres[:, None]) / length_nm) ** 2))
    return (basis / np.sqrt((basis**2).sum(axis=0))).astype(np.float32)


def wiggle_amplitude(brightness: np.ndarray) -> np.ndarray:
    """Standard deviation of the wiggles, (n_stars, 343), from the brightness of `law_features`."""
    bright = np.clip(brightness / 0.3, 0.0, 1.0)[:, None].astype(np.float32)
    return bright * _scatter()[0] + (1.0 - bright) * _scatter()[1]


def _wiggles(brightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    basis = smooth_curves()
    unit = rng.standard_normal((len(brightness), len(basis)), dtype=np.float32) @ basis
    return unit * wiggle_amplitude(brightness)


@cache
def _calibration() -> np.ndarray:
    return design_matrix().astype(np.float32)


@cache
def back_projection() -> np.ndarray:
    """From relative flux errors on the XP grid to coefficients: (343, 110); no error beyond the grid."""
    wide = np.concatenate([np.arange(312.0, 336.0, 2.0), WAVELENGTH_NM, np.arange(1022.0, 1101.0, 2.0)])
    first = int(np.searchsorted(wide, WAVELENGTH_NM[0]))
    return np.ascontiguousarray(forward_matrix(wide)[:, first : first + len(WAVELENGTH_NM)].T, dtype=np.float32)
