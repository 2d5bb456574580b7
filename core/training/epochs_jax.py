"""Epochs in JAX: one compiled scan over the batches."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from core.training.sums import EVALUATION_BATCH, Part, Sums

_RUN = 16
"""Batches of one compiled scan; what is left over is compiled for its own length."""
State = tuple[list[Any], list[Any], list[Any]]


class JaxEpochs:
    """See `core.training.epochs.Epochs`; the stars are arrays on the first device."""

    def __init__(self, model: Any, optimizer: Any, loss: Any, train: Part, validation: Part) -> None:
        self._model, self._optimizer, self._loss = model, optimizer, loss
        self._learnt, self._validation = _arrays(train), _arrays(validation)
        optimizer.build(model.trainable_variables)
        self._scan = jax.jit(self._train_batches)
        self._judge = jax.jit(self._judged)

    def train(self, order: np.ndarray, batch_size: int) -> Sums:
        """See `Epochs`."""
        variables = (
            self._model.trainable_variables,
            self._model.non_trainable_variables,
            self._optimizer.variables,
        )
        state: State = tuple([variable.value for variable in some] for some in variables)  # type: ignore[assignment]
        loss = right = 0.0
        for batches in _runs(order, batch_size):
            state, sums = self._scan(state, self._learnt, jnp.asarray(batches))
            loss, right = loss + float(sums[0]), right + float(sums[1])
        for some, values in zip(variables, state, strict=True):
            for variable, value in zip(some, values, strict=True):
                variable.assign(value)
        return Sums(len(order), loss, right)

    def validate(self) -> Sums:
        """See `Epochs`."""
        inputs, label = self._validation
        loss = right = 0.0
        values = (
            [variable.value for variable in self._model.trainable_variables],
            [variable.value for variable in self._model.non_trainable_variables],
        )
        for start in range(0, len(label), EVALUATION_BATCH):
            rows = slice(start, start + EVALUATION_BATCH)
            sums = self._judge(*values, [some[rows] for some in inputs], label[rows])
            loss, right = loss + float(sums[0]), right + float(sums[1])
        return Sums(len(label), loss, right)

    def _train_batches(self, state: State, stars: Any, batches: Any) -> tuple[State, Any]:
        inputs, label = stars

        def one(carried: tuple[State, Any], rows: Any) -> tuple[tuple[State, Any], None]:
            (trainable, other, optimizer), sums = carried
            target = label[rows]
            gradient = jax.value_and_grad(partial(self._loss_of, target=target), has_aux=True)
            (loss, (logit, other)), gradients = gradient(trainable, other, [values[rows] for values in inputs])
            trainable, optimizer = self._optimizer.stateless_apply(optimizer, gradients, trainable)
            added = jnp.stack([loss * len(target), _right(target, logit)])
            return ((list(trainable), list(other), list(optimizer)), sums + added), None

        (state, sums), _ = jax.lax.scan(one, (state, jnp.zeros(2)), batches)
        return state, sums

    def _loss_of(self, trainable: Any, other: Any, inputs: Any, *, target: Any) -> Any:
        logit, other = self._model.stateless_call(trainable, other, inputs, training=True)
        return self._loss(target, logit), (logit, other)

    def _judged(self, trainable: Any, other: Any, inputs: Any, target: Any) -> Any:
        logit, _ = self._model.stateless_call(trainable, other, inputs, training=False)
        return jnp.stack([self._loss(target, logit) * len(target), _right(target, logit)])


def _runs(order: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Rows as (batches, batch_size), _RUN batches at a time, then the rest, then the smaller last batch."""
    whole = len(order) // batch_size
    batches = order[: whole * batch_size].reshape(whole, batch_size)
    runs = [batches[start : start + _RUN] for start in range(0, whole, _RUN)]
    if len(order) > whole * batch_size:
        runs.append(order[None, whole * batch_size :])
    return runs


def _arrays(part: Part) -> Any:
    inputs, label = part
    return [jnp.asarray(values, jnp.float32) for values in inputs], jnp.asarray(label, jnp.float32)


def _right(target: Any, logit: Any) -> Any:
    return jnp.sum((target > 0.5) == (logit > 0.0)).astype(jnp.float32)
