"""Colours of stars without dust from V to W2, and infrared magnitudes of the simulator's stars from them.

The atmosphere grid ends at 1.1 micrometres. Beyond, a star's colours are those measured for its temperature, dust that
of Gordon et al. 2023 (which reaches 32 micrometres), and discs add what their kind adds.
"""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.photometric_systems import find_band
from core.simulation import extinction
from core.simulation.population.photometry import FAMILIES, absolute_magnitudes

_DWARFS = (
    # Teff (K), V-Ks, J-H, H-Ks, Ks-W1, W1-W2, G-V
    (44900, -1.000, -0.164, -0.071, 0.016, -0.045, -0.010),
    (33300, -1.000, -0.164, -0.071, 0.016, -0.045, -0.010),
    (31400, -0.958, -0.159, -0.067, 0.016, -0.045, -0.008),
    (29000, -0.913, -0.153, -0.063, 0.017, -0.045, -0.005),
    (26000, -0.874, -0.148, -0.059, 0.018, -0.045, -0.002),
    (24500, -0.752, -0.132, -0.047, 0.021, -0.045, 0.002),
    (20600, -0.602, -0.113, -0.032, 0.023, -0.045, 0.006),
    (18500, -0.544, -0.105, -0.026, 0.025, -0.045, 0.008),
    (17000, -0.492, -0.098, -0.021, 0.026, -0.045, 0.010),
    (15700, -0.417, -0.089, -0.013, 0.029, -0.045, 0.010),
    (14000, -0.325, -0.077, -0.004, 0.031, -0.045, 0.010),
    (12300, -0.254, -0.067, 0.003, 0.033, -0.046, 0.020),
    (10700, -0.121, -0.050, 0.016, 0.038, -0.050, 0.015),
    (9700, 0.041, -0.032, 0.028, 0.042, -0.041, 0.010),
    (8800, 0.178, -0.012, 0.034, 0.044, -0.034, -0.005),
    (8100, 0.403, 0.031, 0.038, 0.046, -0.030, -0.030),
    (7590, 0.601, 0.070, 0.042, 0.048, -0.028, -0.050),
    (7220, 0.734, 0.096, 0.045, 0.049, -0.026, -0.060),
    (6820, 0.925, 0.140, 0.050, 0.051, -0.027, -0.080),
    (6550, 1.079, 0.173, 0.054, 0.052, -0.030, -0.110),
    (6180, 1.290, 0.225, 0.061, 0.056, -0.039, -0.150),
    (5930, 1.437, 0.262, 0.067, 0.058, -0.043, -0.155),
    (5660, 1.635, 0.310, 0.076, 0.062, -0.052, -0.179),
    (5270, 1.953, 0.387, 0.091, 0.070, -0.063, -0.227),
    (4830, 2.400, 0.487, 0.109, 0.079, -0.071, -0.320),
    (4440, 2.880, 0.568, 0.132, 0.092, -0.073, -0.440),
    (4100, 3.350, 0.619, 0.164, 0.110, -0.060, -0.580),
    (3850, 3.650, 0.630, 0.190, 0.120, -0.040, -0.700),
    (3660, 4.000, 0.614, 0.222, 0.130, 0.000, -0.820),
    (3430, 4.600, 0.579, 0.252, 0.150, 0.080, -1.100),
    (3210, 5.250, 0.557, 0.280, 0.180, 0.130, -1.400),
    (3060, 5.950, 0.580, 0.312, 0.210, 0.170, -1.700),
    (2810, 7.100, 0.605, 0.352, 0.225, 0.210, -2.370),
)
"""Pecaut & Mamajek 2013, ApJS 208, 9, and its table of 2021 (version 2021.03.02). Above 33,300 K, where it has none,
the colours of O9 V: the Rayleigh-Jeans limit. W1 - W2 above 15,700 K and G - V above 17,000 K continued."""
_GIANTS = (
    # Teff (K), V-Ks, J-H, H-Ks, Ks-W1, W1-W2
    (4930, 2.16, 0.50, 0.085, 0.04, -0.05),
    (4780, 2.31, 0.54, 0.095, 0.04, -0.06),
    (4470, 2.70, 0.63, 0.115, 0.05, -0.07),
    (4190, 3.26, 0.73, 0.140, 0.06, -0.08),
    (3980, 3.60, 0.79, 0.165, 0.07, -0.08),
    (3850, 3.85, 0.83, 0.190, 0.08, -0.07),
    (3710, 4.30, 0.87, 0.220, 0.10, -0.05),
    (3540, 5.10, 0.91, 0.255, 0.12, 0.00),
    (3420, 5.96, 0.93, 0.285, 0.14, 0.05),
    (2800, 7.50, 0.95, 0.330, 0.18, 0.12),
)
"""After Bessell & Brett 1988, PASP 100, 1134 (G8 III to M5 III; the coolest row continued); WISE colours assumed."""
GIANT_LOGG, GIANT_TEFF_K = 3.3, 5_000.0
INFRARED = ("j", "h", "ks", "w1", "w2")
_DISC_POWER = 1.4
"""Excess of an ionised disc over the photosphere grows like wavelength^1.4 where it is thick (Waters 1986, A&A 162,
121: spectra of Be stars fall like wavelength^-2.6)."""
_DUST_DISC_K = 1_500.0
_HERBIG_KS_EXCESS = (0.3, 0.7)
"""ln of the dust's light over the star's in Ks, mean and scatter (Hillenbrand et al. 1992, ApJ 397, 613: excesses in Ks
of 0.3 to 2 mag)."""


@lru_cache(maxsize=2)
def _table(giants: bool) -> tuple[np.ndarray, np.ndarray]:
    """ln Teff, rising, and G - band of `INFRARED` (n_rows, 5)."""
    dwarfs = np.array(_DWARFS)[::-1]
    rows = np.array(_GIANTS)[::-1] if giants else dwarfs
    ln_teff = np.log(rows[:, 0])
    g_v = np.interp(ln_teff, np.log(dwarfs[:, 0]), dwarfs[:, 6])
    v_ks, j_h, h_ks, ks_w1, w1_w2 = rows[:, 1:6].T
    g_ks = g_v + v_ks
    return ln_teff, np.stack([g_ks - h_ks - j_h, g_ks - h_ks, g_ks, g_ks + ks_w1, g_ks + ks_w1 + w1_w2], axis=1)


def g_minus_infrared(teff_k: np.ndarray, logg: np.ndarray) -> np.ndarray:
    """G - J, G - H, G - Ks, G - W1, G - W2 without dust, mag, (n_stars, 5)."""
    ln_teff = np.log(teff_k)
    result = _interpolated(ln_teff, False)
    cool = (np.asarray(logg) < GIANT_LOGG) & (np.asarray(teff_k) < GIANT_TEFF_K)
    result[cool] = _interpolated(ln_teff[cool], True)
    return result


def _interpolated(ln_teff: np.ndarray, giants: bool) -> np.ndarray:
    known, colours = _table(giants)
    return np.stack([np.interp(ln_teff, known, column) for column in colours.T], axis=1)


def dust_in_bands(a_v: np.ndarray, r_v: np.ndarray, bands: tuple[str, ...] = INFRARED) -> np.ndarray:
    """Extinction (mag) at each band's effective wavelength, (n_stars, n_bands): Gordon et al. 2023."""
    wavelength = np.array([1e3 * find_band(key).wavelength_um for key in bands])
    order = np.argsort(wavelength)
    mean, slope = extinction.curve(wavelength[order])
    per_a_v = mean[None, :] + slope[None, :] * (1.0 / np.asarray(r_v)[:, None] - 1.0 / 3.1)
    found = np.empty((len(a_v), len(bands)))
    found[:, order] = np.asarray(a_v)[:, None] * per_a_v
    return found


def infrared_magnitudes(stars: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """J, H, Ks, W1, W2 without noise (Vega mag) of a population table, (n_stars, 5), companion and disc included."""
    family = stars["family"].map({name: number for number, name in enumerate(FAMILIES)}).to_numpy(np.int64)
    teff, radius = stars["true_teff"].to_numpy(float), stars["radius_rsun"].to_numpy(float)
    first_g = absolute_magnitudes(family, teff, radius)[0]
    light = 10 ** (-0.4 * (first_g[:, None] - g_minus_infrared(teff, stars["true_logg"].to_numpy(float))))
    optical = 10 ** (-0.4 * first_g)
    double = np.flatnonzero(stars["companion_radius_rsun"].to_numpy(float) > 0)
    if len(double):
        second = stars.iloc[double]
        cool, size = second["companion_teff"].to_numpy(float), second["companion_radius_rsun"].to_numpy(float)
        g_mag = absolute_magnitudes(np.zeros(len(double), dtype=int), cool, size)[0]
        colours = g_minus_infrared(cool, second["companion_logg"].to_numpy(float))
        light[double] += 10 ** (-0.4 * (g_mag[:, None] - colours))
        optical[double] += 10 ** (-0.4 * g_mag)
    light *= 1.0 + _disc_excess(stars, rng)
    a_v, r_v = stars["true_a_v"].to_numpy(float), np.clip(stars["true_r_v"].to_numpy(float), 2.3, 5.6)
    intrinsic = -2.5 * np.log10(light / optical[:, None])  # band minus G without dust
    return _g_without_dust(stars, family)[:, None] + intrinsic + dust_in_bands(a_v, r_v)


def _g_without_dust(stars: pd.DataFrame, family: np.ndarray) -> np.ndarray:
    """Apparent G with the dust taken off, mag."""
    teff, radius = stars["true_teff"].to_numpy(float), stars["radius_rsun"].to_numpy(float)
    a_v = stars["true_a_v"].to_numpy(float)
    dimming = absolute_magnitudes(family, teff, radius, a_v)[0] - absolute_magnitudes(family, teff, radius)[0]
    return stars["true_g_mag"].to_numpy(float) - dimming


def _disc_excess(stars: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Light of gas and dust over that of the star in each band, (n_stars, 5)."""
    micron = np.array([find_band(key).wavelength_um for key in INFRARED])
    excess = stars["disc_excess"].to_numpy(float)[:, None] * micron[None, :] ** _DISC_POWER
    young = np.flatnonzero(stars["category"].to_numpy(str) == "Herbig")
    if len(young):
        warm = _planck(micron, _DUST_DISC_K) / _planck(micron, 10_000.0)
        in_ks = np.exp(rng.normal(*_HERBIG_KS_EXCESS, len(young)))
        excess[young] += in_ks[:, None] * (warm / warm[INFRARED.index("ks")])[None, :]
    return excess


def _planck(micron: np.ndarray, kelvin: float) -> np.ndarray:
    return micron**-5 / np.expm1(14_387.77 / (micron * kelvin))
