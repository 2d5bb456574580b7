"""Levenberg-Marquardt for many stars at once, with exact derivatives, bounds and a prior."""

from dataclasses import dataclass

import numpy as np

from core.parameters.forward import LN_TEFF, ForwardModel
from core.parameters.observation import Observation
from core.parameters.prior import Prior, prior_of

MAX_STEPS = 40
_TOLERANCE = 1e-2
"""A star is done when a step lowers -ln posterior by less than this."""
_STUCK = 1e3
"""Damping from which a step is so short that single precision sees no descent: the minimum is found."""
_LARGEST = np.array([0.25, 0.7, 0.7, 1.0, 0.05, 5.0])
BLOCK = 256


@dataclass
class Solution:
    """Best fits of n stars.

    `theta` (n, 5); `log_scale` (n,): ln of the dilution over `forward.DILUTION`; `chi2` (n,) of the spectrum alone;
    `energy` (n,) = chi2 / 2 - ln prior; `hessian` (n, 6, 6) of the energy in theta and log_scale; `converged` (n,).
    """

    theta: np.ndarray
    log_scale: np.ndarray
    chi2: np.ndarray
    energy: np.ndarray
    hessian: np.ndarray
    converged: np.ndarray

    def take(self, rows: slice) -> "Solution":
        """The chosen rows."""
        return Solution(*(getattr(self, name)[rows] for name in vars(self)))

    def better_of(self, other: "Solution", *, higher: bool = False) -> "Solution":
        """Star by star the one with the lower energy (or the higher)."""
        use = (other.energy > self.energy) if higher else (other.energy < self.energy)
        pairs = ((getattr(self, name), getattr(other, name)) for name in vars(self))
        return Solution(*(np.where(use.reshape(-1, *[1] * (a.ndim - 1)), b, a) for a, b in pairs))


@dataclass
class _Point:
    residual: np.ndarray
    jacobian: np.ndarray
    chi2: np.ndarray
    energy: np.ndarray


def fit_batch(model: ForwardModel, observation: Observation, start: np.ndarray) -> Solution:
    """Fit all stars from `start` (n, 5); the dilution starts at its best value."""
    blocks = [
        _fit_block(model, observation.take(rows), start[rows])
        for rows in np.array_split(np.arange(len(start)), max(1, -(-len(start) // BLOCK)))
    ]
    return Solution(*(np.concatenate([getattr(block, name) for block in blocks]) for name in vars(blocks[0])))


def _fit_block(model: ForwardModel, seen: Observation, start: np.ndarray) -> Solution:
    prior, n = prior_of(model), len(start)
    theta = model.clipped(start)
    point, scale = _first_point(model, prior, seen, theta)
    damping, converged, tried = np.full(n, 1e-2), np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
    for _ in range(MAX_STEPS):
        rows = np.flatnonzero(~converged & (tried < 12))
        if not len(rows):
            break
        moved, moved_scale, bound = _step(model, prior, point, theta, scale, damping, rows)
        found = _evaluate(model, prior, seen.take(rows), moved, moved_scale)
        gain = point.energy[rows] - found.energy
        better = gain > 0
        small = np.abs(moved[:, LN_TEFF] - theta[rows, LN_TEFF]) < 1e-5
        converged[rows] = (
            (better & (gain < _TOLERANCE)) | (~better & (damping[rows] > _STUCK)) | (~better & small & bound)
        )
        kept = rows[better]
        theta[kept], scale[kept] = moved[better], moved_scale[better]
        for name in vars(point):
            getattr(point, name)[kept] = getattr(found, name)[better]
        damping[rows] = np.where(better, np.maximum(damping[rows] * 0.2, 1e-7), damping[rows] * 8)
        tried[rows] = np.where(better, 0, tried[rows] + 1)
    hessian = _hessian(point.jacobian, prior, theta)
    return Solution(theta, scale, point.chi2, point.energy, hessian, converged)


def _first_point(model: ForwardModel, prior: Prior, seen: Observation, theta: np.ndarray) -> tuple[_Point, np.ndarray]:
    coefficients, _ = model.coefficients(theta)
    white = np.einsum("nc,ncm->nm", coefficients, seen.way, optimize=True)
    best = (white * seen.value).sum(axis=1) / (white**2).sum(axis=1)
    scale = np.log(np.maximum(best.astype(np.float64), 1e-40))
    return _evaluate(model, prior, seen, theta, scale), scale


def _evaluate(model: ForwardModel, prior: Prior, seen: Observation, theta: np.ndarray, scale: np.ndarray) -> _Point:
    coefficients, slopes = model.coefficients(theta)
    all_rows = np.concatenate([slopes, coefficients[:, None]], axis=1)
    all_rows *= np.exp(scale)[:, None, None].astype(np.float32)
    jacobian = np.matmul(all_rows, seen.way)  # (n, 6, m)
    residual = jacobian[:, 5] - seen.value
    chi2 = (residual.astype(np.float64) ** 2).sum(axis=1)
    return _Point(residual, jacobian, chi2, 0.5 * chi2 + prior.energy(theta))


def _hessian(jacobian: np.ndarray, prior: Prior, theta: np.ndarray) -> np.ndarray:
    hessian = np.matmul(jacobian, jacobian.swapaxes(1, 2)).astype(np.float64)
    index = np.arange(5)
    hessian[:, index, index] += prior.curvature(theta)
    return hessian


def _step(model, prior, point: _Point, theta, scale, damping, rows):
    """Trial parameters of the chosen stars; parameters held by a bound that they push against do not take part."""
    jacobian = point.jacobian[rows]
    gradient = np.matmul(jacobian, point.residual[rows][:, :, None])[:, :, 0].astype(np.float64)
    gradient[:, :5] += prior.gradient(theta[rows])
    hessian = _hessian(jacobian, prior, theta[rows])
    low, high = model.bounds(theta[rows])
    held = np.zeros((len(rows), 6), dtype=bool)
    width = 1e-9 + 1e-6 * np.abs(theta[rows])
    held[:, :5] = ((theta[rows] <= low + width) & (gradient[:, :5] > 0)) | (
        (theta[rows] >= high - width) & (gradient[:, :5] < 0)
    )
    held[:, :5] |= high - low < 1e-9
    gradient[held] = 0.0
    hessian[held[:, :, None] | held[:, None, :]] = 0.0
    index = np.arange(6)
    diagonal = hessian[:, index, index]
    hessian[:, index, index] = np.where(held, 1.0, diagonal * (1 + damping[rows, None]) + 1e-12)
    step = -np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    step /= np.maximum(1.0, (np.abs(step) / _LARGEST).max(axis=1))[:, None]
    moved = model.clipped(theta[rows] + step[:, :5])
    return moved, scale[rows] + step[:, 5], held.any(axis=1)
