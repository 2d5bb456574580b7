"""Where trained runs lie: a folder with a run.json, or a folder of several such; the one finder of runs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from core.errors import RunError, UsageError
from core.runs.run import RUN_FILE, read_run
from core.settings import Settings, current_settings

BASELINE_FILE = "baselines.parquet"
BASELINE_TEST_FILE = "baselines_test.parquet"


class RunPlace(NamedTuple):
    """A folder with a run.json, readable or not; `name` is unique: 'default_run', 'my_run/cnn_2d'."""

    name: str
    path: Path
    shipped: bool


def runs_in(folder: str | Path, levels: int = 1) -> list[Path]:
    """The folder itself if it is a run, else the runs up to so many levels below it, sorted."""
    folder = Path(folder)
    if (folder / RUN_FILE).is_file():
        return [folder]
    return sorted({path.parent for depth in range(1, levels + 1) for path in folder.glob("*/" * depth + RUN_FILE)})


def known_runs(settings: Settings | None = None) -> Iterator[RunPlace]:
    """Every run of this machine, the shipped ones first, then the local ones by name."""
    settings = settings or current_settings()
    local = sorted(settings.runs_dir.iterdir()) if settings.runs_dir.is_dir() else []
    tops = [(settings.default_run_dir, True), (settings.reference_runs_dir, True), *((top, False) for top in local)]
    for top, shipped in tops:
        for path in runs_in(top):
            yield RunPlace(top.name if path == top else f"{top.name}/{path.name}", path, shipped)


def reference_folders(settings: Settings | None = None) -> list[Path]:
    """The shipped reference runs in the order of the study's table; empty where none are installed."""
    from models.registry import MODEL_KEYS

    root = (settings or current_settings()).reference_runs_dir
    return [root / key for key in MODEL_KEYS if (root / key / RUN_FILE).is_file()]


def run_folders(places: Iterable[str | Path]) -> list[Path]:
    """Run folders among `places`, each once: each place a run, or a folder of runs of several networks.

    Raises
    ------
    RunError
        A place is no folder, or holds no run.
    """
    found: list[Path] = []
    for place in map(Path, places):
        found += [folder for folder in _some_runs(place) if folder not in found]
    return found


def runs_near(folder: Path) -> tuple[Path, ...]:
    """The runs beside a run folder and those of the local run store, without itself."""
    found = {*runs_in(folder.parent), *runs_in(current_settings().runs_dir, levels=2)}
    return tuple(sorted(path for path in found if path.resolve() != folder.resolve()))


def networks_in(run_dir: str | Path) -> dict[str, Path]:
    """Keys of the networks in a run folder, with the folder of each; RunError for none, or a damaged one."""
    if not Path(run_dir).is_dir():
        raise RunError(f"there is no run folder {run_dir}: train one (python -m core train) or give another --run")
    return {read_run(folder).model: folder for folder in _some_runs(run_dir)}


def choose_network(run_dir: str | Path, model: str | None) -> Path:
    """The folder of one network: `run_dir` itself, or the one of `model` inside it.

    Raises
    ------
    UsageError
        The folder holds several networks and `model` names none of them.
    RunError
        No run there.
    """
    networks = networks_in(run_dir)
    if model is None and len(networks) == 1:
        return next(iter(networks.values()))
    if model is None:
        raise UsageError(f"{run_dir} holds {len(networks)} networks: choose one with --model {'|'.join(networks)}")
    if model not in networks:
        raise UsageError(f"{run_dir} holds no network {model!r}: it has {', '.join(networks)}")
    return networks[model]


def _some_runs(place: str | Path) -> list[Path]:
    found = runs_in(place)
    if not found:
        raise RunError(f"{place} holds no {RUN_FILE}, neither itself nor one level below: it is no run folder")
    return found
