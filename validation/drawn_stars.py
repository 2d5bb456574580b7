"""Stars drawn from the fit's own prior and seen through the simulator's instrument and noise."""

import numpy as np
import pandas as pd

from core.parameters.forward import ForwardModel
from core.parameters.prior import draw_prior
from core.simulation.noise import add_noise, sampled_errors
from core.spectra.calibration import calibrate, design_matrix
from core.spectra.grid import N_COEFFICIENTS
from core.spectra.photometry import passbands
from core.spectra.spectrum_set import SpectrumSet

TEFF_RANGE = (3500.0, 45000.0)


def drawn_stars(model: ForwardModel, n: int, g_mag: float, seed: int) -> tuple[np.ndarray, SpectrumSet]:
    """True parameters (n, 5) and the spectra, coefficients and errors that Gaia would publish at this G."""
    rng = np.random.default_rng(seed)
    theta = draw_prior(model, n, rng, TEFF_RANGE)
    clean = np.concatenate([model.coefficients(part)[0] for part in np.array_split(theta, max(1, n // 500))])
    clean = clean.astype(np.float64)
    weights, zero_points = passbands()
    found = zero_points[0] - 2.5 * np.log10((clean @ design_matrix()) @ weights[0])
    clean *= 10.0 ** (-0.4 * (g_mag - found))[:, None]
    g = np.full(n, g_mag)
    measured = add_noise(clean[:, :N_COEFFICIENTS], clean[:, N_COEFFICIENTS:], g, rng)
    flux, _ = calibrate(measured, with_errors=False)
    spectra = SpectrumSet(
        source_id=np.arange(1, n + 1, dtype=np.int64), flux=flux,
        flux_error=np.asarray(sampled_errors(measured), dtype=np.float64), coefficients=measured,
        metadata=pd.DataFrame({"phot_g_mean_mag": g}),
    )  # fmt: skip
    return theta, spectra
