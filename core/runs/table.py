"""All training runs of this machine in one table, corrupt ones included."""

import pandas as pd

from core.errors import RunError
from core.runs.folders import RunPlace, known_runs
from core.runs.run import RUNNING, read_run
from core.runs.store import is_locked
from core.settings import Settings

COLUMNS = ("id", "model", "data", "folds", "state", "accuracy", "accuracy_std", "device", "seconds", "started")
CORRUPT, INTERRUPTED = "corrupt", "interrupted"


def run_table(settings: Settings | None = None) -> pd.DataFrame:
    """One row per run, the shipped ones first; columns `COLUMNS`.

    `id` is the run's name in the catalogue, `folds` '3/10', `accuracy` the mean validation accuracy over the folds.
    `state` is running, finished, failed, interrupted (running, but its process is gone) or corrupt (run.json cannot be
    read; the other runs are listed all the same).
    """
    return pd.DataFrame([_row(place) for place in known_runs(settings)], columns=list(COLUMNS))


def _row(place: RunPlace) -> dict:
    try:
        run = read_run(place.path)
    except RunError:
        return {"id": place.name, "state": CORRUPT}
    return {
        "id": place.name,
        "model": run.model,
        "data": run.data.path,
        "folds": f"{len(run.folds_done)}/{run.n_folds}",
        "state": INTERRUPTED if run.state == RUNNING and not is_locked(place.path) else run.state,
        "accuracy": run.figures.validation_accuracy,
        "accuracy_std": run.figures.validation_accuracy_std,
        "device": run.device,
        "seconds": run.seconds,
        "started": run.started,
    }
