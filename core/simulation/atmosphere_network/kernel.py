"""A network of one hidden layer of radial units at the places of the models that it learnt from, in NumPy.

The units are Matern functions of order 5/2 of the distance in the scaled inputs, twice differentiable everywhere; the
output is linear in them, so that the best weights are those of a linear equation (Broomhead & Lowe 1988, Complex
Systems 2, 321; the same as the mean of a Gaussian process). Values in single precision; with exact derivatives in
double, since a fit divides small differences by small steps.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kernel:
    """Units at `centres` (n_units, n_in), distances in `scale` (n_in,); `weights` (n_units, n_out), `bias` (n_out,)."""

    centres: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    @classmethod
    def stored(cls, arrays, prefix: str) -> "Kernel":
        """From arrays named prefix/centres and so on."""
        return cls(**{name: np.asarray(arrays[f"{prefix}/{name}"], dtype=np.float32) for name in cls.__annotations__})

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays to store."""
        return {f"{prefix}/{name}": np.asarray(a, dtype=np.float32) for name, a in vars(self).items()}

    @property
    def n_weights(self) -> int:
        """Number of stored numbers."""
        return sum(a.size for a in vars(self).values())

    def value(self, x: np.ndarray) -> np.ndarray:
        """Output (n, n_out) of inputs (n, n_in)."""
        distance = self._distance(self._scaled(x))
        return _matern(distance) @ self.weights + self.bias

    def value_and_jacobian(self, x: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Output (n, n_out) and its derivatives (n, k, n_out), float64, along `seed` (n, k, n_in) = d inputs."""
        weights, scale = self.weights.astype(np.float64), self.scale.astype(np.float64)
        middle = self.centres.mean(axis=0, dtype=np.float64)
        centres, scaled, seed = (self.centres - middle) / scale, (x - middle) / scale, seed / scale
        square = (scaled**2).sum(axis=1, keepdims=True) - 2 * scaled @ centres.T + (centres**2).sum(axis=1)
        distance = np.sqrt(5 * np.maximum(square, 0.0))
        slope = np.exp(-distance)
        value = ((1 + distance + distance**2 / 3) * slope) @ weights + self.bias
        slope *= -5 / 3 * (1 + distance)
        jacobian = np.empty((len(x), seed.shape[1], weights.shape[1]))
        for k in range(seed.shape[1]):
            along = (scaled * seed[:, k]).sum(axis=1, keepdims=True) - seed[:, k] @ centres.T
            jacobian[:, k] = (slope * along) @ weights
        return value, jacobian

    def _centres(self) -> np.ndarray:
        return (self.centres - self.centres.mean(axis=0)) / self.scale

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        # Counted from the middle of the centres, so that single precision holds the small distances.
        return ((np.asarray(x, dtype=np.float32) - self.centres.mean(axis=0)) / self.scale).astype(np.float32)

    def _distance(self, scaled: np.ndarray) -> np.ndarray:
        """Square root of 5 times the distance to every unit, (n, n_units)."""
        centres = self._centres()
        square = scaled @ (-2 * centres.T)
        square += (scaled**2).sum(axis=1, keepdims=True)
        square += (centres**2).sum(axis=1)
        np.maximum(square, 0.0, out=square)
        square *= 5.0
        return np.sqrt(square, out=square)


def fit_kernel(
    x: np.ndarray,
    values: np.ndarray,
    scale: np.ndarray,
    ridge: float,
    centres: np.ndarray | None = None,
    weight: np.ndarray | float = 1.0,
) -> Kernel:
    """Weights for `values` (n, n_out) at `x` (n, n_in), in double precision.

    Units stand at `centres` (default: at every x). `ridge` is the variance of the values' errors over that of the
    function; `weight` (n,) makes a value less certain (1: as certain as `ridge` says).
    """  # fmt: skip
    units = x if centres is None else centres
    bias = np.average(values, axis=0, weights=np.broadcast_to(weight, len(x)))
    among = matern(units, units, scale)
    noise = ridge / np.broadcast_to(weight, len(x))
    if centres is None:
        solved = np.linalg.solve(among + np.diag(noise), values - bias)
    else:
        across = matern(x, units, scale) / noise[:, None]
        normal = across.T @ matern(x, units, scale) + among + 1e-10 * np.eye(len(units))
        solved = np.linalg.solve(normal, across.T @ (values - bias))
    return Kernel(*(np.asarray(a, dtype=np.float32) for a in (units, scale, solved, bias)))


def left_out(x: np.ndarray, values: np.ndarray, scale: np.ndarray, ridge: float) -> np.ndarray:
    """Error at each place when its own value is left out, (n, n_out): how scales and ridge are chosen."""
    inverse = np.linalg.inv(matern(x, x, scale) + ridge * np.eye(len(x)))
    return inverse @ (values - values.mean(axis=0)) / np.diag(inverse)[:, None]


def matern(a: np.ndarray, b: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Matern function of order 5/2 between places, float64 (n_a, n_b)."""
    square = np.zeros((len(a), len(b)))
    for k in range(a.shape[1]):
        square += (np.subtract.outer(a[:, k], b[:, k]) / scale[k]) ** 2
    return _matern(np.sqrt(5 * square))


def _matern(distance: np.ndarray) -> np.ndarray:
    return (1 + distance + distance**2 / 3) * np.exp(-distance)
