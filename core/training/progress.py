"""Training progress in the terminal: one bar, the last epoch's figures, an estimate of the time left."""

from collections.abc import Sequence

from core.runs.run import Run
from core.runs.settings import TrainingSettings
from core.training.fit import EpochEvent
from models.registry import ModelSpec


class TrainingProgress:
    """A context manager whose methods are the callbacks of `core.training.train.train`.

    The estimate takes every fold to run to its last epoch; early stopping makes it shorter.
    """

    def __init__(self, choices: Sequence[tuple[ModelSpec, TrainingSettings]]) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs = {spec.key: settings.epochs for spec, settings in choices}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs, left"),
            TimeRemainingColumn(),
            refresh_per_second=2,
        )
        total = sum(settings.epochs * settings.only_folds for _, settings in choices)
        self._task = self._bar.add_task("starting", total=total)
        self._epoch = 0

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()

    def epoch(self, event: EpochEvent) -> None:
        """One more epoch is done."""
        self._epoch = event.epoch
        text = f"{event.model} fold {event.fold} loss {event.val_loss:.4f} accuracy {event.val_accuracy:.4f}"
        self._bar.update(self._task, advance=1, description=text)

    def fold(self, key: str, fold: int, run: Run) -> None:
        """A fold is done: the epochs that it did not need leave the estimate."""
        saved = self._epochs[key] - self._epoch
        total = self._bar.tasks[0].total or 0
        self._bar.update(self._task, total=total - saved)
        best = run.members[-1].best_epoch
        self._bar.console.print(f"{key} fold {fold}: best epoch {best} of {self._epoch}, {run.seconds:.0f} s so far")
