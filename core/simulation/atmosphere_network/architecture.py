"""The Keras side of the networks: layers in which a law of the atmosphere holds whatever the weights are.

Layers use `keras.ops` alone and run on any backend; `dense.Dense` is their NumPy form after training.
"""

import keras
import numpy as np
from keras import ops

from core.simulation.atmosphere.model import DEPTH_GRID
from core.simulation.atmosphere_network.dense import Dense
from core.simulation.atmosphere_network.flux_network import VISIBLE, bin_widths
from core.simulation.atmosphere_network.inputs import N_FEATURES

HIDDEN = (64, 64, 64)
LEAST_NET_GRAVITY = 0.03
"""Part of gravity that radiation leaves at least, as in `model.gas_pressure`."""


def dense_network(n_out: int, seed: int, hidden: tuple[int, ...] = HIDDEN) -> keras.Model:
    """Dense layers with SiLU, the last one linear and small at the start; (n, N_FEATURES) to (n, n_out)."""
    layers: list = [keras.layers.Input((N_FEATURES,))]
    for i, width in enumerate(hidden):
        start = keras.initializers.GlorotNormal(seed=seed * 100 + i)
        layers.append(keras.layers.Dense(width, activation="silu", kernel_initializer=start))
    last = keras.initializers.RandomNormal(stddev=0.02, seed=seed * 100 + 99)
    layers.append(keras.layers.Dense(n_out, kernel_initializer=last))
    return keras.Sequential(layers)


def to_dense(network: keras.Model) -> Dense:
    """The NumPy form of a trained network."""
    arrays = [np.asarray(a, dtype=np.float32) for a in network.get_weights()]
    return Dense(tuple(arrays[::2]), tuple(arrays[1::2]))


class Curves(keras.layers.Layer):
    """Coefficients (n, k) of principal curves (k, m) to functions, mean + coefficients @ curves, (n, m)."""

    def __init__(self, mean: np.ndarray, curves: np.ndarray, **options) -> None:
        super().__init__(trainable=False, **options)
        self.mean, self.curves = ops.cast(mean, self.compute_dtype), ops.cast(curves, self.compute_dtype)

    def call(self, coefficients):
        """The functions."""
        return self.mean + ops.matmul(coefficients, self.curves)


class EnergyShares(keras.layers.Layer):
    """Flux constancy of the emergent spectrum: the bands' shares of sigma Teff^4 sum to one, the spectrum to its own.

    Takes ln(flux / pi B) but for a constant (n, n_wave), ln(pi B / sigma Teff^4) there, and the bands' logits (n, 6);
    gives the normalised ln(flux / pi B) and the ln of the shares.
    """

    def __init__(self, wavelength_nm: np.ndarray, **options) -> None:
        super().__init__(trainable=False, **options)
        self.width = ops.cast(bin_widths(wavelength_nm), self.compute_dtype)

    def call(self, shape, planck, logits):
        """Normalised shape (n, n_wave) and ln shares (n, 6)."""
        shares = ops.log_softmax(logits, axis=1)
        total = ops.log(ops.sum(ops.exp(shape + planck) * self.width, axis=1))
        return shape + ops.expand_dims(shares[:, VISIBLE] - total, 1), shares


class HydrostaticColumn(keras.layers.Layer):
    """Hydrostatic equilibrium: column mass and pressure as integrals of what the network says of the opacity.

    Takes ln of the Rosseland mean (n, n_depth), radiative acceleration over gravity (n, n_depth) and ln of gravity
    (n, 1), cgs; gives ln of column mass and of gas pressure, the quadrature of `model.column_mass` and `gas_pressure`.
    """

    def __init__(self, **options) -> None:
        super().__init__(trainable=False, **options)
        self.tau = ops.cast(DEPTH_GRID, self.compute_dtype)
        self.step = ops.cast(np.diff(np.log(DEPTH_GRID)), self.compute_dtype)

    def call(self, rosseland, push, gravity):
        """Ln column mass and ln gas pressure, (n, n_depth) each."""
        integrand = self.tau * ops.exp(-rosseland)
        steps = 0.5 * (integrand[:, 1:] + integrand[:, :-1]) * self.step
        column = ops.concatenate([integrand[:, :1], integrand[:, :1] + ops.cumsum(steps, axis=1)], axis=1)
        net = ops.maximum(1 - push, LEAST_NET_GRAVITY)
        weight = 0.5 * (net[:, 1:] + net[:, :-1]) * steps
        top = net[:, :1] * integrand[:, :1]
        pressure = ops.concatenate([top, top + ops.cumsum(weight, axis=1)], axis=1)
        return ops.log(column), ops.log(pressure) + gravity
