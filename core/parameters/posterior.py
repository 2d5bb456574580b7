"""From best fits to intervals: draws of the normal approximation inside the models' bounds."""

from dataclasses import dataclass

import numpy as np

from core.parameters.forward import ForwardModel
from core.parameters.least_squares import Solution
from core.parameters.prior import prior_of

N_DRAWS = 300
_DEGREES = 8.0
"""Draws have the tails of a t distribution: the true posteriors are not quite normal, and with these tails
intervals cover what they say (`validation.parameters`)."""
_LEAST_INSIDE = 20


@dataclass(frozen=True)
class Draws:
    """`theta` (n, n_draws, 5) and `log_scale` (n, n_draws) from the posterior; `evidence` (n,) is its ln integral."""

    theta: np.ndarray
    log_scale: np.ndarray
    evidence: np.ndarray

    def interval(self, values: np.ndarray, level: float = 0.6827) -> tuple[np.ndarray, np.ndarray]:
        """Central interval of `values` (n, n_draws) at a level, two arrays (n,)."""
        half = 50 * (1 - level)
        low, high = np.percentile(values, [half, 100 - half], axis=1)
        return low, high


def laplace(
    model: ForwardModel,
    solution: Solution,
    rng: np.random.Generator,
    temper: np.ndarray | float = 1.0,
    n_draws: int = N_DRAWS,
) -> Draws:
    """Draw around every best fit with the covariance of its Hessian, kept inside the models.

    A draw outside is reflected at the bound: at a bound the posterior is half a bell, not a spike. The evidence is
    Laplace's, less the share of the bell that lies outside. `temper` (n,) divides -ln posterior.
    """
    n = len(solution.theta)
    temper = np.broadcast_to(np.asarray(temper, dtype=np.float64), (n,))
    hessian = solution.hessian / temper[:, None, None]
    low, high = model.bounds(solution.theta)
    fixed = high - low < 1e-9
    index = np.arange(5)
    hessian[:, index, index] += np.where(fixed, 1e12, 0.0)
    size = np.sqrt(np.einsum("nii->ni", hessian))
    scaled = hessian / (size[:, :, None] * size[:, None, :]) + 1e-10 * np.eye(6)
    factor = np.linalg.cholesky(np.linalg.inv(scaled))
    normal = rng.standard_normal((n, n_draws, 6))
    normal /= np.sqrt(rng.chisquare(_DEGREES, (n, n_draws, 1)) / _DEGREES)
    drawn = np.matmul(normal, factor.swapaxes(1, 2)) / size[:, None, :]
    drawn[..., :5] += solution.theta[:, None, :]
    drawn[..., 5] += solution.log_scale[:, None]
    inside = _reflect(drawn, low, high)
    log_det = 2 * np.log(size).sum(axis=1) + np.linalg.slogdet(scaled)[1]
    free = 6 - fixed.sum(axis=1)
    log_det -= np.where(fixed, np.log(1e12), 0.0).sum(axis=1)
    evidence = -solution.energy / temper + 0.5 * free * np.log(2 * np.pi) - 0.5 * log_det
    evidence += np.log(np.maximum(inside, _LEAST_INSIDE / n_draws)) + prior_of(model).log_norm()
    return Draws(drawn[..., :5], drawn[..., 5], evidence)


def mixed(first: Draws, second: Draws, apart: np.ndarray, rng: np.random.Generator) -> Draws:
    """Draws of two valleys in proportion to their evidence where they are `apart` (n,), elsewhere `first`."""
    share = np.where(apart, 1 / (1 + np.exp(np.clip(first.evidence - second.evidence, -50, 50))), 0.0)
    use = rng.random(first.log_scale.shape) < share[:, None]
    both = np.logaddexp(first.evidence, second.evidence)
    return Draws(
        np.where(use[..., None], second.theta, first.theta),
        np.where(use, second.log_scale, first.log_scale),
        np.where(apart, both, first.evidence),
    )


def _reflect(drawn: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Fold draws back into the bounds in place; the share that lay inside before, (n,)."""
    theta = drawn[..., :5]
    low, high = low[:, None, :], high[:, None, :]
    inside = ((theta >= low - 1e-9) & (theta <= high + 1e-9)).all(axis=2).mean(axis=1)
    theta[:] = np.where(theta < low, 2 * low - theta, theta)
    theta[:] = np.where(theta > high, 2 * high - theta, theta)
    np.clip(theta, low, high, out=theta)
    return inside
