"""Which trained networks there are: the shipped one and those trained on this machine."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError
from core.runs.folders import RunPlace, known_runs
from core.runs.run import FINISHED, read_run
from core.settings import Settings


@dataclass(frozen=True)
class RunSummary:
    """One trained network, as it says of itself.

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
    """Every readable run, shipped ones first, then local ones by name; what cannot be read is passed over."""
    summaries = map(_summary, known_runs(settings))
    return [summary for summary in summaries if summary is not None]


def _summary(place: RunPlace) -> RunSummary | None:
    try:
        run = read_run(place.path)
    except RunError:
        return None  # an unreadable run must not keep the others from being listed
    return RunSummary(
        name=place.name,
        path=place.path,
        shipped=place.shipped,
        model=run.model,
        title=run.network,
        state=run.state,
        n_members=sum((place.path / member.file).is_file() for member in run.members),
        n_train=run.data.n_train,
        test_roc_auc=run.figures.test_roc_auc,
        data=Path(run.data.path).name,
        started=run.started,
        n_real=run.learnt_from.real_stars if run.learnt_from else 0,
    )
