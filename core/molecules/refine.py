"""The last fit of a detected species: excitation temperature, column density and filling factor, all continuous."""

from dataclasses import dataclass

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.emission import unit_opacity
from core.molecules.features import Binned, Judged
from core.molecules.radiation import brightness_k

T_RANGE_K = (5.0, 500.0)
LG_COLUMN_RANGE = (10.0, 21.0)
FEWEST_LINES = 4
"""With fewer lines the temperature stays that of the judgement."""
_OUTLIER = 2.0
_BRIGHTNESS_ERROR = 0.08
_FILLING_PRIOR = 0.25
"""Width in ln: of two fits that are as good, the one whose gas fills the beam is taken."""


@dataclass(frozen=True)
class Fit:
    """Excitation temperature (K), column density (cm^-2), filling factor, and lg of the column density's error."""

    temperature_k: float
    column_density_cm2: float
    filling: float
    lg_error: float


def refine(species: Species, judged: Judged, binned: Binned, column_cm2: float, filling: float) -> Fit:
    """Fit the brightness of the species' lines, others taken away, with Cauchy's loss that forgives blends.

    Residuals are in units of the noise and 8 % of the brightness (Cauchy loss: scipy.optimize.least_squares). A filling
    factor below one is found only where opaque lines ask for it; otherwise the column is the mean over the beam.
    """
    from scipy.optimize import least_squares

    order = np.argsort(judged.frequency_mhz)
    frequency = judged.frequency_mhz[order]
    observed, spread = judged.observed[order], np.hypot(judged.noise[order], _BRIGHTNESS_ERROR * judged.observed[order])
    background = binned.spectrum.background_k
    free_t = len(order) >= FEWEST_LINES

    def model(x: np.ndarray) -> np.ndarray:
        temperature = float(np.exp(x[0])) if free_t else judged.temperature_k
        tau = 10.0 ** x[1] * unit_opacity(species, temperature, binned.velocity_kms, binned.fwhm_kms, frequency)
        excess = brightness_k(temperature, frequency) - brightness_k(background, frequency)
        return np.exp(x[2]) * excess * -np.expm1(-tau)

    start = [np.log(judged.temperature_k), np.log10(column_cm2), np.log(np.clip(filling, 0.02, 1.0))]
    low = [np.log(max(T_RANGE_K[0], background + 1.0)), LG_COLUMN_RANGE[0], np.log(0.01)]
    high = [np.log(T_RANGE_K[1]), LG_COLUMN_RANGE[1], 1e-9]
    start = list(np.clip(start, np.array(low) + 1e-6, np.array(high) - 1e-6))
    found = least_squares(
        lambda x: np.append((model(x) - observed) / spread, x[2] / _FILLING_PRIOR),
        start,
        bounds=(low, high),
        loss="cauchy",
        f_scale=_OUTLIER,
        max_nfev=40,
        x_scale=[0.3, 0.3, 0.3],
    )
    try:
        covariance = np.linalg.inv(found.jac.T @ found.jac + 1e-6 * np.eye(3))
        error = float(np.sqrt(covariance[1, 1]))
    except np.linalg.LinAlgError:
        error = float("inf")
    temperature = float(np.exp(found.x[0])) if free_t else judged.temperature_k
    return Fit(temperature, float(10.0 ** found.x[1]), float(np.exp(found.x[2])), error)
