"""The fit of one ensemble member: a fresh network, one fold, its best epoch."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.errors import TrainingError
from core.runs.settings import TrainingSettings
from models.registry import ModelSpec

EVALUATION_BATCH = 1024
STEPS_PER_CALL = 16  # batches between two returns to Python
CURVE_COLUMNS = ("fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds")


@dataclass(frozen=True)
class EpochEvent:
    """One finished epoch of one fold; epochs count from 1."""

    model: str
    fold: int
    epoch: int
    epochs: int
    loss: float
    val_loss: float
    accuracy: float
    val_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class FittedMember:
    """A trained member with the weights of its best epoch.

    Attributes
    ----------
    model : keras.Model
    curves : DataFrame
        One row per epoch, columns `CURVE_COLUMNS`.
    best_epoch : int
        The epoch (from 1) with the smallest validation loss, whose weights the model has.
    cancelled : bool
        True if it was stopped from outside: the member is incomplete.
    """

    model: Any
    curves: pd.DataFrame
    best_epoch: int
    initial_weights_hash: str
    weights_hash: str
    cancelled: bool


def member_seed(seed: int, fold: int) -> int:
    """The seed of a fold's member: different for every fold of a run, the same for the same run."""
    return int(np.random.SeedSequence([seed, fold]).generate_state(1)[0] % (2**31))


def weights_hash(model) -> str:
    """SHA-256 (first 16 hex digits) over all weights of a model, in order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()[:16]


def fit_member(
    spec: ModelSpec,
    train: tuple[Sequence[np.ndarray], np.ndarray],
    validation: tuple[Sequence[np.ndarray], np.ndarray],
    settings: TrainingSettings,
    fold: int,
    *,
    on_epoch: Callable[[EpochEvent], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> FittedMember:
    """Build a fresh network and train it on one fold.

    Takes over the process's global random state (Keras draws the order of the batches from it).

    Parameters
    ----------
    train, validation : (inputs, label)
        Network inputs in the order of `spec.inputs`, float32 arrays of shape (n, ...), and labels of shape (n,).
    on_epoch : callable or None
        Called after every epoch.
    should_cancel : callable or None
        Asked after every 16 batches; True stops the training at the next opportunity.

    Raises
    ------
    TrainingError
        The loss is no finite number.
    """
    import keras

    seed = member_seed(settings.seed, fold)
    keras.utils.set_random_seed(seed)
    model = spec.build(seed=seed)
    initial_hash = weights_hash(model)
    n_steps = settings.epochs * math.ceil(len(train[1]) / settings.batch_size)
    _compile(model, settings, train[1], n_steps)
    early_stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", mode="min", patience=settings.patience, restore_best_weights=True
    )
    watch = _watch_callback(spec, settings, fold, on_epoch, should_cancel)
    model.fit(
        list(train[0]),
        train[1].astype(np.float32)[:, None],
        validation_data=(list(validation[0]), validation[1].astype(np.float32)[:, None]),
        batch_size=settings.batch_size,
        validation_batch_size=EVALUATION_BATCH,
        epochs=settings.epochs,
        callbacks=[early_stopping, watch],
        verbose=0,
    )
    curves = pd.DataFrame(watch.rows, columns=list(CURVE_COLUMNS))
    return FittedMember(
        model=model,
        curves=curves,
        best_epoch=int(early_stopping.best_epoch) + 1,
        initial_weights_hash=initial_hash,
        weights_hash=weights_hash(model),
        cancelled=watch.cancelled,
    )


def predict_logits(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Logits of a Keras model, float64 ndarray of shape (n,)."""
    if len(inputs[0]) == 0:
        return np.empty(0)
    return model.predict(list(inputs), batch_size=EVALUATION_BATCH, verbose=0)[:, 0].astype(np.float64)


def free_memory() -> None:
    """Forget the graphs of networks that are done with; without it every fold leaves some megabytes behind."""
    import keras

    keras.utils.clear_session()


def _compile(model, settings: TrainingSettings, label: np.ndarray, n_steps: int) -> None:
    import keras

    from core.training.loss import make_loss
    from core.training.schedule import OneCycle

    model.compile(
        optimizer=keras.optimizers.AdamW(
            learning_rate=OneCycle(settings.peak_rate, n_steps), weight_decay=settings.weight_decay
        ),
        loss=make_loss(settings.loss, label, positive_weight=settings.positive_weight),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
        steps_per_execution=STEPS_PER_CALL,
        jit_compile=False,  # measured: XLA slows the convolutions on the CPU
    )


def _watch_callback(spec, settings, fold, on_epoch, should_cancel):
    import keras

    class Watch(keras.callbacks.Callback):
        """Keeps the curves, reports epochs, passes on a cancellation, refuses a loss that is no number."""

        def __init__(self) -> None:
            super().__init__()
            self.rows: list[tuple] = []
            self.cancelled = False

        def on_epoch_begin(self, epoch, logs=None):
            self.started = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            if should_cancel is not None and should_cancel():
                self.cancelled = self.model.stop_training = True

        def on_epoch_end(self, epoch, logs=None):
            values = {name: float((logs or {})[name]) for name in ("loss", "val_loss", "accuracy", "val_accuracy")}
            if not math.isfinite(values["loss"]) or not math.isfinite(values["val_loss"]):
                raise TrainingError(
                    f"the loss of {spec.key}, fold {fold}, epoch {epoch + 1} is {values['loss']} (validation "
                    f"{values['val_loss']}), expected a finite number; try a peak rate below {settings.peak_rate:g}"
                )
            event = EpochEvent(
                model=spec.key,
                fold=fold,
                epoch=epoch + 1,
                epochs=settings.epochs,
                learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                seconds=time.perf_counter() - self.started,
                **values,
            )
            self.rows.append(tuple(getattr(event, name) for name in CURVE_COLUMNS))
            if on_epoch is not None:
                on_epoch(event)

    return Watch()
