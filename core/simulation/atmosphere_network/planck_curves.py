"""ln of the Planck function on fixed wavelengths as a few curves: one matrix product instead of an exponential each."""

import numpy as np

from core.simulation.smooth_grid import hermite_weights, log_planck

N_CURVES = 10
_NODES = np.linspace(np.log(2500.0), np.log(56000.0), 400)


class PlanckCurves:
    """ln pi B(Teff) - 4 ln Teff = coefficients(ln Teff) @ curves, better than 1e-4 from 2,500 to 56,000 K."""

    def __init__(self, wavelength_nm: np.ndarray) -> None:
        exact = log_planck(wavelength_nm.astype(np.float64), np.exp(_NODES))[0].astype(np.float64)
        exact -= 4 * _NODES[:, None]
        left, size, right = np.linalg.svd(exact, full_matrices=False)
        self.curves = right[:N_CURVES].astype(np.float32)
        self._table = left[:, :N_CURVES] * size[:N_CURVES]

    def coefficients(self, ln_teff: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and their derivatives in ln Teff, float32 and float64 (n, N_CURVES)."""
        index, weight, slope = hermite_weights(_NODES, ln_teff)
        near = self._table[index]
        return np.einsum("ni,nic->nc", weight, near).astype(np.float32), np.einsum("ni,nic->nc", slope, near)
