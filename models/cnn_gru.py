"""CNN-GRU: convolutions, then a gated recurrent unit along the wavelength."""

import keras
from keras import layers

from models.blocks import (
    as_sequence,
    context_branch,
    context_input,
    convolve,
    dense,
    flux_input,
    logit_output,
    recurrent_weights,
)


def build() -> keras.Model:
    """Build the CNN-GRU (93,473 parameters).

    Input shape
    -----------
    flux : (n, 343), context : (n, 2)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's CNN-GRU row; Cho et al. 2014, EMNLP, 1724.
    """
    flux, context = flux_input(), context_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = convolve(x, 32, pool=True)  # (n, 343, 1) -> (n, 171, 32)
    x = convolve(x, 64, pool=True)  # (n, 171, 32) -> (n, 85, 64)
    x = layers.GRU(128, reset_after=True, **recurrent_weights())(x)  # (n, 85, 64) -> (n, 128), the last state
    x = layers.Concatenate()([x, context_branch(context)])  # (n, 128) + (n, 32) -> (n, 160)
    x = dense(x, 64)  # (n, 160) -> (n, 64)
    return keras.Model([flux, context], logit_output(x), name="cnn_gru")
