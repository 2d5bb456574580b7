"""Train the default ensemble: `python -m recipes.default_run TRAIN_FILE OUT [--copies FILE] [--members N] ...`.

TRAIN_FILE is a draw of `python -m core simulate --population training`; --copies a file of `recipes.real_training_set`
(without it the networks learn from simulated stars alone). Member m never sees fold m of the simulated stars, nor real
fold m % 5 with all copies, so that two of ten members judge every real star unseen. Resumable: what is finished stays.
"""

import argparse
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

from core.datasets.training_data import TrainingData, read_training_data
from core.runs import store as run_store
from core.runs.protocol import FoldMap
from core.runs.run import FINISHED, LearntFrom, Run
from core.runs.settings import TrainingSettings, resolve_settings
from core.training.devices import prepare_device
from core.training.inputs import NetworkInputs, prepare_inputs
from core.training.member import train_member
from core.training.network import Preparation, prepare, run_description
from core.verdict.out_of_distribution import store_out_of_distribution
from models.registry import model_spec
from recipes.real_stars import N_FOLDS

MASS_LIMIT_MSUN, MASS_LIMIT_ERROR_MSUN = 8.0, 1.0
"""The least massive progenitors of core-collapse supernovae: 8 +- 1 suns (Smartt 2009, ARA&A 47, 63)."""
SETTINGS = {"n_folds": 10, "epochs": 5, "patience": 5, "batch_size": 1024, "peak_rate": 0.0055, "representation": "pca"}
THREADS = 1
"""Two processes with one thread each, of half of the members, are a third faster than one with two."""
REAL_ROW = -3


@dataclass(frozen=True)
class MixedFolds(FoldMap):
    """Folds of simulated stars, and of the real ones behind them.

    Attributes
    ----------
    real_fold : int16 ndarray of shape (n_stars,)
        -1 for a simulated star.
    """

    real_fold: np.ndarray

    def train_rows(self, fold: int) -> np.ndarray:
        """Simulated and real stars that train a member."""
        unseen = self.real_fold == fold % N_FOLDS
        return np.flatnonzero(((self.fold >= 0) & (self.fold != fold)) | ((self.fold == REAL_ROW) & ~unseen))


def soft_targets(data: TrainingData) -> np.ndarray:
    """What simulated stars teach: the probability that a star of this initial mass is above a limit of 8 +- 1 suns.

    Only near the limit: where the evolutionary label says low-mass for another reason than mass, it stands.
    """
    mass = data.metadata["true_mass"].to_numpy(float)
    soft = ndtr((mass - MASS_LIMIT_MSUN) / MASS_LIMIT_ERROR_MSUN)
    compact = data.metadata["category"].isin(["hot subdwarf", "white dwarf", "composite", "blue horizontal branch"])
    near = (np.abs(mass - MASS_LIMIT_MSUN) < 3.0) & ~compact.to_numpy() & (data.metadata["true_teff"] > 12_000.0)
    return np.where(near, soft, data.label).astype(np.float32)


@dataclass(frozen=True)
class MixedPreparation(Preparation):
    """Simulated stars followed by the copies of real ones, whose inputs are made already.

    Attributes
    ----------
    arrays : NetworkInputs
        Of all of them.
    targets : float32 ndarray of shape (n_stars,)
        What is learnt in place of the labels: 0 to 1, in between for a star of which nobody can say.
    """

    arrays: NetworkInputs
    targets: np.ndarray

    @cached_property
    def inputs(self) -> NetworkInputs:
        """The network's inputs for all stars."""
        return self.arrays

    def learnt(self, fold: int) -> tuple[list[np.ndarray], np.ndarray]:
        """Inputs and targets that train the member of a fold."""
        rows = self.folds.train_rows(fold)
        return self.arrays.rows(rows), self.targets[rows]


def mixed(simulated: Preparation, copies: dict | None) -> MixedPreparation:
    """Simulated stars and the copies of real ones (of `read_copies`), without their spectra."""
    spec, settings, data, folds, fitted = (getattr(simulated, field.name) for field in fields(simulated))
    arrays = [prepare_inputs(spec, settings, fitted, flux) for flux in (data.flux, *_flux(copies))]
    inputs = NetworkInputs(tuple(np.concatenate(both) for both in zip(*arrays, strict=True)), fitted)
    target, fold, real_fold = soft_targets(data), folds.fold, np.full(len(data), -1, np.int16)
    data = replace(data, flux=data.flux[:0].copy())  # the networks' inputs are made already
    if copies is not None:
        n_real = len(copies["label"])
        target = np.concatenate([target, copies["label"].astype(np.float32)])
        fold = np.concatenate([fold, np.full(n_real, REAL_ROW, np.int16)])
        real_fold = np.concatenate([real_fold, copies["fold"]])
        data = replace(
            data,
            source_id=np.concatenate([data.source_id, copies["source_id"]]),
            label=np.concatenate([data.label, copies["label"]]),
            is_test=None,
            metadata=pd.DataFrame(index=range(len(data) + n_real)),
        )
    return MixedPreparation(spec, settings, data, MixedFolds(fold, folds.n_folds, real_fold), fitted, inputs, target)


def train(
    train_file: Path,
    out: Path,
    copies_file: Path | None,
    settings: TrainingSettings,
    network: str,
    leave_out: set[int],
    only: tuple[int, ...] = (),
) -> Run:
    """Train the members that `out` lacks; returns the run.

    `leave_out`: source ids of real stars that no member may see. `only`: the members to train here (empty: all).
    """
    device = prepare_device(THREADS)
    simulated = prepare(read_training_data(train_file), model_spec(network), settings)
    copies = read_copies(copies_file, leave_out)
    learnt_from = _learnt_from(simulated.folds, copies)
    description = run_description(simulated, device).changed(learnt_from=learnt_from)
    lesson = mixed(simulated, copies)
    with run_store.open_run(out, description, resume=True):
        run_store.store_representation_state(out, simulated.fitted.representation_state)
        store_out_of_distribution(out, simulated.data.flux, simulated.folds.all_train_rows)
        del simulated, copies  # the inputs are made
        for fold in only or range(settings.only_folds):
            if fold not in run_store.finished_folds(out):
                train_member(lesson, out, fold, device)
                print(f"member {fold} trained", flush=True)
        return run_store.assemble(out, state=FINISHED, seconds=seconds_of(out))


def _flux(copies: dict | None) -> tuple[np.ndarray, ...]:
    return () if copies is None else (copies["flux"].astype(np.float64),)


def read_copies(path: Path | None, leave_out: set[int]) -> dict | None:
    """The copies of a file of `recipes.real_training_set`, without those of the stars to be left out."""
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as stored:
        copies = {name: stored[name] for name in stored.files}
    kept = ~np.isin(copies["source_id"], list(leave_out))
    copies = {name: values[kept] for name, values in copies.items()}
    return copies | {"fold": copies["fold"].astype(np.int16)}


def _learnt_from(folds: FoldMap, copies: dict | None) -> LearntFrom:
    """What the run says that the members learnt from."""
    learnt = LearntFrom(simulated_stars=len(folds.all_train_rows), real_stars=0)
    if copies is None:
        return learnt
    star, first = np.unique(copies["source_id"], return_index=True)
    return learnt.changed(
        real_stars=len(star),
        real_massive_stars=int(copies["label"][first].sum()),
        real_rows=len(copies["label"]),
        real_massive_rows=int(copies["label"].sum()),
        real_folds=N_FOLDS,
        held_out="member m never sees the real stars of fold m % 5 in real_oof.parquet, nor their copies",
    )


def seconds_of(folder: Path) -> float:
    """What the training of all members took."""
    return round(sum(member.seconds for member in run_store.stored_members(folder)), 1)


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train_file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--copies", type=Path, default=None)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=SETTINGS["epochs"])
    parser.add_argument("--network", default="deep")
    parser.add_argument("--leave-out", type=Path, default=None, help="Text file of source ids that nobody may learn.")
    parser.add_argument("--only", type=int, nargs="+", default=[], help="Train these members alone.")
    arguments = parser.parse_args()
    chosen = SETTINGS | {"only_folds": arguments.members, "epochs": arguments.epochs}
    settings = resolve_settings(model_spec(arguments.network), "quick", **chosen)
    lines = arguments.leave_out.read_text().split() if arguments.leave_out else []
    run = train(
        arguments.train_file,
        arguments.out,
        arguments.copies,
        settings,
        arguments.network,
        {int(x) for x in lines},
        tuple(arguments.only),
    )
    print(run.figures.as_dict())


if __name__ == "__main__":
    main()
