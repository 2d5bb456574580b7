"""A small dense network as plain arrays, for NumPy alone: standardised inputs, tanh layers, a linear end."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SmallNetwork:
    """Made by `of_scikit`.

    Attributes
    ----------
    centre, scale : ndarrays of shape (n_inputs,)
        Standardise the inputs.
    weights, biases : tuples of ndarrays
        One of each per layer, (n_in, n_out) and (n_out,).
    clip : float
        Standardised inputs beyond it are taken for it: far from what was learnt a tanh network is no wiser.
    """

    centre: np.ndarray
    scale: np.ndarray
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    clip: float = np.inf

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs, float64 ndarray of shape (n_stars, n_outputs), for inputs (n_stars, n_inputs); NaN gives NaN."""
        values = np.clip((inputs - self.centre) / self.scale, -self.clip, self.clip)
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.tanh(values @ weights + bias)
        return values @ self.weights[-1] + self.biases[-1]

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """All of it as arrays by name, to be stored."""
        found = {"centre": self.centre, "scale": self.scale, "clip": np.array(self.clip)}
        found |= {f"weights_{layer}": values for layer, values in enumerate(self.weights, start=1)}
        found |= {f"bias_{layer}": values for layer, values in enumerate(self.biases, start=1)}
        return {prefix + name: values for name, values in found.items()}

    @classmethod
    def of_arrays(cls, stored: Mapping[str, np.ndarray], prefix: str = "") -> "SmallNetwork":
        """The inverse of `arrays`; KeyError where one is missing."""
        n_layers = sum(name.startswith(f"{prefix}weights_") for name in stored)
        layers = range(1, n_layers + 1)
        weights = tuple(stored[f"{prefix}weights_{layer}"] for layer in layers)
        biases = tuple(stored[f"{prefix}bias_{layer}"] for layer in layers)
        return cls(stored[f"{prefix}centre"], stored[f"{prefix}scale"], weights, biases, float(stored[f"{prefix}clip"]))

    @classmethod
    def of_scikit(cls, fitted, centre: np.ndarray, scale: np.ndarray, clip: float = np.inf) -> "SmallNetwork":
        """A fitted MLPClassifier or MLPRegressor with tanh layers."""
        return cls(centre, scale, tuple(fitted.coefs_), tuple(fitted.intercepts_), clip)
