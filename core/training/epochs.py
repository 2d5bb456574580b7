"""Whole epochs as compiled code: the stars stay on the device, and Python is asked only between runs of batches.

Keras' own `fit` makes its iterators anew for every epoch and every validation, which for small networks takes longer
than the training (benchmarks/results/training.md). One implementation per back end; Keras' own batches for the others.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from core.training.sums import EVALUATION_BATCH, Part, Sums

_FIRST_RUN, _SECONDS_PER_RUN, _LONGEST_RUN = 16, 0.25, 4096


class Epochs(Protocol):
    """A network with its optimiser, its loss and its stars on one back end."""

    def train(self, order: np.ndarray, batch_size: int) -> Sums:
        """Train on the stars of `order` (int32 rows), batch after batch; the last one may be smaller."""

    def validate(self) -> Sums:
        """Judge the validation stars, EVALUATION_BATCH at a time."""


def make_epochs(model: Any, optimizer: Any, loss: Any, train: Part, validation: Part) -> Epochs:
    """The implementation of Keras' present back end."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        from core.training.epochs_tensorflow import TensorFlowEpochs

        return TensorFlowEpochs(model, optimizer, loss, train, validation)
    if backend == "jax":
        from core.training.epochs_jax import JaxEpochs

        return JaxEpochs(model, optimizer, loss, train, validation)
    return KerasEpochs(model, optimizer, loss, train, validation)


def train_epoch(
    epochs: Epochs, order: np.ndarray, batch_size: int, should_cancel: Callable[[], bool] | None
) -> Sums | None:
    """One epoch in runs of batches, between which `should_cancel` is asked; None if it said so.

    Runs grow until one takes a quarter of a second, so that a slow network is still stopped at once.
    """
    total, start, batches = Sums(0.0, 0.0, 0.0), 0, _FIRST_RUN
    while start < len(order):
        if should_cancel is not None and should_cancel():
            return None
        end = len(order) if should_cancel is None else start + batches * batch_size
        began = time.perf_counter()
        total = total.plus(epochs.train(order[start:end], batch_size))
        if time.perf_counter() - began < _SECONDS_PER_RUN:
            batches = min(2 * batches, _LONGEST_RUN)
        start = end
    return total


class KerasEpochs:
    """Keras' own training of a batch, for back ends without an implementation of their own (PyTorch)."""

    def __init__(self, model: Any, optimizer: Any, loss: Any, train: Part, validation: Part) -> None:
        self._model, self._learnt, self._validation = model, train, validation
        model.compile(optimizer=optimizer, loss=loss, metrics=[_accuracy()], jit_compile=False)

    def train(self, order: np.ndarray, batch_size: int) -> Sums:
        """See `Epochs`."""
        inputs, label = self._learnt
        self._model.reset_metrics()
        logs = {"loss": 0.0, "accuracy": 0.0}
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            logs = self._model.train_on_batch([values[rows] for values in inputs], label[rows], return_dict=True)
        return _sums(len(order), logs)

    def validate(self) -> Sums:
        """See `Epochs`."""
        inputs, label = self._validation
        logs = self._model.evaluate(list(inputs), label, batch_size=EVALUATION_BATCH, verbose=0, return_dict=True)
        return _sums(len(label), logs)


def _accuracy() -> Any:
    import keras

    return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)


def _sums(n: int, logs: dict[str, Any]) -> Sums:
    return Sums(n, n * float(logs["loss"]), n * float(logs["accuracy"]))
