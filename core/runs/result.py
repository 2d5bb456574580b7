"""What a stored run says of the stars it did not see: predictions, learning curves and what is known of each star."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import RunError, UsageError
from core.runs.data import find_data, holds_stars
from core.runs.folders import BASELINE_FILE, BASELINE_TEST_FILE
from core.runs.run import Run, read_run
from core.statistics.metrics import Metrics, binary_metrics

METADATA = ("category", "phot_g_mean_mag", "bp_rp", "true_a_v", "true_mass", "true_teff", "ra", "dec", "parallax")
"""Columns of a data set by which results are broken down, where it has them; a shipped run brings its own."""
WRONG_SPECTRA_FILE = "wrong_spectra.parquet"
"""Of a shipped run: source_id and flux of wrong verdicts, whose data set is elsewhere."""
_OOF = ("source_id", "label", "fold", "logit", "probability")
_TEST = ("source_id", "label", "logit_mean", "probability")
_CURVES = ("fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "seconds")


@dataclass(frozen=True)
class RunResult:
    """One network's run folder, read and checked.

    Attributes
    ----------
    name : str
        Distinguishes the run from the others that it is shown with.
    run : Run
    oof, test : DataFrame
        Predictions of the training stars by the member that did not see them, and of the held-out stars (mean of the
        members); columns as in the run folder, and with `joined` those of METADATA that the data set has.
    curves : DataFrame
        fold, epoch, loss, val_loss, accuracy, val_accuracy, learning_rate, seconds.
    baselines : DataFrame or None
        baseline, source_id, label, fold, probability: out-of-fold, on this run's folds.
    baselines_test : DataFrame or None
        baseline, source_id, label, probability (mean of the folds' fits) of the held-out stars.
    joined : Path or None
        The data set whose metadata stand in the tables.
    """

    name: str
    folder: Path
    run: Run = field(repr=False)
    oof: pd.DataFrame = field(repr=False)
    test: pd.DataFrame = field(repr=False)
    curves: pd.DataFrame = field(repr=False)
    baselines: pd.DataFrame | None = field(default=None, repr=False)
    joined: Path | None = None
    baselines_test: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def spectra_file(self) -> Path | None:
        """Where spectra of these stars are: the data set, else those of wrong verdicts that came with the run."""
        shipped = self.folder / WRONG_SPECTRA_FILE
        return self.joined or (shipped if shipped.is_file() else None)

    @property
    def model(self) -> str:
        """Key of the network."""
        return self.run.model

    @property
    def title(self) -> str:
        """Name of the network."""
        return self.run.network

    @property
    def n_members(self) -> int:
        """Members of the ensemble that made the predictions, those without weights here included."""
        return len(self.run.every_member)

    @property
    def same_data_and_folds(self) -> tuple[str, str]:
        """Hashes of the data and of the fold map: runs are comparable only where both agree."""
        return self.run.data.sha256, self.run.data.fold_map

    @property
    def parameters(self) -> int | None:
        """Trainable parameters, None for a network that is not in the registry."""
        from models.registry import MODELS

        return next((spec.parameters for spec in MODELS if spec.key == self.model), None)

    @property
    def folds(self) -> list[int]:
        """Folds with out-of-fold predictions, in order."""
        return sorted(int(fold) for fold in self.oof["fold"].unique())

    def part(self, name: str) -> pd.DataFrame:
        """'test', 'oof' (all out-of-fold predictions) or 'fold-N': one of the tables, or a fold's rows."""
        if name == "test":
            return self.test
        if name == "oof":
            return self.oof
        if name.startswith("fold-") and name[5:].isdigit() and int(name[5:]) in self.folds:
            return self.oof[self.oof["fold"] == int(name[5:])]
        raise UsageError(f"{self.name} has no part {name!r}; it has test, oof and fold-N for N in {self.folds}")


def load_run_result(folder: str | Path, *, name: str | None = None, with_metadata: bool = True) -> RunResult:
    """Read a run folder of one network.

    Parameters
    ----------
    with_metadata : bool
        Look for the data set that the run was trained on, and join what it knows of each star.

    Raises
    ------
    RunError
        No run there, no finished fold yet, or a damaged table.
    """
    folder = Path(folder)
    run = read_run(folder)
    if not run.every_member:
        raise RunError(f"{folder} (state {run.state!r}) has no finished fold yet; wait for its first, or resume it")
    oof, test = _read_table(folder, "oof", _OOF), _read_table(folder, "test", _TEST)
    has_its_own = "category" in oof and "category" in test
    path = find_data(run, holds_stars(oof, test), make_embedded=True) if with_metadata and not has_its_own else None
    if path is not None:
        stars = _read_metadata(path)
        oof, test = oof.join(stars, on="source_id"), test.join(stars, on="source_id")
    baselines = baselines_test = None
    if (folder / BASELINE_FILE).is_file():
        baselines = _read(folder / BASELINE_FILE, ("baseline", "source_id", "label", "fold", "probability"))
    if (folder / BASELINE_TEST_FILE).is_file():
        baselines_test = _read(folder / BASELINE_TEST_FILE, ("baseline", "source_id", "label", "probability"))
    curves = _read_table(folder, "curves", _CURVES)
    return RunResult(name or folder.name, folder, run, oof, test, curves, baselines, path, baselines_test)


def load_run_results(folders: Sequence[Path], *, with_metadata: bool = True) -> list[RunResult]:
    """Several runs, each named by its folder (with the folder above where two have the same name)."""
    names = [folder.name for folder in folders]
    return [
        load_run_result(
            folder,
            name=folder.name if names.count(folder.name) == 1 else f"{folder.parent.name}/{folder.name}",
            with_metadata=with_metadata,
        )
        for folder in folders
    ]


def _read_metadata(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    known = set(pq.read_schema(path).names)
    columns = ["source_id", *(column for column in METADATA if column in known)]
    return pd.read_parquet(path, columns=columns).drop_duplicates("source_id").set_index("source_id")


def _read_table(folder: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    return _read(folder / f"{name}.parquet", columns)


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore the run folder or train again") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise RunError(f"{path} has no column {', '.join(missing)}; restore the run folder or train again")
    return table


def fold_sizes(result: RunResult) -> tuple[float, float]:
    """Mean numbers of stars that train and validate one fold."""
    sizes = result.oof.groupby("fold").size()
    validation = float(sizes.mean()) if len(sizes) else 0.0
    total = float(result.run.data.n_train or sizes.sum())
    return max(total - validation, 1.0), validation


def fold_metrics(table: pd.DataFrame) -> dict[int, Metrics]:
    """Every figure of merit of each fold of an out-of-fold table, at the threshold 0.5."""
    return {
        int(fold): binary_metrics(rows["label"].to_numpy(), rows["probability"].to_numpy())
        for fold, rows in table.groupby("fold")
    }


def per_fold(table: pd.DataFrame, figure: str) -> dict[int, float | None]:
    """One figure of merit of each fold, at the threshold 0.5."""
    return {fold: getattr(metrics, figure) for fold, metrics in fold_metrics(table).items()}


def mean_and_std(values: dict[int, float | None]) -> tuple[float | None, float | None]:
    """Mean over folds and standard deviation (ddof 1), None where undefined."""
    known = np.array([value for value in values.values() if value is not None], dtype=np.float64)
    return (
        float(known.mean()) if known.size else None,
        float(known.std(ddof=1)) if known.size > 1 else None,
    )
