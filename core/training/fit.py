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
from core.training.epochs import make_epochs, train_epoch
from core.training.sums import EVALUATION_BATCH, Part
from models.registry import ModelSpec

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

    Takes over the process's global random state, from which layers that need chance draw.

    Parameters
    ----------
    train, validation : (inputs, label)
        Network inputs in the order of `spec.inputs`, float32 arrays of shape (n, ...), and labels of shape (n,).
    on_epoch : callable or None
        Called after every epoch.
    should_cancel : callable or None
        Asked a few times a second, or after every batch of a slower network; True stops the training.

    Raises
    ------
    TrainingError
        The loss is no finite number.
    """
    import keras

    from core.training.loss import make_loss

    seed = member_seed(settings.seed, fold)
    keras.utils.set_random_seed(seed)
    model = spec.build(seed=seed)
    initial_hash = weights_hash(model)
    n_stars = len(train[1])
    optimizer = _optimizer(settings, settings.epochs * math.ceil(n_stars / settings.batch_size))
    loss = make_loss(settings.loss, train[1], positive_weight=settings.positive_weight)
    epochs = make_epochs(model, optimizer, loss, _part(train), _part(validation))
    shuffled = np.random.default_rng(seed)
    best, rows, cancelled = BestEpoch(model, settings.patience), [], False
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        order = shuffled.permutation(n_stars).astype(np.int32)
        learnt = train_epoch(epochs, order, settings.batch_size, should_cancel)
        if learnt is None:
            cancelled = True
            break
        checked = epochs.validate()
        event = EpochEvent(
            model=spec.key,
            fold=fold,
            epoch=epoch,
            epochs=settings.epochs,
            loss=learnt.mean_loss,
            val_loss=checked.mean_loss,
            accuracy=learnt.accuracy,
            val_accuracy=checked.accuracy,
            learning_rate=float(keras.ops.convert_to_numpy(optimizer.learning_rate)),
            seconds=time.perf_counter() - started,
        )
        _require_finite(event, settings)
        rows.append(tuple(getattr(event, name) for name in CURVE_COLUMNS))
        best.note(event)
        if on_epoch is not None:
            on_epoch(event)
        if best.is_over(epoch):
            break
    best.restore()
    return FittedMember(
        model=model,
        curves=pd.DataFrame(rows, columns=list(CURVE_COLUMNS)),
        best_epoch=best.epoch,
        initial_weights_hash=initial_hash,
        weights_hash=weights_hash(model),
        cancelled=cancelled,
    )


class BestEpoch:
    """The weights of the epoch with the smallest validation loss, and when to stop looking for a better one."""

    def __init__(self, model: Any, patience: int) -> None:
        self.epoch, self._loss, self._weights = 0, math.inf, None
        self._model, self._patience = model, patience

    def note(self, event: EpochEvent) -> None:
        """Keep the present weights if this epoch is the best so far."""
        if event.val_loss < self._loss:
            self.epoch, self._loss, self._weights = event.epoch, event.val_loss, self._model.get_weights()

    def is_over(self, epoch: int) -> bool:
        """True once `patience` epochs in a row were no better."""
        return epoch - self.epoch >= self._patience

    def restore(self) -> None:
        """Give the model the weights of its best epoch, if there was one."""
        if self._weights is not None:
            self._model.set_weights(self._weights)


def predict_logits(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Logits of a Keras model, float64 ndarray of shape (n,)."""
    if len(inputs[0]) == 0:
        return np.empty(0)
    return model.predict(list(inputs), batch_size=EVALUATION_BATCH, verbose=0)[:, 0].astype(np.float64)


def free_memory() -> None:
    """Forget the graphs of networks that are done with; without it every fold leaves some megabytes behind."""
    import keras

    keras.utils.clear_session()


def _optimizer(settings: TrainingSettings, n_steps: int) -> Any:
    import keras

    from core.training.schedule import OneCycle

    rate = OneCycle(settings.peak_rate, n_steps)
    return keras.optimizers.AdamW(learning_rate=rate, weight_decay=settings.weight_decay)


def _part(part: tuple[Sequence[np.ndarray], np.ndarray]) -> Part:
    inputs, label = part
    return list(inputs), label.astype(np.float32)[:, None]


def _require_finite(event: EpochEvent, settings: TrainingSettings) -> None:
    if not (math.isfinite(event.loss) and math.isfinite(event.val_loss)):
        raise TrainingError(
            f"the loss of {event.model}, fold {event.fold}, epoch {event.epoch} is {event.loss} (validation "
            f"{event.val_loss}), expected a finite number; try a peak rate below {settings.peak_rate:g}"
        )
