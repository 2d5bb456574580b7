"""Synthetic Gaia photometry of sampled XP spectra: G, BP and RP in the Vega system of Gaia DR3."""

from functools import cache
from pathlib import Path

import numpy as np

from core.spectra.grid import N_SAMPLES

PASSBANDS = ("G", "BP", "RP")
PASSBANDS_PATH = Path(__file__).with_name("gaia_passbands.npz")


@cache
def passbands() -> tuple[np.ndarray, np.ndarray]:
    """Weights (3, 343) of the mean flux in G, BP, RP and the zero points (3,), magnitude of 1 W m^-2 nm^-1.

    Derived from GaiaXPy's Gaia_DR3_Vega system by `recipes.passbands`.
    """
    with np.load(PASSBANDS_PATH) as stored:
        weights, zero_points = stored["weights"], stored["zero_points"]
    weights.setflags(write=False)
    zero_points.setflags(write=False)
    return weights, zero_points


def synthetic_photometry(flux: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """G, BP and RP magnitudes (Gaia DR3, Vega system) of sampled spectra.

    Reproduces `gaiaxpy.generate` of the same stars within a few millimagnitudes. The grid ends at 336 and 1020 nm; the
    little that Gaia's passbands let through beyond is accounted for on average.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
        On `core.spectra.grid.WAVELENGTH_NM`.

    Returns
    -------
    g, bp, rp : float64 ndarrays of shape (n_stars,), mag
        NaN where a sample inside the passband is NaN or the mean flux is not positive.

    >>> import numpy as np
    >>> from core.spectra.photometry import synthetic_photometry
    >>> g, bp, rp = synthetic_photometry(np.full((1, 343), 1e-16))
    """
    flux = np.asarray(flux, dtype=np.float64)
    if flux.ndim != 2 or flux.shape[1] != N_SAMPLES:
        raise ValueError(f"flux has shape {flux.shape}, expected (n_stars, {N_SAMPLES})")
    magnitudes = []
    for weights, zero_point in zip(*passbands(), strict=True):
        inside = np.flatnonzero(weights)  # NaN of a missing band outside this passband must not count
        samples = slice(inside[0], inside[-1] + 1)
        mean_flux = flux[:, samples] @ weights[samples]
        positive = np.where(mean_flux > 0, mean_flux, np.nan)
        magnitudes.append(zero_point - 2.5 * np.log10(positive))
    return magnitudes[0], magnitudes[1], magnitudes[2]
