"""Learning curves as TensorBoard event files, so that `tensorboard --logdir RUN_DIR` shows them."""

import shutil
import time
from pathlib import Path

import pandas as pd

from core.atomic import atomic_path

_SERIES = {"train": ("loss", "accuracy", "learning_rate"), "validation": ("val_loss", "val_accuracy")}


def write_tensorboard(folder: Path, curves: pd.DataFrame) -> None:
    """Write a fold's curves into `folder`/train and `folder`/validation, replacing what is there.

    Event files are TFRecords of Event messages; TensorFlow writes both, TensorBoard itself is not needed.

    Parameters
    ----------
    curves : DataFrame
        One row per epoch with the columns of `core.training.fit.CURVE_COLUMNS`.
    """
    if folder.exists():
        shutil.rmtree(folder)
    ended = time.time()
    times = ended - curves["seconds"].sum() + curves["seconds"].cumsum()
    for part, columns in _SERIES.items():
        named = {column.removeprefix("val_"): curves[column] for column in columns}
        rows = [
            (when, int(epoch), {name: float(values[i]) for name, values in named.items()})
            for i, (when, epoch) in enumerate(zip(times, curves["epoch"], strict=True))
        ]
        with atomic_path(folder / part / f"events.out.tfevents.{int(ended)}.fold") as beside:
            _write_events(beside, rows)


def _write_events(path: Path, rows: list[tuple[float, int, dict[str, float]]]) -> None:
    import tensorflow as tf

    event, summary = tf.compat.v1.Event, tf.compat.v1.Summary
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(event(wall_time=rows[0][0], file_version="brain.Event:2").SerializeToString())
        for when, step, values in rows:
            message = summary(value=[summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
            writer.write(event(wall_time=when, step=step, summary=message).SerializeToString())
