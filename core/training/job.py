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
from core.runs import store as run_store
from core.runs.folders import BASELINE_FILE
from core.runs.protocol import FoldMap, make_fold_map
from core.runs.run import FAILED, FINISHED, RUNNING, read_run
from core.runs.settings import TrainingSettings
from core.settings import current_settings
from core.training.baselines import store_baselines
from core.training.fit import EpochEvent
from core.training.inputs import NetworkInputs, fit_inputs, network_inputs
from core.training.train import run_description, train_member
from core.verdict.out_of_distribution import store_domain
from models.registry import ModelSpec, model_spec

KIND = "train"
EMBEDDED = "embedded"
"""Stands for the embedded data set in a request: it is made, if need be, by the runner."""
BASELINE_TASK = "baselines"
Choice = tuple[ModelSpec, TrainingSettings]


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
    networks = [
        {
            "key": spec.key,
            "settings": settings.as_dict(),
            "folder": f"{spec.key}-{settings.representation}" if several else spec.key,
        }
        for spec, settings in choices
    ]
    folder = Path(out) if Path(out).parent != Path() else current_settings().runs_dir / out
    file = str(data) if data == EMBEDDED else str(Path(data).resolve())
    request = {"data": file, "out": str(folder.resolve()), "networks": networks, "baselines": baselines}
    return submit(KIND, title, request, n_tasks=sum(settings.only_folds for _, settings in choices))


def run_names(job: Job) -> dict[str, str]:
    """What a training job's networks are called in the run catalogue, by their part of the task names."""
    out = Path(job.request["out"]).name
    return {network["folder"]: f"{out}/{network['folder']}" for network in job.request["networks"]}


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

    def __init__(self, request: dict) -> None:
        self.tasks: list[Task] = []
        self.n_earlier = 0
        self._networks: dict[str, tuple[Path, TrainingSettings]] = {}
        self._errors: dict[str, str] = {}
        self._locks = ExitStack()
        path = _data_path(request["data"])
        data = read_training_data(path)
        try:
            for network in request["networks"]:
                self._open_network(network, Path(request["out"]) / network["folder"], path, data)
            if request.get("baselines"):
                self._add_baselines(next(iter(self._networks.values())), str(path), data.sha256)
        except BaseException:
            self._locks.close()
            raise

    def _open_network(self, network: dict, folder: Path, path: Path, data: TrainingData) -> None:
        spec, settings = model_spec(network["key"]), TrainingSettings(**network["settings"])
        folds = _folds(data, settings)
        train_rows = (folds.fold >= 0).nonzero()[0]
        fitted = fit_inputs(spec, data, settings, train_rows)
        description = run_description(data, spec, settings, folds, fitted, device="")
        self._locks.enter_context(run_store.open_run(folder, description, resume=True))
        run_store.store_representation_state(folder, fitted.representation_state)
        store_domain(folder, data.flux, train_rows)
        self._networks[network["folder"]] = folder, settings
        done = run_store.finished_folds(folder)
        self.n_earlier += len(done)
        if done:
            self._assemble(network["folder"])
        common = {"path": str(path), "sha256": data.sha256, "key": spec.key, "settings": settings.as_dict()}
        self.tasks += [
            Task(task_name(network["folder"], fold), train_fold, {**common, "folder": str(folder), "fold": fold})
            for fold in range(settings.only_folds)
            if fold not in done
        ]

    def _add_baselines(self, first: tuple[Path, TrainingSettings], path: str, sha256: str) -> None:
        folder, settings = first
        if (folder / BASELINE_FILE).exists():
            self.n_earlier += 1
            return
        arguments = {"path": path, "sha256": sha256, "settings": settings.as_dict(), "folder": str(folder)}
        self.tasks.append(Task(BASELINE_TASK, fit_job_baselines, arguments))

    def done(self, task: Task, result: dict) -> None:
        """Bring the network's tables up to the new fold."""
        place = split_task_name(task.name)
        if place:
            self._assemble(place[0])

    def failed(self, task: Task, error: Exception) -> None:
        """Note the error in the network's run.json."""
        place = split_task_name(task.name)
        if place:
            self._errors[place[0]] = str(error)
            self._assemble(place[0])

    def close(self, *, complete: bool, message: str) -> str:
        """Mark what is unfinished as failed, and give the folders free."""
        try:
            for name, (folder, _) in self._networks.items():
                if read_run(folder).state == RUNNING:
                    self._errors.setdefault(name, message or "not finished")
                    self._assemble(name)
        finally:
            self._locks.close()
        return message

    def _assemble(self, name: str) -> None:
        folder, settings = self._networks[name]
        members = run_store.stored_members(folder)
        complete = len(members) >= settings.only_folds
        error = None if complete else self._errors.get(name)
        run_store.assemble(
            folder,
            state=FINISHED if complete else FAILED if error else RUNNING,
            error=error,
            seconds=round(sum(member.seconds for member in members), 1),
            device=members[0].device if members else "",
        )


def open_training(request: dict) -> TrainingWork:
    """The work of a training job."""
    return TrainingWork(request)


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
    data, folds, inputs = _loaded(path, sha256, spec, chosen)
    reporter.event("message", text="training")

    def report(event: EpochEvent) -> None:
        values = {name: round(value, 7) for name, value in vars(event).items() if isinstance(value, float)}
        reporter.event("epoch", epoch=event.epoch, epochs=event.epochs, **values)

    stored = train_member(
        Path(folder),
        fold,
        (spec, chosen, data, folds, inputs),
        device=device,
        on_epoch=report,
        should_cancel=reporter.should_cancel,
    )
    if not stored:
        raise TaskCancelled
    return {"seconds": round(time.monotonic() - started, 1), "device": device}


def fit_job_baselines(reporter: Reporter, *, path: str, sha256: str, settings: dict, folder: str) -> dict[str, dict]:
    """On a worker: fit the baselines on the folds of a network and store them in its folder."""
    chosen = TrainingSettings(**settings)
    data = _data(path, sha256)
    reporter.event("message", text="fitting the baselines")
    return store_baselines(data, _folds(data, chosen).fold, list(range(chosen.only_folds)), Path(folder))


@lru_cache(maxsize=1)
def _data(path: str, sha256: str) -> TrainingData:
    data = read_training_data(path)
    if data.sha256 != sha256:
        raise TrainingError(f"{path} has changed since this job began; start a new job")
    return data


@lru_cache(maxsize=1)
def _loaded(
    path: str, sha256: str, spec: ModelSpec, settings: TrainingSettings
) -> tuple[TrainingData, FoldMap, NetworkInputs]:
    """Data, folds and inputs of a network; a worker keeps those of its latest task, the next is often a sister."""
    data = _data(path, sha256)
    folds = _folds(data, settings)
    return data, folds, network_inputs(spec, data, settings, (folds.fold >= 0).nonzero()[0])


def _folds(data: TrainingData, settings: TrainingSettings) -> FoldMap:
    return make_fold_map(data, n_folds=settings.n_folds, validation=settings.validation, seed=settings.seed)


def _data_path(name: str) -> Path:
    if name != EMBEDDED:
        return Path(name)
    from core.datasets.embedded import embedded_dataset

    return embedded_dataset()
