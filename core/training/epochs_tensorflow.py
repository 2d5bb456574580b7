"""Epochs in TensorFlow: one graph that loops over the batches."""

from typing import Any

import numpy as np
import tensorflow as tf

from core.training.sums import EVALUATION_BATCH, Part, Sums


class TensorFlowEpochs:
    """See `core.training.epochs.Epochs`; the stars are tensors on the first device."""

    def __init__(self, model: Any, optimizer: Any, loss: Any, train: Part, validation: Part) -> None:
        self._model, self._optimizer, self._loss = model, optimizer, loss
        self._learnt, self._validation = _tensors(train), _tensors(validation)
        optimizer.build(model.trainable_variables)
        # XLA stays off: measured, it slows the convolutions on the CPU.
        self._train = tf.function(self._train_batches, reduce_retracing=True)
        self._validate = tf.function(self._validate_batches, reduce_retracing=True)

    def train(self, order: np.ndarray, batch_size: int) -> Sums:
        """See `Epochs`."""
        loss, right = self._train(tf.constant(order, tf.int32), tf.constant(batch_size, tf.int32))
        return Sums(len(order), float(loss), float(right))

    def validate(self) -> Sums:
        """See `Epochs`."""
        loss, right = self._validate()
        return Sums(int(self._validation[1].shape[0]), float(loss), float(right))

    def _train_batches(self, order: tf.Tensor, batch_size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inputs, label = self._learnt
        variables = self._model.trainable_variables
        loss_sum, right_sum = tf.zeros((), tf.float64), tf.zeros((), tf.float64)
        for start in tf.range(0, tf.shape(order)[0], batch_size):
            rows = order[start : start + batch_size]
            target = tf.gather(label, rows)
            with tf.GradientTape() as tape:
                logit = self._model([tf.gather(values, rows) for values in inputs], training=True)
                loss = self._loss(target, logit)
            self._optimizer.apply(tape.gradient(loss, variables), variables)
            loss_sum += tf.cast(loss, tf.float64) * tf.cast(tf.shape(rows)[0], tf.float64)
            right_sum += _right(target, logit)
        return loss_sum, right_sum

    def _validate_batches(self) -> tuple[tf.Tensor, tf.Tensor]:
        inputs, label = self._validation
        loss_sum, right_sum = tf.zeros((), tf.float64), tf.zeros((), tf.float64)
        for start in tf.range(0, tf.shape(label)[0], EVALUATION_BATCH):
            target = label[start : start + EVALUATION_BATCH]
            logit = self._model([values[start : start + EVALUATION_BATCH] for values in inputs], training=False)
            loss_sum += tf.cast(self._loss(target, logit), tf.float64) * tf.cast(tf.shape(target)[0], tf.float64)
            right_sum += _right(target, logit)
        return loss_sum, right_sum


def _tensors(part: Part) -> tuple[list[tf.Tensor], tf.Tensor]:
    inputs, label = part
    return [tf.constant(values, tf.float32) for values in inputs], tf.constant(label, tf.float32)


def _right(target: tf.Tensor, logit: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(tf.equal(target > 0.5, logit > 0.0), tf.float64))
