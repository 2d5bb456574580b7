"""StellarNet: three wide convolutions, dense layers, a normalised context branch."""

import keras
from keras import layers

from models.blocks import as_sequence, context_input, convolve, dense, flux_input, logit_output


def _context_branch(context):
    """Dense 16, layer normalisation, dense 32: (n, 2) -> (n, 16) -> (n, 32)."""
    return dense(layers.LayerNormalization()(dense(context, 16)), 32)


def build() -> keras.Model:
    """Build StellarNet (1,515,057 parameters).

    Input shape
    -----------
    flux : (n, 343), context : (n, 2)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's StellarNet row.
    """
    flux, context = flux_input(), context_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = convolve(x, 64, pool=True)  # (n, 343, 1) -> (n, 171, 64)
    x = convolve(x, 128, pool=True)  # (n, 171, 64) -> (n, 85, 128)
    x = convolve(x, 256, pool=True)  # (n, 85, 128) -> (n, 42, 256)
    x = layers.Flatten()(x)  # (n, 42, 256) -> (n, 10752)
    x = dense(dense(x, 128), 64)  # (n, 10752) -> (n, 128) -> (n, 64)
    x = layers.Concatenate()([x, _context_branch(context)])  # (n, 64) + (n, 32) -> (n, 96)
    x = dense(x, 64)  # (n, 96) -> (n, 64)
    return keras.Model([flux, context], logit_output(x), name="stellarnet")
