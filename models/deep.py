"""Deep ANN: three dense layers as wide as the spectrum."""

import keras

from core.spectra.grid import N_SAMPLES
from models.blocks import dense, flux_input, logit_output


def build() -> keras.Model:
    """Build the deep ANN (354,320 parameters).

    Input shape
    -----------
    flux : (n, 343)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's Deep ANN row; Rumelhart, Hinton & Williams 1986, Nature 323, 533.
    """
    flux = flux_input()
    x = dense(flux, N_SAMPLES, activation="relu")  # (n, 343) -> (n, 343)
    x = dense(x, N_SAMPLES, activation="relu")  # (n, 343) -> (n, 343)
    x = dense(x, N_SAMPLES, activation="relu")  # (n, 343) -> (n, 343)
    return keras.Model([flux], logit_output(x), name="deep")
