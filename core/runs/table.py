"""All training runs of this machine in one table, corrupt ones included."""

from pathlib import Path

import pandas as pd

from core.errors import RunError
from core.runs.folders import runs_in
from core.runs.store import RUNNING, is_locked, read_run
from core.settings import Settings, current_settings

COLUMNS = ("id", "model", "data", "folds", "state", "accuracy", "accuracy_std", "device", "seconds", "started")
CORRUPT, INTERRUPTED = "corrupt", "interrupted"


def run_table(settings: Settings | None = None) -> pd.DataFrame:
    """One row per run, the shipped ones first; columns `COLUMNS`.

    `id` is the folder below the shipped data or the local run folder, `folds` '3/10', `accuracy` the mean validation
    accuracy over the folds. `state` is running, finished, failed, interrupted (running, but its process is gone) or
    corrupt (run.json cannot be read; the other runs are listed all the same).
    """
    settings = settings or current_settings()
    return pd.DataFrame([_row(run_id, folder) for run_id, folder in run_folders(settings)], columns=list(COLUMNS))


def run_folders(settings: Settings) -> list[tuple[str, Path]]:
    """(id, folder) of everything that has a run.json, readable or not, the shipped ones first."""
    shipped, local = (settings.default_run_dir, settings.reference_runs_dir), settings.runs_dir
    places = [*((folder.parent, folder) for folder in shipped), (local, local)]
    return [(folder.relative_to(root).as_posix(), folder) for root, top in places for folder in runs_in(top, levels=2)]


def _row(run_id: str, folder: Path) -> dict:
    row: dict = {"id": run_id}
    try:
        run = read_run(folder)
        figures = run.get("results") or {}
        state = run["state"]
        if state == RUNNING and not is_locked(folder):
            state = INTERRUPTED
        return row | {
            "model": run["model"],
            "data": run["data"]["path"],
            "folds": f"{len(run['folds_done'])}/{run['n_folds']}",
            "state": state,
            "accuracy": figures.get("validation_accuracy"),
            "accuracy_std": figures.get("validation_accuracy_std"),
            "device": run["device"],
            "seconds": run["seconds"],
            "started": run["started"],
        }
    except (RunError, KeyError, TypeError, AttributeError):
        return row | {"state": CORRUPT}
