"""Which trained networks there are: the shipped one and those trained on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError
from core.run_folders import runs_in
from core.settings import Settings, current_settings
from core.training.run_store import FINISHED, read_run


@dataclass(frozen=True)
class RunSummary:
    """One trained network, as its run.json tells.

    Attributes
    ----------
    name : str
        Path below the folder of its kind, 'default_run' or 'my_run/cnn_2d'; unique, it stands in URLs.
    shipped : bool
        Whether it came with the program.
    n_members : int
        Members of the ensemble whose ONNX file is there.
    state : str
        'running', 'finished' or 'failed'.
    n_train : int or None
        Stars that it was trained on, where the run says so.
    n_real : int
        Real stars that it learnt from beside those of `data`.
    test_roc_auc : float or None
        Area under the ROC curve on its held-out stars.
    """

    name: str
    path: Path
    shipped: bool
    model: str
    title: str
    state: str
    n_members: int
    n_train: int | None
    test_roc_auc: float | None
    data: str
    started: str
    n_real: int = 0

    @property
    def usable(self) -> bool:
        """Whether it can classify."""
        return self.state == FINISHED and self.n_members > 0


def find_runs(settings: Settings | None = None) -> list[RunSummary]:
    """Every readable run, shipped ones first, then local ones by name; folders without a run.json are passed over."""
    settings = settings or current_settings()
    shipped = list(_runs_below(settings.default_run_dir, settings.default_run_dir.name, shipped=True))
    shipped += _runs_below(settings.reference_runs_dir, settings.reference_runs_dir.name, shipped=True)
    local: list[RunSummary] = []
    if settings.runs_dir.is_dir():
        for folder in sorted(settings.runs_dir.iterdir()):
            local += _runs_below(folder, folder.name, shipped=False)
    return shipped + local


def _runs_below(folder: Path, name: str, *, shipped: bool) -> Iterator[RunSummary]:
    """The run in `folder`, or those of several networks one level below it."""
    for path in runs_in(folder):
        summary = _summary(path, name if path == folder else f"{name}/{path.name}", shipped)
        if summary is not None:
            yield summary


def _summary(path: Path, name: str, shipped: bool) -> RunSummary | None:
    try:
        run = read_run(path)
        members = [member for member in run.get("members", []) if (path / member["file"]).is_file()]
        data = run.get("data") or {}
        return RunSummary(
            name=name,
            path=path,
            shipped=shipped,
            model=str(run["model"]),
            title=str(run.get("title") or run["model"]),
            state=str(run.get("state", "")),
            n_members=len(members),
            n_train=data.get("n_train"),
            test_roc_auc=(run.get("results") or {}).get("test_roc_auc"),
            data=Path(str(data.get("path", ""))).name,
            started=str(run.get("started", "")),
            n_real=int((run.get("learnt_from") or {}).get("real_stars") or 0),
        )
    except (RunError, KeyError, TypeError, AttributeError):
        return None  # an unreadable run must not keep the others from being listed
