"""How long a training will take: seconds per star and epoch, measured here or when the shipped runs were made."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import RunError
from core.jobs.job import Job
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled
from core.runs.run import read_run
from core.runs.settings import TrainingSettings, resolve_settings
from core.settings import Settings, current_settings
from models.registry import ModelSpec, model_spec

KIND = "calibrate"
_STEPS = 8
_VALIDATION_STARS = 64


@dataclass(frozen=True)
class Speed:
    """How fast a network trains.

    Attributes
    ----------
    seconds : float
        Per training star and epoch, in one worker.
    overhead : float
        Seconds that every fold needs before its first and after its last epoch.
    here : bool
        Measured on this machine (else taken from the shipped runs).
    """

    seconds: float
    overhead: float
    here: bool


def find_speed(spec: ModelSpec, batch_size: int, settings: Settings | None = None) -> Speed | None:
    """The speed at this batch size, or at the nearest one that is known; measured here if possible; None if unknown."""
    settings = settings or current_settings()
    for table, here in ((_measured(settings), True), (_shipped(settings, spec.key), False)):
        sizes = {int(name.split()[1]): entry for name, entry in table.items() if name.split()[0] == spec.key}
        if sizes:
            nearest = min(sizes, key=lambda size: abs(np.log(size / batch_size)))
            seconds, overhead = sizes[nearest]
            return Speed(seconds, overhead, here)
    return None


def estimate_seconds(
    choices: Iterable[tuple[ModelSpec, TrainingSettings, Speed]], n_stars: int, n_workers: int
) -> float:
    """Expected wall time if every fold runs to its last epoch; early stopping makes it shorter.

    Parameters
    ----------
    n_stars : int
        Stars of the training part, all folds together.
    n_workers : int
        Folds that are trained at the same time.
    """
    total = 0.0
    for _, chosen, speed in choices:
        copies = 1 if chosen.augment == "none" else 2
        stars = copies * n_stars * (chosen.n_folds - 1) / chosen.n_folds
        total += chosen.only_folds * (speed.overhead + chosen.epochs * stars * speed.seconds)
    return total / n_workers


def submit_calibration(choices: Iterable[tuple[ModelSpec, TrainingSettings]]) -> Job:
    """Queue a short measurement of each network at its batch size."""
    networks = [{"key": spec.key, "batch_size": settings.batch_size} for spec, settings in choices]
    keys = [str(item["key"]) for item in networks]
    return submit(KIND, "Measure the speed of " + ", ".join(keys), {"networks": networks})


class CalibrationWork:
    """A calibration in the runner; see `core.jobs.work.Work`."""

    n_earlier = 0

    def __init__(self, request: dict) -> None:
        self.tasks = [Task(f"{item['key']}.{item['batch_size']}", measure, item) for item in request["networks"]]

    def done(self, task: Task, result: dict) -> None:
        """Keep what was measured."""
        note_speed(result["name"], result["seconds"], result["overhead"])

    def failed(self, task: Task, error: Exception) -> None:
        """Nothing to keep."""

    def close(self, *, complete: bool, message: str) -> str:
        """Nothing to free."""
        return message


def open_calibration(request: dict) -> CalibrationWork:
    """The work of a calibration job."""
    return CalibrationWork(request)


def measure(reporter: Reporter, *, key: str, batch_size: int) -> dict[str, Any]:
    """On a worker: two short epochs on random numbers, the second of which counts."""
    from core.jobs.cluster import worker_threads
    from core.training.devices import prepare_device_once
    from core.training.fit import fit_member, free_memory

    prepare_device_once(worker_threads())
    spec = model_spec(key)
    settings = resolve_settings(spec, "quick", batch_size=batch_size, epochs=2)
    rng = np.random.default_rng(0)

    def part(n_stars: int) -> tuple[list[np.ndarray], np.ndarray]:
        shapes = [(n_stars, 343), (n_stars, 2)][: len(spec.inputs)]
        return [rng.normal(0.0, 0.05, shape).astype(np.float32) for shape in shapes], np.arange(n_stars) % 2

    n_stars = _STEPS * batch_size
    started = time.perf_counter()
    member = fit_member(spec, part(n_stars), part(_VALIDATION_STARS), settings, 0, should_cancel=reporter.should_cancel)
    if member.cancelled:
        raise TaskCancelled
    whole, epoch = time.perf_counter() - started, float(member.curves["seconds"].iloc[-1])
    free_memory()
    return {"name": speed_name(spec, batch_size), "seconds": epoch / n_stars, "overhead": max(whole - 2 * epoch, 0.0)}


def speed_name(spec: ModelSpec, batch_size: int) -> str:
    """Under which a speed is kept."""
    return f"{spec.key} {batch_size}"


def note_speed(name: str, seconds: float, overhead: float) -> None:
    """Keep a measured speed; for the runner alone, so that no two processes write."""
    path = _speed_file(current_settings())
    table = {**_measured(current_settings()), name: [seconds, overhead]}
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(table, indent=1), encoding="utf-8")


def _speed_file(settings: Settings) -> Path:
    return settings.cache_dir / "training_speed.json"


def _measured(settings: Settings) -> dict[str, list[float]]:
    try:
        return json.loads(_speed_file(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _shipped(settings: Settings, key: str) -> dict[str, list[float]]:
    folder = settings.reference_runs_dir / key
    try:
        run = read_run(folder)
        curves = pd.read_parquet(folder / "curves.parquet")
        stars = (run.data.n_train or 0) * (run.n_folds - 1) / run.n_folds
        later = curves.loc[curves["epoch"] > 1, "seconds"]
        return {
            f"{key} {run.batch_size}": [
                float(later.median()) / stars,
                float(curves["seconds"].max() - later.median()),
            ]
        }
    except (RunError, OSError, KeyError, ZeroDivisionError):
        return {}
