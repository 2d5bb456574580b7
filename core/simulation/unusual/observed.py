"""Any light through XP's instrument: coefficients, noise of its brightness, sampled spectrum and errors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.simulation.instrument import forward_matrix
from core.simulation.model_errors import add_leak
from core.simulation.noise import add_noise, sampled_errors
from core.simulation.unusual.light import GRID_NM, Light
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS
from core.spectra.photometry import passbands

G_RANGE = (10.0, 17.6)


@dataclass(frozen=True)
class Observed:
    """n spectra as Gaia would publish them.

    Attributes
    ----------
    flux, flux_error : ndarrays of shape (n, 343), W m^-2 nm^-1
    about : DataFrame of n rows
        `kind`, `phot_g_mean_mag` and what was drawn.
    """

    flux: np.ndarray
    flux_error: np.ndarray
    about: pd.DataFrame

    def __len__(self) -> int:
        return len(self.flux)

    def take(self, rows: np.ndarray) -> "Observed":
        """The chosen rows."""
        return Observed(self.flux[rows], self.flux_error[rows], self.about.iloc[rows].reset_index(drop=True))


def join(parts: list[Observed]) -> Observed:
    """One set from several."""
    return Observed(
        np.concatenate([part.flux for part in parts]),
        np.concatenate([part.flux_error for part in parts]),
        pd.concat([part.about for part in parts], ignore_index=True),
    )


def observe(light: Light, kind: str, rng: np.random.Generator, g_range: tuple[float, float] = G_RANGE) -> Observed:
    """Spectra of `light` at random G between two limits, more of them faint, with XP's noise and systematic errors."""
    n = len(light)
    g = g_range[0] + np.ptp(g_range) * rng.random(n) ** 0.6
    coefficients = light.flux @ forward_matrix(GRID_NM).T  # (n, 110)
    weights, zero_points = passbands()
    found = zero_points[0] - 2.5 * np.log10(np.maximum((coefficients @ design_matrix()) @ weights[0], 1e-30))
    coefficients *= 10.0 ** (-0.4 * (g - found))[:, None]
    bp, rp = add_leak(coefficients[:, :N_COEFFICIENTS], coefficients[:, N_COEFFICIENTS:], rng)
    measured = add_noise(bp, rp, g, rng)
    flux = np.concatenate([measured.bp, measured.rp], axis=1) @ design_matrix()
    about = light.about.assign(kind=kind, phot_g_mean_mag=g)
    return Observed(flux, np.asarray(sampled_errors(measured), dtype=np.float64), about)
