"""The posterior of one star with its gradient, in the coordinates on which a Hamiltonian sampler walks.

Parameters with fixed bounds run between them as low + (high - low) / (1 + exp(-u)); the Jacobian of that is part of the
density, so that draws of u, mapped back, are draws of the parameters. log g, whose bounds move with Teff, stays itself
and has walls: beyond them the energy is infinite.
"""

import numpy as np

from core.parameters.forward import LOGG, ForwardModel
from core.parameters.observation import Observation
from core.parameters.prior import prior_of

_REACH = 12.0
"""Places beyond are as good as at the bound."""
_INSIDE = 1e-3


class StarPosterior:
    """-ln posterior density of u (n, d) and its gradient: the free parameters of one star and ln of its dilution."""

    def __init__(self, model: ForwardModel, seen: Observation) -> None:
        """`seen` is the observation of one star."""
        self.model, self.prior = model, prior_of(model)
        self._way = np.ascontiguousarray(model.instrument @ seen.way[0])
        self._value = seen.value[0]
        low, high = model.bounds(np.zeros((1, 5)))
        self._low, self._span = low[0], high[0] - low[0]
        fixed = self._span < 1e-9
        fixed[LOGG] = False
        self.free = np.flatnonzero(np.concatenate([~fixed, [True]]))
        self._fixed_at = np.clip(self.prior.mean, low[0], high[0])
        bounded = self.free[self.free < 5]
        self._bounded = bounded[bounded != LOGG]
        self._in_u = np.searchsorted(self.free, self._bounded)
        self._logg_in_u = int(np.searchsorted(self.free, LOGG))

    def place(self, theta: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
        """u (n, d) of parameters (n, 5) and log_scale (n,); at a bound it is held a little inside."""
        whole = np.concatenate([theta, log_scale[:, None]], axis=1)
        part = np.clip((theta - self._low) / np.maximum(self._span, 1e-12), _INSIDE, 1 - _INSIDE)
        whole[:, self._bounded] = np.log(part / (1 - part))[:, self._bounded]
        low, high = (edge[:, LOGG] for edge in self.model.bounds(theta))
        margin = _INSIDE * (high - low)
        whole[:, LOGG] = np.clip(theta[:, LOGG], low + margin, high - margin)
        return whole[:, self.free]

    def parameters(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (n, 5) and log_scale (n,) of u (n, d)."""
        return self._mapped(u)[0], u[:, -1]

    def root(self, theta: np.ndarray, hessian: np.ndarray) -> np.ndarray:
        """A root of the covariance of u, (d, d), from the Hessian (6, 6) of the energy at the best fit `theta` (5,)."""
        part = np.clip((theta - self._low) / np.maximum(self._span, 1e-12), 0.02, 0.98)
        slope = np.ones(6)
        slope[self._bounded] = (self._span * part * (1 - part))[self._bounded]
        inner = (hessian * np.outer(slope, slope))[np.ix_(self.free, self.free)]
        # The logistic map adds a quarter at the middle of its range, and keeps the flattest direction in check.
        inner[self._in_u, self._in_u] += 0.25
        size = np.sqrt(np.diag(inner))
        inverse = np.linalg.inv(inner / np.outer(size, size) + 1e-9 * np.eye(len(size)))
        return np.linalg.cholesky(inverse) / size[:, None]

    def __call__(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies (n,) and gradients (n, d); infinite and nil where log g is outside the models."""
        theta, part = self._mapped(u)
        held = self.model.clipped(theta)
        outside = np.abs(held[:, LOGG] - theta[:, LOGG]) > 1e-9
        flux, slopes = self.model.flux(held)
        scale = np.exp(u[:, -1:])
        white = scale * (flux @ self._way)
        left = (white - self._value).astype(np.float64)
        by_flux = left.astype(np.float32) @ self._way.T
        gradient = np.empty((len(u), 6))
        gradient[:, :5] = scale * np.einsum("nkw,nw->nk", slopes, by_flux, optimize=True)
        gradient[:, :5] += self.prior.gradient(held)
        gradient[:, 5] = (left * white).sum(axis=1)
        energy = 0.5 * (left**2).sum(axis=1) + self.prior.energy(held)
        inside = (part * (1 - part))[:, self._bounded]
        energy -= np.log(np.maximum(inside, 1e-300)).sum(axis=1)
        along = gradient[:, self._bounded] * self._span[self._bounded] * inside
        gradient[:, self._bounded] = along - (1 - 2 * part[:, self._bounded])
        energy[outside], gradient[outside] = np.inf, 0.0
        return energy, gradient[:, self.free]

    def _mapped(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (n, 5), and where between their bounds they are (n, 5)."""
        theta, part = np.tile(self._fixed_at, (len(u), 1)), np.full((len(u), 5), 0.5)
        part[:, self._bounded] = 1 / (1 + np.exp(-np.clip(u[:, self._in_u], -_REACH, _REACH)))
        theta[:, self._bounded] = (self._low + self._span * part)[:, self._bounded]
        theta[:, LOGG] = u[:, self._logg_in_u]
        return theta, part
