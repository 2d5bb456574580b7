"""Small blocks that several networks share, and the seeds of their first weights."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras
from keras import layers

from core.spectra.grid import N_SAMPLES

LEAKY_SLOPE = 0.01
_seeds: ContextVar[random.Random | None] = ContextVar("seeds", default=None)


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Inside, the blocks draw first weights from seeds of their own, which no other thread can take part in.

    A member's first weights are then those of its seed whatever else the process does, and can be built again. With
    None Keras draws the seeds from the process's random state.
    """
    token = _seeds.set(None if seed is None else random.Random(seed))
    try:
        yield
    finally:
        _seeds.reset(token)


def next_seed() -> int | None:
    """The seed of the next initialiser; None outside of `seeded`."""
    source = _seeds.get()
    return None if source is None else source.randint(1, 10**9)


def glorot():
    """Initialiser of a kernel: Glorot & Bengio 2010, AISTATS 9, 249."""
    return keras.initializers.GlorotUniform(seed=next_seed())


def recurrent_weights() -> dict:
    """Initialisers of a recurrent layer: its recurrent kernel is orthogonal (Saxe et al. 2014, arXiv:1312.6120)."""
    kernel, recurrent = glorot(), keras.initializers.Orthogonal(seed=next_seed())
    return {"kernel_initializer": kernel, "recurrent_initializer": recurrent, "seed": next_seed()}


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
    x = layers.Conv1D(filters, 3, padding="same", kernel_initializer=glorot())(x)
    x = layers.ReLU()(x) if activation == "relu" else leaky_relu(x)
    return layers.MaxPooling1D(2)(x) if pool else x


def dense(x, units: int, *, activation: str = "leaky_relu"):
    """Dense layer and activation: (n, width) -> (n, units)."""
    x = layers.Dense(units, kernel_initializer=glorot())(x)
    return layers.ReLU()(x) if activation == "relu" else leaky_relu(x)


def context_branch(context):
    """Two dense layers on the context: (n, 2) -> (n, 64) -> (n, 32)."""
    return dense(dense(context, 64), 32)


def logit_output(x):
    """Linear output `logit`: (n, width) -> (n, 1)."""
    return layers.Dense(1, kernel_initializer=glorot(), name="logit")(x)
