"""The wavelength grid of Gaia's sampled XP spectra."""

import numpy as np

from core.gaia.releases import DR3

N_SAMPLES = 343
WAVELENGTH_NM = np.arange(336, 1021, 2, dtype=np.float64)
"""Wavelengths of the samples in nm, ndarray of shape (343,): Gaia DR3 documentation, xp_sampled_mean_spectrum."""
WAVELENGTH_NM.setflags(write=False)

FLUX_UNIT = "W m-2 nm-1"
N_COEFFICIENTS = DR3.n_coefficients[0]
"""Coefficients per band (BP or RP) of DR3, in which the simulator's noise is known: Gaia DR3 documentation,
xp_continuous_mean_spectrum. Other releases: `core.gaia.releases`."""
N_CORRELATIONS = N_COEFFICIENTS * (N_COEFFICIENTS - 1) // 2
