"""What an audit has to go on: the run folder as it is stored, and the data set where it is at hand."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.training_data import TrainingData, read_training_data
from core.errors import RunError
from core.runs.data import find_data, has_content
from core.runs.folders import runs_near
from core.runs.protocol import FoldMap, make_fold_map
from core.runs.run import Run, read_run
from core.spectra.spectrum_set import Coefficients
from core.verdict.ensemble import Ensemble, load_ensemble

PROBE_STARS = 48
_PROBE_SEED = 11


@dataclass(frozen=True)
class Evidence:
    """One network's run folder.

    Attributes
    ----------
    run : Run
    oof, test, curves : DataFrame or None
        The stored tables; None for one that is missing.
    data : TrainingData or None
        The stars of the run, only if the file has the run's SHA-256.
    data_note : str
        Which file that is, or why there is none.
    beside : tuple of Path
        Run folders to compare with: other validations of the same network on the same data may be among them.
    """

    folder: Path
    run: Run
    oof: pd.DataFrame | None
    test: pd.DataFrame | None
    curves: pd.DataFrame | None
    data: TrainingData | None
    data_note: str
    beside: tuple[Path, ...] = ()

    @cached_property
    def ensemble(self) -> Ensemble:
        """The members, on one thread."""
        return load_ensemble(self.folder, threads=1)

    @cached_property
    def probe(self) -> tuple[np.ndarray, Coefficients | None]:
        """Flux (48, 343) and coefficients of stars to try the members on: the run's own, or else simulated ones."""
        if self.data is not None:
            rows = np.random.default_rng(_PROBE_SEED).permutation(len(self.data))[:PROBE_STARS]
            coefficients = None if self.data.coefficients is None else self.data.coefficients.take(rows)
            return self.data.flux[rows], coefficients
        return _simulated_probe()

    @cached_property
    def folds(self) -> FoldMap | None:
        """The fold map that the run's settings give on its data; None without the data."""
        if self.data is None:
            return None
        run = self.run
        return make_fold_map(self.data, n_folds=run.n_folds, validation=run.validation, seed=run.seed)


def load_evidence(folder: str | Path, data: str | Path | None = None, beside: tuple[Path, ...] = ()) -> Evidence:
    """Read a run folder and look for its data set.

    Parameters
    ----------
    data : path or None
        The run's data set. None: the embedded set and the files of the local folders are tried.

    Raises
    ------
    RunError
        No run there, or `data` is not what the run was trained on.
    """
    folder = Path(folder)
    run = read_run(folder)
    found, note = _find_data(run, None if data is None else Path(data))
    tables = {name: _read_table(folder / f"{name}.parquet") for name in ("oof", "test", "curves")}
    return Evidence(folder, run, data=found, data_note=note, beside=beside or runs_near(folder), **tables)


def _read_table(path: Path) -> pd.DataFrame | None:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is corrupt ({error}); train again or restore the folder") from error


def _find_data(run: Run, given: Path | None) -> tuple[TrainingData | None, str]:
    has_the_stars = has_content(run)
    if given is not None:
        if not given.exists():
            raise RunError(f"there is no data set {given}; give the file that the run was trained on")
        if not has_the_stars(given):
            raise RunError(
                f"{given} is not what the run was trained on (SHA-256 differs from {run.data.sha256[:12]} ...)"
            )
        return read_training_data(given), str(given)
    path = find_data(run, has_the_stars)
    if path is not None:
        return read_training_data(path), str(path)
    return None, f"{run.data.path or 'its data set'} is not on this machine; give it with --data"


def _simulated_probe() -> tuple[np.ndarray, Coefficients]:
    """Stars of the training population with coefficients, drawn anew: the same ones each time."""
    from core.simulation.draw import DrawRequest, iter_chunks

    table = next(iter_chunks(DrawRequest("training", PROBE_STARS, _PROBE_SEED, with_coefficients=True), workers=1))
    columns = ("flux", "bp_coefficients", "rp_coefficients")
    flux, bp, rp = (np.stack(table[name].to_numpy(zero_copy_only=False)).astype(np.float64) for name in columns)
    return flux, Coefficients(bp=bp, rp=rp)
