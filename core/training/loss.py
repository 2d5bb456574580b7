"""Losses on the logit (imports Keras)."""

import keras
import numpy as np
from keras import ops

LOSSES = ("balanced", "focal", "positive", "plain")


@keras.saving.register_keras_serializable(package="explorer")
class WeightedBinaryCrossentropy(keras.losses.Loss):
    """Binary cross-entropy of a logit with one weight per class and, if wanted, the focal factor.

    loss = w_y * (1 - p_y)^gamma * -log(p_y), where p_y is the probability given to the true class. Gamma 0 is plain
    cross-entropy; gamma 2 is the focal loss of Lin et al. 2017, ICCV, 2999.
    """

    def __init__(
        self,
        negative_weight: float = 1.0,
        positive_weight: float = 1.0,
        focal_gamma: float = 0.0,
        name: str = "weighted_binary_crossentropy",
        **options,
    ) -> None:
        super().__init__(name=name, **options)
        self.negative_weight = float(negative_weight)
        self.positive_weight = float(positive_weight)
        self.focal_gamma = float(focal_gamma)

    def call(self, y_true, y_pred):
        """Weighted loss of each star; y_pred are logits."""
        y_true = ops.cast(y_true, y_pred.dtype)
        margin = (1.0 - 2.0 * y_true) * y_pred  # large where the network is wrong
        loss = ops.softplus(margin)  # -log p_y
        if self.focal_gamma:
            loss = loss * ops.power(ops.sigmoid(margin), self.focal_gamma)
        weight = self.negative_weight + (self.positive_weight - self.negative_weight) * y_true
        return ops.mean(weight * loss, axis=-1)

    def get_config(self) -> dict:
        """What Keras needs to make the same loss again."""
        return {
            **super().get_config(),
            "negative_weight": self.negative_weight,
            "positive_weight": self.positive_weight,
            "focal_gamma": self.focal_gamma,
        }


def make_loss(kind: str, label: np.ndarray, *, positive_weight: float = 10.0, focal_gamma: float = 2.0):
    """The loss called `kind` for a training set with these labels (0 / 1).

    'balanced' weighs the classes by n / (2 n_class); 'focal' adds the focal factor to that; 'positive' multiplies the
    massive class by `positive_weight` (the study's CNN row used 10); 'plain' weighs nothing.
    """
    n_positive = int(np.sum(label))
    balanced = len(label) / (2.0 * (len(label) - n_positive)), len(label) / (2.0 * n_positive)
    if kind == "balanced":
        return WeightedBinaryCrossentropy(*balanced)
    if kind == "focal":
        return WeightedBinaryCrossentropy(*balanced, focal_gamma=focal_gamma)
    if kind == "positive":
        return WeightedBinaryCrossentropy(1.0, positive_weight)
    if kind == "plain":
        return WeightedBinaryCrossentropy()
    raise ValueError(f"loss {kind!r} is unknown; choose one of {', '.join(LOSSES)}")
