"""Residuals of real spectra, transplanted onto simulated ones: what no law of Teff, log g and metallicity holds.

Real over modelled flux, minus 1, of cool stars brighter than G = 13.2 behind less than a magnitude of dust
(`recipes.model_residuals`): chemistry, missing opacity and the instrument's own structure, star by star. A simulated
cool star gets that of one of the stars nearest in Teff, log g and [M/H]. What a residual holds beyond the median of its
neighbours is of the instrument or of that star alone: redward of the Balmer jump every star gets such a part, hot ones
that of any donor, so that structure of this kind is no sign of a low mass.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.spectra.grid import WAVELENGTH_NM

RESIDUALS_PATH = Path(__file__).with_name("xp_residuals.npz")
UNITS = (150.0, 0.25, 0.15)
"""K, dex, dex that count as one unit of distance between stars."""
NEIGHBOURS = 8
FADES_AT, GONE_AT = 3.0, 6.0
"""Units of distance from the nearest donor: farther away its residual fades."""
_OWN_FROM_NM, _OWN_FULL_NM = 430.0, 460.0
_LEAST, _MOST = -0.7, 1.5


@dataclass(frozen=True)
class Library:
    """n donors.

    Attributes
    ----------
    parameters : float32 ndarray of shape (n, 3)
        Teff (K), log g, [M/H].
    common, own : float32 ndarrays of shape (n, n_components)
        Scores of the median of the neighbours and of what the star has beyond it.
    basis : float32 ndarray of shape (n_components, 343)
    """

    parameters: np.ndarray
    common: np.ndarray
    own: np.ndarray
    basis: np.ndarray


def transplanted(
    stellar: tuple[np.ndarray, np.ndarray, np.ndarray], is_cool: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Relative errors of the sampled flux, float32 (n_stars, 343).

    Parameters
    ----------
    stellar : Teff (K), log g, [M/H], each of shape (n_stars,)
    is_cool : ndarray of shape (n_stars,)
        How far the star takes all of its donor's residual (1) or the part that is the donor's own (0).
    """
    library = _library()
    distance, near = _tree().query(np.stack(stellar, axis=1) / UNITS, k=NEIGHBOURS)
    close = np.clip((GONE_AT - distance[:, 0]) / (GONE_AT - FADES_AT), 0.0, 1.0) * is_cool
    n = len(close)
    neighbour, anyone = near[np.arange(n), rng.integers(NEIGHBOURS, size=n)], rng.integers(len(library.own), size=n)
    donor = np.where(close > 0, neighbour, anyone)
    close = close[:, None].astype(np.float32)
    own = library.own[donor] @ library.basis
    redward = np.clip((WAVELENGTH_NM - _OWN_FROM_NM) / (_OWN_FULL_NM - _OWN_FROM_NM), 0.0, 1.0).astype(np.float32)
    relative = own * (close + (1.0 - close) * redward) + close * (library.common[donor] @ library.basis)
    return np.clip(relative, _LEAST, _MOST, out=relative)


@cache
def _library() -> Library:
    with np.load(RESIDUALS_PATH) as stored:
        return Library(**{name: stored[name].astype(np.float32) for name in Library.__dataclass_fields__})


@cache
def _tree():
    from scipy.spatial import cKDTree

    return cKDTree(_library().parameters / np.array(UNITS))
