"""CNN: two convolutions with pooling, one dense layer."""

import keras
from keras import layers

from models.blocks import as_sequence, convolve, dense, flux_input, logit_output


def build() -> keras.Model:
    """Build the CNN (175,841 parameters).

    Input shape
    -----------
    flux : (n, 343)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's CNN row; LeCun et al. 1998, Proc. IEEE 86, 2278.
    """
    flux = flux_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = convolve(x, 16, pool=True)  # (n, 343, 1) -> (n, 171, 16)
    x = convolve(x, 32, pool=True)  # (n, 171, 16) -> (n, 85, 32)
    x = layers.Flatten()(x)  # (n, 85, 32) -> (n, 2720)
    x = dense(x, 64)  # (n, 2720) -> (n, 64)
    return keras.Model([flux], logit_output(x), name="cnn")
