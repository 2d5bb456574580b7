"""What an epoch is fed and what it leaves, whatever the back end."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

EVALUATION_BATCH = 1024
"""Stars that are judged at once."""
Part = tuple[Sequence[np.ndarray], np.ndarray]
"""Inputs, float32 arrays of shape (n, ...), and labels float32 of shape (n, 1)."""


class Sums(NamedTuple):
    """Over some stars: their number, the sum of their losses, how many are on the right side of one half."""

    n: float
    loss: float
    right: float

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(self.n + other.n, self.loss + other.loss, self.right + other.right)

    @property
    def mean_loss(self) -> float:
        """Mean loss of a star."""
        return self.loss / self.n

    @property
    def accuracy(self) -> float:
        """Share on the right side."""
        return self.right / self.n
