"""CNN-LSTM: convolutions, then a long short-term memory along the wavelength."""

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
    """Build the CNN-LSTM (128,161 parameters; 128,673 with PyTorch's second bias vector).

    Input shape
    -----------
    flux : (n, 343), context : (n, 2)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's CNN-LSTM row; Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735.
    """
    flux, context = flux_input(), context_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = convolve(x, 32, activation="relu", pool=True)  # (n, 343, 1) -> (n, 171, 32)
    x = convolve(x, 64, activation="relu", pool=True)  # (n, 171, 32) -> (n, 85, 64)
    x = layers.LSTM(128, **recurrent_weights())(x)  # (n, 85, 64) -> (n, 128), the last state
    x = layers.Concatenate()([x, context_branch(context)])  # (n, 128) + (n, 32) -> (n, 160)
    x = dense(x, 128)  # (n, 160) -> (n, 128)
    return keras.Model([flux, context], logit_output(x), name="cnn_lstm")
