"""A small dense network in NumPy: value and exact derivatives, so that no Keras is needed where it is used."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dense:
    """Layers of x @ weight + bias with SiLU between them (none after the last); single precision."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    @classmethod
    def stored(cls, arrays, prefix: str) -> "Dense":
        """From arrays named prefix/weight0, prefix/bias0 and so on."""
        n = sum(name.startswith(f"{prefix}/weight") for name in arrays)
        read = [[np.asarray(arrays[f"{prefix}/{kind}{i}"], dtype=np.float32) for i in range(n)] for kind in
                ("weight", "bias")]  # fmt: skip
        return cls(tuple(read[0]), tuple(read[1]))

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays to store."""
        pairs = enumerate(zip(self.weights, self.biases, strict=True))
        return {f"{prefix}/{k}{i}": a for i, (w, b) in pairs for k, a in (("weight", w), ("bias", b))}

    @property
    def n_weights(self) -> int:
        """Number of trained numbers."""
        return sum(a.size for a in (*self.weights, *self.biases))

    def value(self, x: np.ndarray) -> np.ndarray:
        """Output (n, n_out) of inputs (n, n_in)."""
        x = np.asarray(x, dtype=np.float32)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = x @ weight
            x += bias
            x *= _sigmoid(x)
        return x @ self.weights[-1] + self.biases[-1]

    def value_and_jacobian(self, x: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Output (n, n_out) and its derivatives (n, k, n_out) along `seed` (n, k, n_in) = d inputs."""
        x = np.asarray(x, dtype=np.float32)
        tangent = np.asarray(seed, dtype=np.float32)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            z = x @ weight + bias
            gate = _sigmoid(z)
            x = z * gate
            tangent = (tangent @ weight) * (gate * (1 + z * (1 - gate)))[:, None, :]
        return x @ self.weights[-1] + self.biases[-1], tangent @ self.weights[-1]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    result = np.negative(x)
    np.exp(result, out=result)
    result += 1.0
    return np.reciprocal(result, out=result)
