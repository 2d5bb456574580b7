"""Radius and luminosity from the fit's dilution and Gaia's parallax."""

import numpy as np

from core.parameters.forward import DILUTION
from core.spectra.spectrum_set import SpectrumSet

_SOLAR_RADIUS_PC = 6.957e8 / 3.0856776e16
_LEAST_SIGNIFICANCE = 4.0
"""Parallax over error below which a radius would be the prior's, not the star's."""


def log_radius_of(log_scale: np.ndarray, spectra: SpectrumSet) -> np.ndarray:
    """log10 of the radius in suns and its error, (n, 2); NaN without a significant parallax."""
    result = np.full((len(log_scale), 2), np.nan)
    if "parallax" not in spectra.metadata or "parallax_error" not in spectra.metadata:
        return result
    parallax, error = (spectra.metadata[name].to_numpy(np.float64, na_value=np.nan) for name in
                       ("parallax", "parallax_error"))  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        good = parallax > _LEAST_SIGNIFICANCE * error
        distance_pc = 1000.0 / parallax
        log_radius = 0.5 * (log_scale / np.log(10) + np.log10(DILUTION)) + np.log10(distance_pc / _SOLAR_RADIUS_PC)
        spread = error / parallax / np.log(10)
    result[good, 0], result[good, 1] = log_radius[good], spread[good]
    return result


def log_radius_shift(log_radius: np.ndarray, ln_teff: np.ndarray) -> np.ndarray:
    """log10 luminosity in suns from log radius (n, 2) and temperature."""
    return 2 * log_radius[:, 0] + 4 * (ln_teff - np.log(5772.0)) / np.log(10)
