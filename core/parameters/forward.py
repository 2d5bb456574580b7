"""The forward model of the fit: atmosphere times dust through Gaia's instrument, with exact derivatives."""

from typing import Protocol

import numpy as np

from core.parameters.dust import DEFAULT_LAW, dust_law
from core.simulation.instrument import forward_matrix
from core.simulation.smooth_grid import smooth_grid

NAMES = ("ln_teff", "logg", "mh", "a_v", "rho")
"""The parameters in order: ln of Teff in K, log g (cgs), [M/H], A_V (mag) and 1 / R_V."""
LN_TEFF, LOGG, MH, A_V, RHO = range(5)
A_V_RANGE = (0.0, 12.0)
DILUTION = 1e-20
"""(radius / distance)^2 of the model's coefficients; a fit's log_scale is ln of the star's own over this. It keeps
single precision in range."""
_TAU_PER_MAG = 0.4 * np.log(10.0)


class Atmosphere(Protocol):
    """What the fit asks of a model atmosphere: `core.simulation.smooth_grid.SmoothGrid` or the network."""

    name: str
    wavelength_nm: np.ndarray

    def log_flux(self, teff, logg, mh, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
        """ln flux (n, n_wave) and its derivatives in ln Teff, log g, [M/H] (n, 3, n_wave)."""
        ...

    def limits(self, teff: np.ndarray, family: str) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest log g at each Teff."""
        ...

    def range(self, family: str) -> dict[str, tuple[float, float]]:
        """Allowed teff, logg and mh."""
        ...


class ForwardModel:
    """XP coefficients of stars of one family behind dust."""

    def __init__(self, family: str = "normal", law: str = DEFAULT_LAW, atmosphere: Atmosphere | None = None) -> None:
        self.family = family
        self.atmosphere = smooth_grid() if atmosphere is None else atmosphere
        wavelength = np.ascontiguousarray(self.atmosphere.wavelength_nm, dtype=np.float64)
        self.law = dust_law(law, wavelength.tobytes())
        correction = getattr(self.atmosphere, "correction", None)
        if correction is not None and law == DEFAULT_LAW:
            self.law = self.law.with_curve(correction.curve)
        self._instrument = np.ascontiguousarray(DILUTION * forward_matrix(wavelength).T, dtype=np.float32)
        ranges = self.atmosphere.range(family)
        self.has_mh = family == "normal"
        mh = ranges["mh"] if self.has_mh else (0.0, 0.0)
        self._low = np.array([np.log(ranges["teff"][0]), -np.inf, mh[0], A_V_RANGE[0], self.law.rho_range[0]])
        self._high = np.array([np.log(ranges["teff"][1]), np.inf, mh[1], A_V_RANGE[1], self.law.rho_range[1]])

    @property
    def instrument(self) -> np.ndarray:
        """Flux on the atmosphere's wavelengths to coefficients at `DILUTION`, float32 (n_wave, 110)."""
        return self._instrument

    def bounds(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest values of the five parameters, (n, 5); those of log g belong to each star's Teff."""
        low, high = np.tile(self._low, (len(theta), 1)), np.tile(self._high, (len(theta), 1))
        teff = np.exp(np.clip(theta[:, LN_TEFF], low[:, LN_TEFF], high[:, LN_TEFF]))
        low[:, LOGG], high[:, LOGG] = self.atmosphere.limits(teff, self.family)
        return low, high

    def clipped(self, theta: np.ndarray) -> np.ndarray:
        """Parameters moved to the edge of the models."""
        theta = np.clip(theta, self._low, self._high)
        low, high = self.bounds(theta)
        return np.clip(theta, low, high)

    def flux(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Reddened surface flux (n, n_wave), float32 W m^-2 nm^-1, and its derivatives (n, 5, n_wave)."""
        log_flux, slopes = self.atmosphere.log_flux(
            np.exp(theta[:, LN_TEFF]), theta[:, LOGG], theta[:, MH], self.family
        )
        curve, curve_slope = self.law(theta[:, RHO])
        a_v = theta[:, A_V, None].astype(np.float32)
        flux = np.exp(log_flux - np.float32(_TAU_PER_MAG) * a_v * curve)
        jacobian = np.empty((len(theta), 5, flux.shape[1]), dtype=np.float32)
        jacobian[:, :3] = slopes
        jacobian[:, A_V] = -_TAU_PER_MAG * curve
        jacobian[:, RHO] = -_TAU_PER_MAG * a_v * curve_slope
        jacobian *= flux[:, None, :]
        return flux, jacobian

    def coefficients(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Noise-free coefficients (n, 110) at `DILUTION` and derivatives (n, 5, 110)."""
        flux, jacobian = self.flux(theta)
        return flux @ self._instrument, jacobian @ self._instrument
