"""Derive `gaia_passbands.npz`, Gaia's G, BP and RP on the sampled grid, from GaiaXPy: run once per GaiaXPy release.

    python -m recipes.passbands

GaiaXPy integrates the passbands (Riello et al. 2021, A&A 649, A3) over the basis functions and ships only the results:
per passband one number for each of the 110 coefficients. Here those numbers are turned back into weights of the 343
samples: the non-negative weights that reproduce them best while varying smoothly along the spectrum.
"""

import contextlib
import io

import numpy as np

from core.atomic import atomic_path
from core.spectra.calibration import design_matrix
from core.spectra.design_recipe import gaiaxpy_table
from core.spectra.grid import N_COEFFICIENTS, N_SAMPLES, WAVELENGTH_NM
from core.spectra.photometry import PASSBANDS, PASSBANDS_PATH

_ROUGHNESS_PENALTY = 0.003
"""Chosen by trial between 1e-3 and 1: smaller values let the weights oscillate, larger ones distort the colours."""

RANGES_NM = {"G": (330.0, 1050.0), "BP": (330.0, 690.0), "RP": (620.0, 1050.0)}
"""Where the passbands transmit at all (Riello et al. 2021, figure 24), widened by about 10 nm."""


def passbands_from_gaiaxpy() -> dict[str, np.ndarray]:
    """The arrays of `gaia_passbands.npz`: weights (3, 343), zero_points (3,) in magnitudes; about ten seconds."""
    response, zero_points = _band_integrals()
    # The XP coefficients of real stars fall off with their order; without that the noise of the highest orders,
    # which hardly any star populates, would decide the fit.
    expected_size = np.tile(1.0 / np.arange(1, N_COEFFICIENTS + 1), 2)
    equations = expected_size[:, None] * design_matrix() / np.abs(design_matrix()).max()
    sums = expected_size * response / np.abs(design_matrix()).max()
    weights = [_smooth_weights(equations, row, *RANGES_NM[band]) for band, row in zip(PASSBANDS, sums, strict=True)]
    return {"weights": np.stack(weights), "zero_points": zero_points}


def _band_integrals() -> tuple[np.ndarray, np.ndarray]:
    """Mean flux in each passband per unit coefficient (3, 110), and the Vega zero points (3,), as GaiaXPy has them."""
    with contextlib.redirect_stdout(io.StringIO()):
        from gaiaxpy import PhotometricSystem, generate

        unit, none = np.eye(N_COEFFICIENTS), np.zeros((N_COEFFICIENTS, N_COEFFICIENTS))
        # A coefficient's own integral may be negative, which leaves no magnitude: ask for one star with flux too.
        tables = [gaiaxpy_table(unit, none), gaiaxpy_table(none, unit)]
        bright = np.zeros((1, N_COEFFICIENTS))
        bright[0, 0] = 1.0
        tables.append(gaiaxpy_table(bright, bright))
        bp, rp, star = (
            generate(t, photometric_system=PhotometricSystem.Gaia_DR3_Vega, save_file=False) for t in tables
        )
    names = [f"GaiaDr3Vega_{{}}_{band}" for band in PASSBANDS]
    response = np.stack([np.concatenate([t[name.format("flux")] for t in (bp, rp)]) for name in names])
    zero_points = [star[n.format("mag")][0] + 2.5 * np.log10(star[n.format("flux")][0]) for n in names]
    return response, np.array(zero_points)


def _smooth_weights(equations: np.ndarray, sums: np.ndarray, shortest_nm: float, longest_nm: float) -> np.ndarray:
    from scipy.optimize import nnls

    inside = (shortest_nm <= WAVELENGTH_NM) & (longest_nm >= WAVELENGTH_NM)
    second_difference = np.diff(np.eye(N_SAMPLES), n=2, axis=0)
    matrix = np.vstack([equations, _ROUGHNESS_PENALTY * second_difference])[:, inside]
    # The weights of a mean flux are about 1/343 each: scaled to 1 for the solver.
    wanted = np.concatenate([N_SAMPLES * sums, np.zeros(N_SAMPLES - 2)])
    weights = np.zeros(N_SAMPLES)
    weights[inside], _ = nnls(matrix, wanted, maxiter=50 * N_SAMPLES)
    return weights / N_SAMPLES


if __name__ == "__main__":
    with atomic_path(PASSBANDS_PATH) as path:
        np.savez_compressed(path, allow_pickle=False, **passbands_from_gaiaxpy())
    print(f"wrote {PASSBANDS_PATH} ({PASSBANDS_PATH.stat().st_size / 1e3:.0f} kB)")
