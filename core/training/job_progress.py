"""A training job as its windows show it: per network, put together from the job's events."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from core.jobs.job import Job, read_events
from core.training.fit import CURVE_COLUMNS
from core.training.job import NetworkRequest, TrainingRequest, split_task_name
from models.registry import model_spec


@dataclass(frozen=True)
class NetworkProgress:
    """One network of a job.

    Attributes
    ----------
    folder : str
        Its folder below that of the job's run, and its name in task names.
    title : str
    n_folds, folds_done : int
        Folds that the job trains, and that are finished.
    fraction : float
        Epochs done of those at most needed, 0 to 1; a fold that stopped early counts as whole.
    now : str
        What is being done, e.g. 'fold 3: epoch 7 of 50'.
    error : str
        Why a fold failed, '' otherwise.
    curves : DataFrame
        One row per epoch told so far, columns of `core.training.fit.CURVE_COLUMNS`.
    """

    folder: str
    title: str
    n_folds: int
    folds_done: int
    fraction: float
    now: str
    error: str
    curves: pd.DataFrame

    @property
    def validation_accuracy(self) -> float | None:
        """Mean over the folds of the accuracy at the epoch of the smallest validation loss so far."""
        if self.curves.empty:
            return None
        best = self.curves.loc[self.curves.groupby("fold")["val_loss"].idxmin()]
        return float(best["val_accuracy"].mean())


def network_progress(job: Job) -> list[NetworkProgress]:
    """Every network of a training job, in the order asked for."""
    by_network: dict[str, dict[int, list[dict]]] = {}
    for task, events in read_events(job).items():
        place = split_task_name(task)
        if place:
            by_network.setdefault(place[0], {})[place[1]] = events
    networks = TrainingRequest(**job.request).networks
    return [_progress(network, by_network.get(network.folder, {})) for network in networks]


def _progress(network: NetworkRequest, events: dict[int, list[dict]]) -> NetworkProgress:
    n_folds, epochs = network.settings.only_folds, network.settings.epochs
    rows, now, error, share, done = [], [], "", 0.0, 0
    for fold, told in sorted(events.items()):
        epoch_events = [event for event in told if event["event"] == "epoch"]
        rows += [{**event, "fold": fold} for event in epoch_events]
        last = told[-1] if told else {"event": "none"}
        if last["event"] == "ended":
            done += 1
            share += 1.0
            continue
        share += len(epoch_events) / epochs
        if last["event"] == "failed":
            error = last["message"]
        elif last["event"] == "epoch":
            now.append(f"fold {fold}: epoch {last['epoch']} of {epochs}")
        elif last["event"] in ("started", "message"):
            now.append(f"fold {fold}: {last.get('text', 'starting')}")
    title = model_spec(network.key).title
    if network.folder != network.key:
        title += f", {network.settings.representation}"
    curves = pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
    return NetworkProgress(
        network.folder, title, n_folds, done, min(share / n_folds, 1.0), "; ".join(now), error, curves
    )


def log_lines(job: Job, most: int = 200) -> list[str]:
    """The latest events of all tasks in order of time, one line each, the newest first."""
    events = [(event["time"], task, event) for task, told in read_events(job).items() for event in told]
    events.sort(key=lambda item: item[0], reverse=True)
    return [
        f"{datetime.fromtimestamp(when, UTC):%H:%M:%S} {task} {_text(event)}" for when, task, event in events[:most]
    ]


def _text(event: dict) -> str:
    if event["event"] == "epoch":
        return (
            f"epoch {event['epoch']}/{event['epochs']}: loss {event['loss']:.4f}, validation loss "
            f"{event['val_loss']:.4f}, validation accuracy {event['val_accuracy']:.4f}, {event['seconds']:.1f} s"
        )
    return event.get("text") or event.get("message") or event["event"]
