"""The networks as Keras 3 layers, to train them further or to put them into a larger network; any backend.

`radial_network` holds the weights that the NumPy classes use, radial units at the places of the models; the other
layers are those in which a law of the atmosphere holds whatever the weights are.
"""

import keras
import numpy as np
from keras import ops

from core.simulation.atmosphere.model import DEPTH_GRID
from core.simulation.atmosphere_network.flux_network import VISIBLE, bin_widths
from core.simulation.atmosphere_network.inputs import N_FEATURES
from core.simulation.atmosphere_network.kernel import Kernel

LEAST_NET_GRAVITY = 0.03
"""Part of gravity that radiation leaves at least, as in `model.gas_pressure`."""


class RadialUnits(keras.layers.Layer):
    """Matern units of order 5/2 at trainable centres, (n, n_in) to (n, n_units)."""

    def __init__(self, centres: np.ndarray, scale: np.ndarray, **options) -> None:
        super().__init__(**options)
        start = keras.initializers.Constant(centres / scale)
        self.centres = self.add_weight(centres.shape, start, name="centres")
        self.scale = self.add_weight(scale.shape, keras.initializers.Constant(scale), trainable=False, name="scale")

    def call(self, x):
        """The units' answers."""
        off = ops.expand_dims(x / self.scale, 1) - self.centres
        distance = ops.sqrt(5 * ops.sum(ops.square(off), axis=2) + 1e-12)
        return (1 + distance + ops.square(distance) / 3) * ops.exp(-distance)


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
        visible, rest = (ops.log_sigmoid(sign * logits[:, VISIBLE : VISIBLE + 1]) for sign in (1, -1))
        before, after = logits[:, :VISIBLE], logits[:, VISIBLE + 1 :]
        others = rest + ops.log_softmax(ops.concatenate([before, after], axis=1), axis=1)
        shares = ops.concatenate([others[:, :VISIBLE], visible, others[:, VISIBLE:]], axis=1)
        total = ops.log(ops.sum(ops.exp(shape + planck) * self.width, axis=1, keepdims=True))
        return shape + visible - total, shares


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


def radial_network(kernel: Kernel) -> keras.Model:
    """A trained network as a Keras model, (n, N_FEATURES) to (n, n_out)."""
    last = keras.layers.Dense(kernel.weights.shape[1])
    model = keras.Sequential([keras.layers.Input((N_FEATURES,)), RadialUnits(kernel.centres, kernel.scale), last])
    last.set_weights([kernel.weights, kernel.bias])
    return model
