"""The posterior of one star on the whole real line, with its gradient: what a Hamiltonian sampler walks on.

Every parameter runs between its bounds (those of log g move with Teff) as low + (high - low) / (1 + exp(-u)); the
Jacobian of that is part of the density, so that draws of u, mapped back, are draws of the parameters.
"""

import numpy as np

from core.parameters.forward import LN_TEFF, LOGG, ForwardModel
from core.parameters.observation import Observation
from core.parameters.prior import prior_of

_STEP = 1e-4
_REACH = 12.0
"""Places beyond are as good as at the bound."""


class StarPosterior:
    """-ln posterior density of u (n, d) and its gradient: the free parameters of one star and ln of its dilution."""

    def __init__(self, model: ForwardModel, seen: Observation) -> None:
        """`seen` is the observation of one star."""
        self.model, self.prior = model, prior_of(model)
        self._way = np.ascontiguousarray(model.instrument @ seen.way[0])
        self._value = seen.value[0]
        low, high = model.bounds(np.zeros((1, 5)))
        self._low, self._high = low[0], high[0]
        fixed = self._high - self._low < 1e-9
        fixed[LOGG] = False
        self.free = np.flatnonzero(np.concatenate([~fixed, [True]]))
        self._fixed_at = np.concatenate([np.clip(self.prior.mean, self._low, self._high), [0.0]])

    def place(self, theta: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
        """u (n, d) of parameters (n, 5) and log_scale (n,); at a bound it is held a little inside."""
        low, span, _, _ = self._bounds(theta[:, LN_TEFF])
        part = np.clip((theta - low) / np.maximum(span, 1e-12), 1e-3, 1 - 1e-3)
        return np.concatenate([np.log(part / (1 - part)), log_scale[:, None]], axis=1)[:, self.free]

    def parameters(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (n, 5) and log_scale (n,) of u (n, d)."""
        theta, log_scale, *_ = self._mapped(u)
        return theta, log_scale

    def root(self, theta: np.ndarray, hessian: np.ndarray) -> np.ndarray:
        """A root of the covariance of u, (d, d), from the Hessian (6, 6) of the energy at the best fit `theta` (5,)."""
        low, span, low_slope, span_slope = self._bounds(theta[None, LN_TEFF])
        part = np.clip((theta - low[0]) / np.maximum(span[0], 1e-12), 0.02, 0.98)
        change = np.diag(np.concatenate([span[0] * part * (1 - part), [1.0]]))
        # The bounds of log g move with Teff: a step in Teff alone is one in log g too.
        change[LOGG, LN_TEFF] = (low_slope[0] + span_slope[0] * part[LOGG]) * change[LN_TEFF, LN_TEFF]
        inner = (change.T @ hessian @ change)[np.ix_(self.free, self.free)]
        # The logistic map adds a quarter at the middle of its range, and keeps the flattest direction in check.
        inner += np.diag(np.where(self.free < 5, 0.25, 0.0))
        size = np.sqrt(np.diag(inner))
        inverse = np.linalg.inv(inner / np.outer(size, size) + 1e-9 * np.eye(len(size)))
        return np.linalg.cholesky(inverse) / size[:, None]

    def __call__(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies (n,) and gradients (n, d)."""
        theta, log_scale, part, span, low_slope, span_slope = self._mapped(u)
        flux, slopes = self.model.flux(theta)
        scale = np.exp(log_scale)[:, None]
        white = scale * (flux @ self._way)
        left = (white - self._value).astype(np.float64)
        by_flux = left.astype(np.float32) @ self._way.T
        gradient = np.empty((len(u), 6))
        gradient[:, :5] = scale * np.einsum("nkw,nw->nk", slopes, by_flux, optimize=True)
        gradient[:, :5] += self.prior.gradient(theta)
        gradient[:, 5] = (left * white).sum(axis=1)
        energy = 0.5 * (left**2).sum(axis=1) + self.prior.energy(theta)
        # d theta / d u, with the bounds of log g moving with Teff, and the Jacobian's own energy.
        bounded = self.free[self.free < 5]
        inside = (part * (1 - part))[:, bounded]
        energy -= np.log(np.maximum(span[:, bounded] * inside, 1e-300)).sum(axis=1)
        along_teff = low_slope + span_slope * part[:, LOGG]
        gradient[:, LN_TEFF] += gradient[:, LOGG] * along_teff - span_slope / span[:, LOGG]
        gradient[:, bounded] = gradient[:, bounded] * span[:, bounded] * inside - (1 - 2 * part[:, bounded])
        return energy, gradient[:, self.free]

    def _bounds(self, ln_teff: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Lower bounds and spans (n, 5), and the derivatives of log g's in ln Teff, (n,) each."""
        low, high = np.tile(self._low, (len(ln_teff), 1)), np.tile(self._high, (len(ln_teff), 1))
        inner = np.clip(ln_teff, self._low[LN_TEFF] + _STEP, self._high[LN_TEFF] - _STEP)
        edges = np.concatenate([ln_teff, inner - _STEP, inner + _STEP])
        lows, highs = self.model.atmosphere.limits(np.exp(edges), self.model.family)
        (at, below, above), (top, top_below, top_above) = np.split(lows, 3), np.split(highs, 3)
        low[:, LOGG], high[:, LOGG] = at, np.maximum(top, at + 1e-6)
        low_slope = (above - below) / (2 * _STEP)
        return low, high - low, low_slope, (top_above - top_below) / (2 * _STEP) - low_slope

    def _mapped(self, u: np.ndarray):
        whole = np.tile(self._fixed_at, (len(u), 1))
        part = np.full((len(u), 5), 0.5)
        bounded = self.free[self.free < 5]
        part[:, bounded] = 1 / (1 + np.exp(-np.clip(u[:, : len(bounded)], -_REACH, _REACH)))
        ln_teff = self._low[LN_TEFF] + (self._high - self._low)[LN_TEFF] * part[:, LN_TEFF]
        low, span, low_slope, span_slope = self._bounds(ln_teff)
        whole[:, bounded] = (low + span * part)[:, bounded]
        return whole[:, :5], u[:, -1], part, span, low_slope, span_slope
