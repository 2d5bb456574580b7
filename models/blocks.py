"""Small blocks that several networks share."""

import keras
from keras import layers

from core.spectra.grid import N_SAMPLES

LEAKY_SLOPE = 0.01


def flux_input():
    """Input `flux`: represented spectra of shape (n, 343)."""
    return keras.Input(shape=(N_SAMPLES,), name="flux")


def context_input():
    """Input `context`: two numbers per star, shape (n, 2)."""
    return keras.Input(shape=(2,), name="context")


def leaky_relu(x):
    """Leaky ReLU of slope 0.01, any shape."""
    return layers.LeakyReLU(negative_slope=LEAKY_SLOPE)(x)


def as_sequence(flux):
    """(n, 343) -> (n, 343, 1)."""
    return layers.Reshape((N_SAMPLES, 1))(flux)


def convolve(x, filters: int, *, activation: str = "leaky_relu", pool: bool = False):
    """Conv1D of kernel 3, padding 'same', activation, then max pooling by 2 if wanted.

    (n, length, channels) -> (n, length or length // 2, filters)
    """
    x = layers.Conv1D(filters, 3, padding="same")(x)
    x = layers.ReLU()(x) if activation == "relu" else leaky_relu(x)
    return layers.MaxPooling1D(2)(x) if pool else x


def dense(x, units: int, *, activation: str = "leaky_relu"):
    """Dense layer and activation: (n, width) -> (n, units)."""
    x = layers.Dense(units)(x)
    return layers.ReLU()(x) if activation == "relu" else leaky_relu(x)


def context_branch(context):
    """Two dense layers on the context: (n, 2) -> (n, 64) -> (n, 32)."""
    return dense(dense(context, 64), 32)


def logit_output(x):
    """Linear output `logit`: (n, width) -> (n, 1)."""
    return layers.Dense(1, name="logit")(x)
