"""The flux network: Teff, log g and [M/H] to the emergent spectrum, energy conserved by construction.

Its outputs are coefficients of principal curves of ln(flux / pi B(Teff)) and one number for each band of `BANDS_NM`,
from which its share of sigma Teff^4 follows: the shares sum to one whatever the weights are. The spectrum from 320 to
1100 nm is normalised by its own integral to the share of that band.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import ParameterRangeError, UsageError
from core.simulation.atmosphere.model import effective_flux
from core.simulation.atmosphere_network.inputs import feature_slopes, features
from core.simulation.atmosphere_network.kernel import Kernel
from core.simulation.atmosphere_network.planck_curves import PlanckCurves
from core.simulation.smooth_grid import smooth_grid

FLUX_PATH = Path(__file__).with_name("flux_network.npz")
BANDS_NM = (10.0, 91.2, 200.0, 319.0, 1101.0, 2500.0, 20000.0)
"""Edges of the bands whose shares of sigma Teff^4 sum to one."""
ERROR_EDGES_K = (4500.0, 6000.0, 8000.0, 12000.0, 25000.0)
"""Edges of the ranges in which the network's own error is kept."""
VISIBLE = 3
"""The band of the spectrum."""


class FluxNetwork:
    """Emergent flux of the normal family, for the fit and the simulator.

    The other families are the grid's.
    """

    name = "network"

    def __init__(self, path: Path = FLUX_PATH) -> None:
        with np.load(path) as stored:
            arrays = dict(stored)
        self.wavelength_nm = arrays["wavelength_nm"]
        self.kernel = Kernel.stored(arrays, "kernel")
        self._errors = arrays["errors"].astype(np.float32)
        planck = PlanckCurves(self.wavelength_nm)
        self._planck = planck
        rows = (arrays["curves"], planck.curves, arrays["mean"][None])
        self._rows = np.concatenate(rows).astype(np.float32)
        self._n_curves = len(arrays["curves"])
        self._width = bin_widths(self.wavelength_nm).astype(np.float32)
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
        teff, logg, mh = self._checked(teff, logg, mh)
        flux, out = self._curves_flux(teff, logg, mh)
        share = shares_of(out[:, self._n_curves :])[:, VISIBLE]
        flux *= ((share * total_flux(teff)) / (flux @ self._width)).astype(np.float32)[:, None]
        return flux

    def unnormalised(self, teff, logg, mh) -> np.ndarray:
        """What the curves alone give, not normalised to its share of the energy (for the ablation)."""
        teff, logg, mh = self._checked(teff, logg, mh)
        return self._curves_flux(teff, logg, mh)[0] * teff.astype(np.float32)[:, None] ** 4

    def _curves_flux(self, teff: np.ndarray, logg: np.ndarray, mh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Flux over Teff^4 but for the normalisation, (n, n_wave), and the networks' mean output."""
        x = features(teff, logg, mh).astype(np.float32)
        out = self.kernel.value(x)
        flux = self._rowed(out, self._planck.coefficients(np.log(teff))[0]) @ self._rows
        return np.exp(flux, out=flux), out

    def log_flux(self, teff, logg, mh, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
        """ln flux (n, n_wave) and its derivatives in ln Teff, log g and [M/H] (n, 3, n_wave)."""
        if family != "normal":
            return self._grid.log_flux(teff, logg, mh, family)
        teff, logg, mh = self._checked(teff, logg, mh)
        out, slopes = self.kernel.value_and_jacobian(features(teff, logg, mh), feature_slopes(teff, logg))
        planck, planck_slope = self._planck.coefficients(np.log(teff))
        rows = self._rows.astype(np.float64)
        shape = self._rowed(out, planck) @ rows
        change = np.concatenate([slopes[..., : self._n_curves], np.zeros((len(teff), 3, planck.shape[1]))], axis=2)
        change[:, 0, self._n_curves :] = planck_slope
        change = change @ rows[:-1]
        weight = np.exp(shape) * self._width
        total = weight.sum(axis=1, keepdims=True)
        share = shares_of(out[:, self._n_curves :])[:, VISIBLE]
        value = shape + np.log(share * total_flux(teff))[:, None] - np.log(total)
        in_share = slopes[..., self._n_curves + VISIBLE] * (1 - share)[:, None]
        in_share[:, 0] += 4.0
        change += (in_share - np.einsum("nkw,nw->nk", change, weight / total, optimize=True))[..., None]
        return value.astype(np.float32), change.astype(np.float32)

    def spread(self, teff) -> np.ndarray:
        """Standard error of ln flux that the training left, (n, n_wave): of models left out, in ranges of Teff."""
        return self._errors[np.searchsorted(ERROR_EDGES_K, np.atleast_1d(teff))]

    def shares(self, teff, logg, mh) -> np.ndarray:
        """Share of sigma Teff^4 in each band of `BANDS_NM`, (n, 6); each row sums to one."""
        teff, logg, mh = self._checked(teff, logg, mh)
        x = features(teff, logg, mh).astype(np.float32)
        return shares_of(self.kernel.value(x)[:, self._n_curves :])

    def _rowed(self, out: np.ndarray, planck: np.ndarray) -> np.ndarray:
        one = np.ones((len(out), 1), dtype=out.dtype)
        return np.concatenate([out[:, : self._n_curves], planck, one], axis=1)

    def _checked(self, teff, logg, mh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        teff, logg, mh = (np.atleast_1d(np.asarray(v, dtype=float)) for v in np.broadcast_arrays(teff, logg, mh))
        check_range(self._grid, teff, logg, mh)
        return teff, logg, mh


def check_range(grid, teff: np.ndarray, logg: np.ndarray, mh: np.ndarray) -> None:
    """Raise ParameterRangeError where a star of the normal family lies outside the models."""
    (low, high), allowed = grid.limits(teff, "normal"), grid.range("normal")
    for name, values, lowest, highest in (
        ("teff", teff, *allowed["teff"]), ("logg", logg, low, high), ("mh", mh, *allowed["mh"]),
    ):  # fmt: skip
        margin = 1e-6 * np.maximum(np.abs(lowest), 1.0)
        bad = np.flatnonzero(~((values >= lowest - margin) & (values <= highest + margin)))
        if len(bad):
            lowest, highest = (float(np.broadcast_to(edge, values.shape)[bad[0]]) for edge in (lowest, highest))
            raise ParameterRangeError(
                f"{name} {values[bad[0]]:g} is outside the atmospheres: choose {lowest:g} to {highest:g}"
            )


def bin_widths(wavelength_nm: np.ndarray) -> np.ndarray:
    """Widths of the samples in the band's integral, nm (n_wave,): trapezoids."""
    width = np.gradient(wavelength_nm.astype(np.float64))
    width[[0, -1]] *= 0.5
    return width


def total_flux(teff: np.ndarray) -> np.ndarray:
    """sigma Teff^4 in W m^-2."""
    return effective_flux(1.0) * teff**4


def shares_of(logits: np.ndarray) -> np.ndarray:
    """Shares of the energy (n, 6): the visible band's by a logistic function, of the rest the others' by softmax."""
    visible = 1 / (1 + np.exp(-logits[:, VISIBLE : VISIBLE + 1]))
    others = np.delete(logits, VISIBLE, axis=1)
    grown = np.exp(others - others.max(axis=1, keepdims=True))
    return np.insert((1 - visible) * grown / grown.sum(axis=1, keepdims=True), VISIBLE, visible[:, 0], axis=1)


@lru_cache(maxsize=1)
def flux_network() -> FluxNetwork:
    """The shipped network, read once; UsageError where none is shipped."""
    if not FLUX_PATH.exists():
        raise UsageError(
            "no flux network is shipped: choose the grid, or train one with `python -m recipes.atmosphere_network`"
        )
    return FluxNetwork()
