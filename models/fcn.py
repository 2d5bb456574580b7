"""Fully convolutional network: four convolutions at full resolution."""

import keras
from keras import layers

from models.blocks import as_sequence, context_branch, context_input, convolve, dense, flux_input, logit_output


def build() -> keras.Model:
    """Build the FCN (5,658,881 parameters).

    Input shape
    -----------
    flux : (n, 343), context : (n, 2)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's FCN row; Wang, Yan & Oates 2017, IJCNN, 1578.
    """
    flux, context = flux_input(), context_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    for filters in (16, 32, 64, 128):
        x = convolve(x, filters)  # (n, 343, channels) -> (n, 343, filters)
    x = layers.Flatten()(x)  # (n, 343, 128) -> (n, 43904)
    x = layers.Concatenate()([x, context_branch(context)])  # (n, 43904) + (n, 32) -> (n, 43936)
    x = dense(x, 128)  # (n, 43936) -> (n, 128)
    return keras.Model([flux, context], logit_output(x), name="fcn")
