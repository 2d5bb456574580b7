"""The Keras side of the networks: their layers, the losses, and the way from a trained network to NumPy arrays.

Layers and losses use `keras.ops` alone and run on any backend.
"""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere_network.dense import Dense

HIDDEN = (64, 64, 64)
N_CURVES = 40


def dense_network(n_in: int, n_out: int, seed: int, hidden: tuple[int, ...] = HIDDEN):
    """A Keras model of dense layers with SiLU, its last layer linear and small at the start."""
    import keras

    layers: list = [keras.layers.Input((n_in,))]
    for i, width in enumerate(hidden):
        start = keras.initializers.GlorotNormal(seed=seed * 100 + i)
        layers.append(keras.layers.Dense(width, activation="silu", kernel_initializer=start))
    last = keras.initializers.GlorotNormal(seed=seed * 100 + 99)
    layers.append(keras.layers.Dense(n_out, kernel_initializer=last))
    return keras.Sequential(layers)


def to_dense(network) -> Dense:
    """The NumPy form of a trained network."""
    arrays = [np.asarray(a, dtype=np.float32) for a in network.get_weights()]
    return Dense(tuple(arrays[::2]), tuple(arrays[1::2]))


@dataclass(frozen=True)
class FluxTargets:
    """What the flux network learns from.

    `inputs` (n, 3) scaled; `shape` (n, n_wave) = ln(flux / pi B); `share` (n,) = ln of the band's part of sigma Teff^4;
    `planck` (n, n_wave) = ln pi B / sigma Teff^4; `weight` (n,) of each star.
    """

    inputs: np.ndarray
    shape: np.ndarray
    share: np.ndarray
    planck: np.ndarray
    weight: np.ndarray


class FluxLoss:
    """Mean squared error of ln flux in per cent, and of the band's energy.

    With `by_construction` the spectrum is normalised by its own integral to the network's share; without, the
    network's curves give the flux as they are and the share is only learnt beside it.
    """

    def __init__(self, curves: np.ndarray, mean: np.ndarray, width: np.ndarray, energy: float, by_construction: bool):
        self.curves, self.mean, self.width = (np.asarray(a, dtype=np.float32) for a in (curves, mean, width))
        self.energy, self.by_construction = energy, by_construction

    def __call__(self, output, shape, share, planck, weight):
        """Scalar loss of network `output` (n, n_curves + 1) against the arrays of `FluxTargets`."""
        from keras import ops

        found = ops.matmul(output[:, :-1], self.curves) + self.mean
        total = ops.log(ops.sum(ops.exp(found + planck) * self.width, axis=1))
        if self.by_construction:
            found = found + ops.expand_dims(output[:, -1] - total, 1)
        in_flux = ops.mean(ops.square(100.0 * (found - shape)), axis=1)
        in_energy = ops.square(100.0 * (output[:, -1] - share))
        return ops.sum(weight * (in_flux + self.energy * in_energy)) / ops.sum(weight)
