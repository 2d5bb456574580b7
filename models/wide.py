"""Wide ANN: one dense layer of three units."""

import keras

from models.blocks import dense, flux_input, logit_output


def build() -> keras.Model:
    """Build the wide ANN (1,036 parameters).

    Input shape
    -----------
    flux : (n, 343)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's Wide ANN row; Rumelhart, Hinton & Williams 1986, Nature 323, 533.
    """
    flux = flux_input()
    x = dense(flux, 3, activation="relu")  # (n, 343) -> (n, 3)
    return keras.Model([flux], logit_output(x), name="wide")
