"""Where trained runs lie: a folder with a run.json, or a folder of several such."""

import json
from pathlib import Path
from typing import Any

from core.errors import RunError, UsageError

RUN_FILE = "run.json"
BASELINE_FILE = "baselines.parquet"


def runs_in(folder: str | Path, levels: int = 1) -> list[Path]:
    """The folder itself if it is a run, else the runs up to so many levels below it, sorted."""
    folder = Path(folder)
    if (folder / RUN_FILE).is_file():
        return [folder]
    return sorted({path.parent for depth in range(1, levels + 1) for path in folder.glob("*/" * depth + RUN_FILE)})


def networks_in(run_dir: str | Path) -> dict[str, Path]:
    """Keys of the networks in a run folder, with the folder of each; RunError for a damaged one."""
    return {str(describe_run(folder).get("model", folder.name)): folder for folder in runs_in(run_dir)}


def choose_network(run_dir: str | Path, model: str | None) -> Path:
    """The folder of one network: `run_dir` itself, or the one of `model` inside it.

    Raises
    ------
    UsageError
        The folder holds several networks and `model` names none of them.
    RunError
        No run there.
    """
    if not Path(run_dir).is_dir():
        raise RunError(f"there is no run folder {run_dir}: train one (python -m core train) or give another --run")
    networks = networks_in(run_dir)
    if not networks:
        raise RunError(f"{run_dir} holds no {RUN_FILE}, neither itself nor one level below: it is no run folder")
    if model is None and len(networks) == 1:
        return next(iter(networks.values()))
    if model is None:
        raise UsageError(f"{run_dir} holds {len(networks)} networks: choose one with --model {'|'.join(networks)}")
    if model not in networks:
        raise UsageError(f"{run_dir} holds no network {model!r}: it has {', '.join(networks)}")
    return networks[model]


def describe_run(folder: Path) -> dict[str, Any]:
    """Content of run.json, of any version that names a model; RunError for a missing or damaged one."""
    path = folder / RUN_FILE
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}): restore the folder or train again") from error
    if not isinstance(run, dict) or "model" not in run:
        raise RunError(f"{path} names no model: it is no run of this program, or damaged; train again")
    return run
