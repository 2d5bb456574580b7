"""2D-CNN: the spectrum folded to a 19 x 19 image."""

import keras
from keras import layers

from core.spectra.grid import N_SAMPLES
from models.blocks import as_sequence, dense, flux_input, glorot, logit_output

SIDE = 19


def _convolve_2d(x, filters: int):
    """Conv2D of kernel 3, 'same', ReLU, max pooling by 2: (n, s, s, channels) -> (n, s // 2, s // 2, filters)."""
    x = layers.Conv2D(filters, 3, padding="same", kernel_initializer=glorot())(x)
    return layers.MaxPooling2D(2)(layers.ReLU()(x))


def build() -> keras.Model:
    """Build the 2D-CNN (70,593 parameters); row r of the image holds samples 19 r .. 19 r + 18.

    Input shape
    -----------
    flux : (n, 343)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's 2D-CNN row; LeCun et al. 1998, Proc. IEEE 86, 2278.
    """
    flux = flux_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = layers.ZeroPadding1D((0, SIDE * SIDE - N_SAMPLES))(x)  # (n, 343, 1) -> (n, 361, 1)
    x = layers.Reshape((SIDE, SIDE, 1))(x)  # (n, 361, 1) -> (n, 19, 19, 1)
    x = _convolve_2d(x, 16)  # (n, 19, 19, 1) -> (n, 9, 9, 16)
    x = _convolve_2d(x, 32)  # (n, 9, 9, 16) -> (n, 4, 4, 32)
    x = layers.Flatten()(x)  # (n, 4, 4, 32) -> (n, 512)
    x = dense(x, 128, activation="relu")  # (n, 512) -> (n, 128)
    return keras.Model([flux], logit_output(x), name="cnn_2d")
