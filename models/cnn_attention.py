"""CNN with self-attention along the wavelength."""

import keras
from keras import layers

from models.blocks import (
    LEAKY_SLOPE,
    as_sequence,
    context_branch,
    context_input,
    convolve,
    dense,
    flux_input,
    glorot,
    logit_output,
    next_seed,
)


@keras.saving.register_keras_serializable(package="explorer")
class ScalarGate(layers.Layer):
    """Multiply by one trained scalar that starts at 0: the gated branch fades in (Zhang et al. 2019, ICML 97, 7354)."""

    def build(self, input_shape) -> None:
        """Make the scalar."""
        self.gamma = self.add_weight(shape=(1,), initializer="zeros", name="gamma")
        super().build(input_shape)

    def call(self, x):
        """The input times the scalar."""
        return self.gamma * x

    def compute_output_shape(self, input_shape):
        """That of the input."""
        return input_shape


@keras.saving.register_keras_serializable(package="explorer")
class EachAnew(keras.initializers.GlorotUniform):
    """Gives each of its copies another seed: an attention layer copies one for query, key, value and output."""

    def get_config(self):
        """Without the seed, which no copy shares."""
        return {**super().get_config(), "seed": None}

    @classmethod
    def from_config(cls, config):
        """A copy with a seed of its own, unless one is given."""
        return cls(**{**config, "seed": config["seed"] or next_seed()})


def _attend(x):
    """x + gamma * attention(LayerNorm(x)) between the samples of one spectrum: (n, 343, 4) -> (n, 343, 4)."""
    normal = layers.LayerNormalization()(x)
    kernel = EachAnew(seed=next_seed())
    attention = layers.MultiHeadAttention(num_heads=2, key_dim=2, kernel_initializer=kernel)
    attended = attention(normal, normal)  # scores (n, 2, 343, 343)
    return layers.Add()([ScalarGate()(attended), x])


def build(*, published_output: bool = False) -> keras.Model:
    """Build the CNN with attention (710,522 parameters).

    The attention runs between wavelengths of one star. The study's ran between the stars of a batch, so that a star's
    score depended on its companions.

    Parameters
    ----------
    published_output : bool
        True puts the study's leaky ReLU on the logit, which squeezes negative logits a hundredfold.

    Input shape
    -----------
    flux : (n, 343), context : (n, 2)

    Output shape
    ------------
    logit : (n, 1)

    Reference
    ---------
    The study's CNN with attention row; Vaswani et al. 2017, NeurIPS 30.
    """
    flux, context = flux_input(), context_input()
    x = as_sequence(flux)  # (n, 343) -> (n, 343, 1)
    x = convolve(x, 4)  # (n, 343, 1) -> (n, 343, 4)
    x = _attend(x)  # (n, 343, 4) -> (n, 343, 4)
    x = convolve(x, 16, pool=True)  # (n, 343, 4) -> (n, 171, 16)
    x = convolve(x, 64, pool=True)  # (n, 171, 16) -> (n, 85, 64)
    x = layers.Flatten()(x)  # (n, 85, 64) -> (n, 5440)
    x = dense(dense(x, 128), 64)  # (n, 5440) -> (n, 128) -> (n, 64)
    x = layers.Concatenate()([x, context_branch(context)])  # (n, 64) + (n, 32) -> (n, 96)
    if published_output:
        logit = layers.LeakyReLU(negative_slope=LEAKY_SLOPE, name="logit")(
            layers.Dense(1, kernel_initializer=glorot())(x)
        )
    else:
        logit = logit_output(x)
    return keras.Model([flux, context], logit, name="cnn_attention")
