"""The flux network: Teff, log g and [M/H] to the emergent spectrum, energy conserved by construction.

Its output are coefficients of principal curves of ln(flux / pi B(Teff)) and one number, the share of sigma Teff^4 that
leaves between 320 and 1100 nm; the spectrum is normalised by its own integral to that share, so that no error of its
shape is an error of its energy.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import ParameterRangeError, UsageError
from core.simulation.atmosphere.model import effective_flux
from core.simulation.atmosphere_network.dense import Dense
from core.simulation.grid import planck_flux
from core.simulation.smooth_grid import log_planck, smooth_grid

FLUX_PATH = Path(__file__).with_name("flux_network.npz")


class FluxNetwork:
    """Emergent flux of the normal family from one or more networks (their mean), for the fit and the simulator.

    The other families are the grid's.
    """

    name = "network"

    def __init__(self, path: Path = FLUX_PATH) -> None:
        with np.load(path) as stored:
            arrays = dict(stored)
        self.wavelength_nm = arrays["wavelength_nm"]
        self._curves = arrays["curves"].astype(np.float32)
        self._mean = arrays["mean"].astype(np.float32)
        self._centre, self._scale = arrays["centre"].astype(np.float64), arrays["scale"].astype(np.float64)
        self.members = tuple(Dense.stored(arrays, f"member{i}") for i in range(int(arrays["members"])))
        width = np.gradient(self.wavelength_nm.astype(np.float64))
        width[[0, -1]] *= 0.5
        self._width = width.astype(np.float32)
        self._grid = smooth_grid()

    def limits(self, teff: np.ndarray, family: str) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest log g of the models at each `teff` (K)."""
        return self._grid.limits(teff, family)

    def range(self, family: str) -> dict[str, tuple[float, float]]:
        """Allowed teff, logg and mh, each (lowest, highest)."""
        return self._grid.range(family)

    def nearest_logg(self, teff: np.ndarray, logg: np.ndarray, family: str = "normal") -> np.ndarray:
        """`logg` moved to the edge of the models, as `AtmosphereGrid.nearest_logg`."""
        return np.clip(logg, *self.limits(teff, family))

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        """Surface flux in W m^-2 nm^-1, float32 (n, n_wave); raises ParameterRangeError outside the models."""
        if family != "normal":
            return self._grid.flux(teff, logg, mh, family)
        teff, x = self._inputs(teff, logg, mh)
        return np.mean([self._member_flux(member, teff, x) for member in self.members], axis=0)

    def log_flux(self, teff, logg, mh, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
        """ln flux (n, n_wave) and its derivatives in ln Teff, log g and [M/H] (n, 3, n_wave)."""
        if family != "normal":
            return self._grid.log_flux(teff, logg, mh, family)
        teff, x = self._inputs(teff, logg, mh)
        parts = [self._member_log_flux(member, teff, x) for member in self.members]
        return np.mean([p[0] for p in parts], axis=0), np.mean([p[1] for p in parts], axis=0)

    def spread(self, teff, logg, mh) -> np.ndarray:
        """Standard deviation of ln flux over the members, (n, n_wave): what the training left open."""
        teff, x = self._inputs(teff, logg, mh)
        return np.std([self._member_log_flux(member, teff, x)[0] for member in self.members], axis=0)

    def _inputs(self, teff, logg, mh) -> tuple[np.ndarray, np.ndarray]:
        teff, logg, mh = (np.atleast_1d(np.asarray(v, dtype=float)) for v in np.broadcast_arrays(teff, logg, mh))
        low, high = self.limits(teff, "normal")
        allowed = self.range("normal")
        for name, values, lowest, highest in (
            ("teff", teff, *allowed["teff"]), ("logg", logg, low, high), ("mh", mh, *allowed["mh"]),
        ):  # fmt: skip
            bad = ~((values >= lowest - 1e-6 * np.abs(lowest) - 1e-6) & (values <= highest * (1 + 1e-6) + 1e-6))
            if bad.any():
                raise ParameterRangeError(
                    f"{name} {values[bad][0]:g} is outside the atmospheres: choose a value inside"
                )
        x = (np.stack([np.log(teff), logg, mh], axis=1) - self._centre) / self._scale
        return teff, x.astype(np.float32)

    def _member_flux(self, member: Dense, teff: np.ndarray, x: np.ndarray) -> np.ndarray:
        """As `_member_log_flux` without derivatives and with one exponential less."""
        out = member.value(x)
        flux = out[:, :-1] @ self._curves
        flux += self._mean
        np.exp(flux, out=flux)
        flux *= planck_flux(self.wavelength_nm, teff)
        share = np.exp(out[:, -1]) * effective_flux(1.0) * teff.astype(np.float32) ** 4
        flux *= (share / (flux @ self._width))[:, None].astype(np.float32)
        return flux

    def _member_log_flux(self, member: Dense, teff: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out, slopes = member.value_and_jacobian(x)
        slopes = slopes / self._scale[:, None].astype(np.float32)
        planck, planck_slope = log_planck(self.wavelength_nm, teff)
        shape = out[:, :-1] @ self._curves + self._mean + planck
        change = slopes[..., :-1] @ self._curves
        change[:, 0] += planck_slope
        weight = np.exp(shape) * self._width
        total = weight.sum(axis=1, keepdims=True)
        weight /= total
        share = out[:, -1] + np.log(effective_flux(1.0)) + 4 * np.log(teff)
        value = shape + (share[:, None] - np.log(total)).astype(np.float32)
        in_total = np.matmul(change, weight[:, :, None])
        in_share = slopes[..., -1:].copy()
        in_share[:, 0] += 4.0
        return value, change + in_share - in_total


@lru_cache(maxsize=1)
def flux_network() -> FluxNetwork:
    """The shipped network, read once; UsageError where none is shipped."""
    if not FLUX_PATH.exists():
        raise UsageError(
            "no flux network is shipped: choose the grid, or train one with `python -m recipes.atmosphere_network`"
        )
    return FluxNetwork()
