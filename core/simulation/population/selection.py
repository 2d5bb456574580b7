"""What Gaia would list: noisy astrometry, RUWE and magnitudes, and the limit of the published XP spectra."""

import numpy as np
import pandas as pd

from core.gaia.source_id import first_id_of, healpix_at

"""DR3 publishes XP spectra of stars brighter than this (De Angeli et al. 2023, A&A 674, A2)."""
G_BRIGHT_MAG = 3.0
"""Few brighter stars have spectra."""
PARALLAX_ZERO_POINT_MAS = -0.02
"""Mean offset of DR3 parallaxes of bright and blue stars (Lindegren et al. 2021b, A&A 649, A4: -0.017 over all)."""
_PM_RA_FACTOR, _PM_DEC_FACTOR = 1.03, 0.89
"""Proper-motion error per parallax error (mas/yr per mas) in DR3: ESA's Gaia science performance page."""


def parallax_error_mas(phot_g_mean_mag: np.ndarray) -> np.ndarray:
    """Median parallax error at a G magnitude in DR3, mas.

    sqrt(40 + 800 z + 30 z^2) microarcseconds with z = 10^(0.4 (G - 15)), not below its value at G = 13 (ESA's Gaia
    science performance page, after Lindegren et al. 2021a, A&A 649, A2), in quadrature with a floor for bright stars.

    >>> parallax_error_mas(np.array([15.0])).round(3)
    array([0.032])
    """
    z = 10.0 ** (0.4 * (np.maximum(phot_g_mean_mag, 13.0) - 15.0))
    bright = 0.012 + 0.05 * np.clip((7.0 - np.asarray(phot_g_mean_mag)) / 4.0, 0.0, 1.0)
    return np.hypot(np.sqrt(40.0 + 800.0 * z + 30.0 * z**2) / 1000.0, bright)


def observe_astrometry(
    distance_pc: np.ndarray,
    pmra_mas_yr: np.ndarray,
    pmdec_mas_yr: np.ndarray,
    phot_g_mean_mag: np.ndarray,
    is_binary: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Observed parallax, proper motion, their errors and RUWE of n stars."""
    n = len(distance_pc)
    ruwe = _draw_ruwe(distance_pc, is_binary, rng)
    # Errors scatter by a fifth with the number of visits and grow with a bad fit.
    error = parallax_error_mas(phot_g_mean_mag) * np.exp(0.2 * rng.standard_normal(n)) * np.maximum(ruwe, 1.0) ** 0.8
    pmra_error, pmdec_error = _PM_RA_FACTOR * error, _PM_DEC_FACTOR * error
    noise = rng.standard_normal((3, n))
    return pd.DataFrame(
        {
            "parallax": 1000.0 / distance_pc + PARALLAX_ZERO_POINT_MAS + error * noise[0],
            "parallax_error": error,
            "pmra": pmra_mas_yr + pmra_error * noise[1],
            "pmra_error": pmra_error,
            "pmdec": pmdec_mas_yr + pmdec_error * noise[2],
            "pmdec_error": pmdec_error,
            "ruwe": ruwe,
        }
    )


def magnitude_error(phot_g_mean_mag: np.ndarray, band: str) -> np.ndarray:
    """Photometric error in magnitudes: G of a millimagnitude, BP and RP growing to 10-20 mmag at G = 17.6.

    Sizes read off Riello et al. 2021, A&A 649, A3.
    """
    z = 10.0 ** (0.4 * (np.maximum(phot_g_mean_mag, 12.0) - 15.0))
    size = {"g": 0.0004, "bp": 0.0015, "rp": 0.0012}[band]
    return np.hypot(0.001 if band == "g" else 0.003, size * z**0.75)


def gaia_source_ids(ra_deg: np.ndarray, dec_deg: np.ndarray, first_number: int) -> np.ndarray:
    """Valid and unique Gaia ids: level-12 nested HEALPix pixel x 2^35 + running number (int64).

    The layout is that of the Gaia DR3 documentation, gaia_source.source_id. `first_number` must grow from chunk to
    chunk; it is below 2^35.
    """
    number = np.arange(first_number, first_number + len(ra_deg), dtype=np.int64)
    return first_id_of(healpix_at(ra_deg, dec_deg)) + number


def _draw_ruwe(distance_pc: np.ndarray, is_binary: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n = len(distance_pc)
    single = 1.0 + 0.05 * np.abs(rng.standard_normal(n)) * rng.choice([-0.6, 1.0], n)
    # Companions at 1-20 mas make the photocentre wobble: one binary in four at 200 pc, fewer farther out
    # (Belokurov et al. 2020, MNRAS 496, 1922; Penoyre et al. 2022, MNRAS 513, 2437).
    wobbles = is_binary & (rng.random(n) < 0.35 / (1.0 + distance_pc / 500.0))
    return np.where(wobbles, single + rng.exponential(1.5, n), single)
