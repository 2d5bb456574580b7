"""Training as a job: one task per network and fold, on whatever workers there are (see `core.jobs`).

The runner holds the lock of every run folder and puts the tables together; workers train folds and store them. Remote
workers must see the same file system and have the program in their path.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.datasets.training_data import TrainingData, read_training_data
from core.errors import TrainingError
from core.jobs.job import Job
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled
from core.records import Record
from core.runs.folders import BASELINE_FILE
from core.runs.settings import TrainingSettings
from core.settings import current_settings
from core.training.baselines import store_baselines
from core.training.fit import EpochEvent
from core.training.member import train_member
from core.training.network import NetworkTraining, Preparation, folds_of, prepare
from models.registry import ModelSpec, model_spec

KIND = "train"
EMBEDDED = "embedded"
"""Stands for the embedded data set in a request: it is made, if need be, by the runner."""
BASELINE_TASK = "baselines"
Choice = tuple[ModelSpec, TrainingSettings]


class NetworkRequest(Record):
    """One network to train: its key, its settings, its folder below the request's `out`."""

    key: str
    settings: TrainingSettings
    folder: str


class TrainingRequest(Record):
    """What a training job is asked for; `data` is a file or `EMBEDDED`, `out` the folder of the runs."""

    data: str
    out: str
    networks: list[NetworkRequest]
    baselines: bool = False


def submit_training(
    data: str | Path, choices: Sequence[Choice], out: str | Path, title: str, *, baselines: bool = False
) -> Job:
    """Queue the training of networks on one file; they go into `out`/<network>.

    Parameters
    ----------
    data : path of labelled spectra, or `EMBEDDED`
    choices : sequence of (ModelSpec, TrainingSettings)
        A network may stand there several times with different representations.
    out : path
        Run folder; a name alone is taken below `Settings.runs_dir`.
    title : str
        The job's line in lists.
    baselines : bool
        Fit the baselines on the folds of the first network too.
    """
    several = len({settings.representation for _, settings in choices}) > 1
    names = [f"{spec.key}-{settings.representation}" if several else spec.key for spec, settings in choices]
    networks = [
        NetworkRequest(key=spec.key, settings=settings, folder=name)
        for (spec, settings), name in zip(choices, names, strict=True)
    ]
    folder = Path(out) if Path(out).parent != Path() else current_settings().runs_dir / out
    file = str(data) if data == EMBEDDED else str(Path(data).resolve())
    request = TrainingRequest(data=file, out=str(folder.resolve()), networks=networks, baselines=baselines)
    return submit(KIND, title, request.as_dict(), n_tasks=sum(settings.only_folds for _, settings in choices))


def run_names(job: Job) -> dict[str, str]:
    """What a training job's networks are called in the run catalogue, by their part of the task names."""
    request = TrainingRequest(**job.request)
    return {network.folder: f"{Path(request.out).name}/{network.folder}" for network in request.networks}


def task_name(folder: str, fold: int) -> str:
    """Name of the task that trains a fold of the network in `folder`."""
    return f"{folder}.fold{fold:02d}"


def split_task_name(name: str) -> tuple[str, int] | None:
    """Network folder and fold of a task; None for the baselines."""
    if name == BASELINE_TASK:
        return None
    folder, _, fold = name.rpartition(".fold")
    return folder, int(fold)


class TrainingWork:
    """A training job in the runner; see `core.jobs.work.Work`."""

    def __init__(self, request: TrainingRequest) -> None:
        self.tasks: list[Task] = []
        self.n_earlier = 0
        self._networks: dict[str, NetworkTraining] = {}
        self._claims = ExitStack()
        path = _data_path(request.data)
        data = read_training_data(path)
        self._file = {"path": str(path), "sha256": data.sha256}
        with ExitStack() as claims:
            for asked in request.networks:
                prepared = prepare(data, model_spec(asked.key), asked.settings)
                network = NetworkTraining(prepared, Path(request.out) / asked.folder, resume=True)
                self._add(asked.folder, claims.enter_context(network))
            if request.baselines:
                self._add_baselines(next(iter(self._networks.values())))
            self._claims = claims.pop_all()

    def _add(self, name: str, network: NetworkTraining) -> None:
        self._networks[name] = network
        self.n_earlier += len(network.done_before)
        common = {**self._file, "key": network.spec.key, "settings": network.settings.as_dict()}
        common["folder"] = str(network.folder)
        self.tasks += [Task(task_name(name, fold), train_fold, {**common, "fold": fold}) for fold in network.missing]

    def _add_baselines(self, first: NetworkTraining) -> None:
        if (first.folder / BASELINE_FILE).exists():
            self.n_earlier += 1
            return
        arguments = {**self._file, "settings": first.settings.as_dict(), "folder": str(first.folder)}
        self.tasks.append(Task(BASELINE_TASK, fit_job_baselines, arguments))

    def done(self, task: Task, result: dict) -> None:
        """Bring the network's tables up to the new fold."""
        if place := split_task_name(task.name):
            self._networks[place[0]].update()

    def failed(self, task: Task, error: Exception) -> None:
        """Note the error in the network's run.json."""
        if place := split_task_name(task.name):
            self._networks[place[0]].error = str(error)
            self._networks[place[0]].update()

    def close(self, *, complete: bool, message: str) -> str:
        """Mark what is unfinished as failed, and give the folders free."""
        with self._claims:
            for network in self._networks.values():
                network.end(message or "not finished")
        return message


def open_training(request: dict) -> TrainingWork:
    """The work of a training job."""
    return TrainingWork(TrainingRequest(**request))


def warm_up() -> None:
    """On a worker: start the training framework, which takes longer than reading the data of a job."""
    from core.jobs.cluster import worker_threads
    from core.training.devices import prepare_device_once

    prepare_device_once(worker_threads())


def train_fold(
    reporter: Reporter, *, path: str, sha256: str, key: str, settings: dict, folder: str, fold: int
) -> dict[str, Any]:
    """On a worker: train one fold, store it, report every epoch."""
    from core.jobs.cluster import worker_threads
    from core.training.devices import prepare_device_once

    started = time.monotonic()
    reporter.event("message", text="loading")
    device = prepare_device_once(worker_threads())
    spec, chosen = model_spec(key), TrainingSettings(**settings)
    prepared = _prepared(path, sha256, spec, chosen)
    reporter.event("message", text="training")

    def report(event: EpochEvent) -> None:
        values = {name: round(value, 7) for name, value in vars(event).items() if isinstance(value, float)}
        reporter.event("epoch", epoch=event.epoch, epochs=event.epochs, **values)

    if not train_member(prepared, Path(folder), fold, device, report, reporter.should_cancel):
        raise TaskCancelled
    return {"seconds": round(time.monotonic() - started, 1), "device": device}


def fit_job_baselines(reporter: Reporter, *, path: str, sha256: str, settings: dict, folder: str) -> dict[str, dict]:
    """On a worker: fit the baselines on the folds of a network and store them in its folder."""
    chosen = TrainingSettings(**settings)
    data = _data(path, sha256)
    reporter.event("message", text="fitting the baselines")
    return store_baselines(data, folds_of(data, chosen).fold, list(range(chosen.only_folds)), Path(folder))


@lru_cache(maxsize=1)
def _data(path: str, sha256: str) -> TrainingData:
    data = read_training_data(path)
    if data.sha256 != sha256:
        raise TrainingError(f"{path} has changed since this job began; start a new job")
    return data


@lru_cache(maxsize=1)
def _prepared(path: str, sha256: str, spec: ModelSpec, settings: TrainingSettings) -> Preparation:
    """A worker keeps the data of its latest task: the next is often another fold of the same network."""
    return prepare(_data(path, sha256), spec, settings)


def _data_path(name: str) -> Path:
    if name != EMBEDDED:
        return Path(name)
    from core.datasets.embedded import embedded_dataset

    return embedded_dataset()
