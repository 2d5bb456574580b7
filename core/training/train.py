"""Networks trained fold by fold in this process, into run folders that can be resumed; by Dask: `core.training.job`."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.datasets.training_data import TrainingData
from core.errors import ExplorerError, StorageError, UsageError
from core.runs.run import FINISHED, Run
from core.runs.settings import TrainingSettings
from core.training.fit import EpochEvent
from core.training.member import train_member
from core.training.network import NetworkTraining, prepare
from models.registry import MODELS, ModelSpec, model_spec


@dataclass(frozen=True)
class TrainedRun:
    """One network's run folder after training.

    Attributes
    ----------
    run : Run
    resumed_folds : int
        Folds that an earlier call had finished.
    """

    folder: Path
    run: Run
    resumed_folds: int


def chosen_models(text: str) -> tuple[ModelSpec, ...]:
    """'cnn,wide' or 'all' as network specifications; UsageError for an unknown or repeated key."""
    if text.strip() == "all":
        return MODELS
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not keys or len(set(keys)) < len(keys):
        raise UsageError(f"networks {text!r}: expected different keys separated by commas, or 'all'")
    return tuple(model_spec(key) for key in keys)


def train(
    data: TrainingData,
    choices: Sequence[tuple[ModelSpec, TrainingSettings]],
    out: str | Path,
    *,
    device: str,
    resume: bool = False,
    on_epoch: Callable[[EpochEvent], None] | None = None,
    on_fold: Callable[[str, int, Run], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> list[TrainedRun]:
    """Train networks on the same data, one after the other.

    One network goes into `out` itself, several into `out/<key>`. What is finished stays: with `resume` only the folds
    that are missing are trained.

    Parameters
    ----------
    device : str
        As `core.training.devices.prepare_device` returned it; stored with the run.
    on_epoch, on_fold : callables or None
        Called after every epoch with its event, after every fold with (model key, fold, the run so far).
    should_cancel : callable or None
        Asked after every 16 batches. True ends the training: the fold at work is dropped, the run is marked failed
        ('cancelled') and can be resumed.
    """
    out = Path(out)
    runs = []
    for spec, settings in choices:
        folder = out if len(choices) == 1 else out / spec.key
        prepared = prepare(data, spec, settings)
        with NetworkTraining(prepared, folder, resume=resume, device=device) as network:
            try:
                for fold in network.missing:
                    if not train_member(prepared, folder, fold, device, on_epoch, should_cancel):
                        break
                    run = network.update()
                    if on_fold is not None:
                        on_fold(spec.key, fold, run)
            except (ExplorerError, KeyboardInterrupt) as error:
                with suppress(StorageError):  # a full disk takes no note either: the run then counts as interrupted
                    network.end(str(error) or "interrupted")
                raise
            run = network.end("cancelled; go on with it by --resume")
        runs.append(TrainedRun(folder, run, len(network.done_before)))
        if run.state != FINISHED:
            break
    return runs
