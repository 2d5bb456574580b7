"""The one-cycle learning rate: a cosine rise over 30 % of the steps, then a cosine fall (imports Keras).

Source: Smith & Topin 2019, SPIE 11006, 1100612, in the shape of torch.optim.lr_scheduler.OneCycleLR (div_factor 25,
final_div_factor 1e4, pct_start 0.3, anneal_strategy 'cos').
"""

import math

import keras
from keras import ops

RISE_FRACTION = 0.3
INITIAL_DIVISOR = 25.0
FINAL_DIVISOR = 1e4


@keras.saving.register_keras_serializable(package="explorer")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate of step 0 .. total_steps - 1: peak / 25, up to `peak`, down to peak / 250,000.

    Parameters
    ----------
    peak : float
        Largest learning rate.
    total_steps : int
        Steps of the whole training (epochs times batches); later steps keep the last rate.
    """

    def __init__(self, peak: float, total_steps: int) -> None:
        super().__init__()
        self.peak = float(peak)
        self.total_steps = int(total_steps)

    def __call__(self, step):
        """The rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        rise_end = RISE_FRACTION * self.total_steps - 1.0
        last = self.total_steps - 1.0
        initial = self.peak / INITIAL_DIVISOR
        final = initial / FINAL_DIVISOR
        rising = _cosine(initial, self.peak, step / max(rise_end, 1e-6))
        falling = _cosine(self.peak, final, (step - rise_end) / max(last - rise_end, 1e-6))
        return ops.where(step <= rise_end, rising, falling)

    def get_config(self) -> dict:
        """What Keras needs to make the same schedule again."""
        return {"peak": self.peak, "total_steps": self.total_steps}


def _cosine(start: float, end: float, fraction):
    """From `start` at fraction 0 along half a cosine to `end` at fraction 1 and beyond."""
    fraction = ops.clip(fraction, 0.0, 1.0)
    way = 0.5 - 0.5 * ops.cos(math.pi * fraction)
    return start * (1.0 - way) + end * way  # exact at both ends
