"""The posterior of one star with its gradient, in the coordinates on which a Hamiltonian sampler walks.

Every parameter runs between its bounds as low + (high - low) / (1 + exp(-u)); the Jacobian of that is part of the
density, so that draws of u, mapped back, are draws of the parameters. The bounds of log g move with Teff, so that a
step in Teff takes log g along: there is no wall at which a trajectory would end.
"""

import numpy as np

from core.parameters.forward import LN_TEFF, LOGG, ForwardModel
from core.parameters.observation import Observation
from core.parameters.prior import prior_of

_REACH = 12.0
"""Places beyond are as good as at the bound."""
_INSIDE = 1e-3
_SMALL = 1e-4
"""Step in ln Teff over which the slopes of the bounds of log g are taken."""


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
        self._bounded = self.free[self.free < 5]
        self._n = len(self._bounded)

    def place(self, theta: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
        """u (n, d) of parameters (n, 5) and log_scale (n,); at a bound it is held a little inside."""
        low, span, _ = self._bounds(theta)
        part = np.clip((theta - low) / np.maximum(span, 1e-12), _INSIDE, 1 - _INSIDE)
        return np.column_stack([np.log(part / (1 - part))[:, self._bounded], log_scale])

    def parameters(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (n, 5) and log_scale (n,) of u (n, d)."""
        return self._mapped(u)[0], u[:, -1]

    def root(self, theta: np.ndarray, hessian: np.ndarray) -> np.ndarray:
        """A root of the covariance of u, (d, d), from the Hessian (6, 6) of the energy at the best fit `theta` (5,)."""
        low, span, slopes = self._bounds(theta[None])
        part = np.clip((theta - low[0]) / np.maximum(span[0], 1e-12), 0.02, 0.98)
        way = np.eye(6)  # d (parameters, log_scale) / d u
        way[self._bounded, self._bounded] = (span[0] * part * (1 - part))[self._bounded]
        way[LOGG, LN_TEFF] = (slopes[0, 0] + part[LOGG] * slopes[0, 1]) * way[LN_TEFF, LN_TEFF]
        inner = (way.T @ hessian @ way)[np.ix_(self.free, self.free)]
        # The logistic map adds a quarter at the middle of its range, and keeps the flattest direction in check.
        inner[np.arange(self._n), np.arange(self._n)] += 0.25
        size = np.sqrt(np.diag(inner))
        inverse = np.linalg.inv(inner / np.outer(size, size) + 1e-9 * np.eye(len(size)))
        return np.linalg.cholesky(inverse) / size[:, None]

    def __call__(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies (n,) and gradients (n, d)."""
        theta, part, span, moved = self._mapped(u)
        held = self.model.clipped(theta)  # the last digit
        flux, slopes = self.model.flux(held)
        scale = np.exp(u[:, -1:])
        white = scale * (flux @ self._way)
        left = (white - self._value).astype(np.float64)
        by_flux = left.astype(np.float32) @ self._way.T
        by_theta = scale * np.einsum("nkw,nw->nk", slopes, by_flux, optimize=True) + self.prior.gradient(held)
        inside = part * (1 - part)
        energy = 0.5 * (left**2).sum(axis=1) + self.prior.energy(held)
        energy -= np.log(np.maximum(inside[:, self._bounded], 1e-300)).sum(axis=1) + np.log(span[:, LOGG])
        # log g = low(Teff) + span(Teff) part: Teff takes it along, and its span is part of the Jacobian
        by_theta[:, LN_TEFF] += by_theta[:, LOGG] * (moved[:, 0] + part[:, LOGG] * moved[:, 1])
        by_theta[:, LN_TEFF] -= moved[:, 1] / span[:, LOGG]
        along = by_theta * span * inside - (1 - 2 * part)
        return energy, np.column_stack([along[:, self._bounded], (left * white).sum(axis=1)])

    def _mapped(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Parameters, where between their bounds they are, spans, each (n, 5); slopes of the bounds of log g (n, 2)."""
        theta, part = np.tile(self._fixed_at, (len(u), 1)), np.full((len(u), 5), 0.5)
        part[:, self._bounded] = 1 / (1 + np.exp(-np.clip(u[:, : self._n], -_REACH, _REACH)))
        free = [k for k in self._bounded if k != LOGG]
        theta[:, free] = (self._low + self._span * part)[:, free]
        low, span, moved = self._bounds(theta)
        theta[:, LOGG] = low[:, LOGG] + span[:, LOGG] * part[:, LOGG]
        return theta, part, span, moved

    def _bounds(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lowest values and spans (n, 5), and the slopes of both of log g along ln Teff, (n, 2)."""
        low, high = self.model.bounds(theta)
        up, down = theta.copy(), theta.copy()
        up[:, LN_TEFF] = np.minimum(theta[:, LN_TEFF] + _SMALL, high[:, LN_TEFF])
        down[:, LN_TEFF] = np.maximum(theta[:, LN_TEFF] - _SMALL, low[:, LN_TEFF])
        step = np.maximum(up[:, LN_TEFF] - down[:, LN_TEFF], 1e-12)
        ends = [np.stack(self.model.bounds(place))[:, :, LOGG] for place in (up, down)]
        slopes = ((ends[0] - ends[1]) / step).T
        slopes[:, 1] -= slopes[:, 0]
        return low, np.maximum(high - low, 1e-12), slopes
