"""StarNet: two unpadded convolutions, one pooling, two dense layers."""

import keras
from keras import layers

from models.blocks import as_sequence, dense, flux_input, glorot, logit_output


def build() -> keras.Model:
    """Build StarNet (181,793 parameters).

    Input shape
    -----------
    flux : (n, 343)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's StarNet row; after Fabbro et al. 2018, MNRAS 475, 2978.
    """
    flux = flux_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = layers.ReLU()(layers.Conv1D(4, 3, kernel_initializer=glorot())(x))  # (n, 343, 1) -> (n, 341, 4)
    x = layers.ReLU()(layers.Conv1D(16, 3, kernel_initializer=glorot())(x))  # (n, 341, 4) -> (n, 339, 16)
    x = layers.MaxPooling1D(2)(x)  # (n, 339, 16) -> (n, 169, 16)
    x = layers.Flatten()(x)  # (n, 169, 16) -> (n, 2704)
    x = dense(x, 64, activation="relu")  # (n, 2704) -> (n, 64)
    x = dense(x, 128, activation="relu")  # (n, 64) -> (n, 128)
    return keras.Model([flux], logit_output(x), name="starnet")
