"""Train the default ensemble: `python -m recipes.default_run TRAIN_FILE OUT [--copies FILE] [--members N] ...`.

TRAIN_FILE is a draw of `python -m core simulate --population training`; --copies a file of `recipes.real_training_set`
(without it the networks learn from simulated stars alone). Member m never sees fold m of the simulated stars, nor real
fold m % 5 with all copies, so that two of ten members judge every real star unseen. Resumable: what is finished stays.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

from core.training import run_store
from core.training.devices import prepare_device
from core.training.inputs import NetworkInputs, fit_inputs, prepare_inputs
from core.training.protocol import FoldMap, make_fold_map
from core.training.settings import TrainingSettings, resolve_settings
from core.training.train import run_description, store_domain, train_member
from core.training.training_data import TrainingData, read_training_data
from models.registry import model_spec
from recipes.real_stars import N_FOLDS

MASS_LIMIT_MSUN, MASS_LIMIT_ERROR_MSUN = 8.0, 1.0
"""The least massive progenitors of core-collapse supernovae: 8 +- 1 suns (Smartt 2009, ARA&A 47, 63)."""
SETTINGS = {"n_folds": 10, "epochs": 5, "patience": 5, "batch_size": 512, "peak_rate": 0.004, "representation": "pca"}
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


def mixed(data: TrainingData, folds: FoldMap, copies: dict | None) -> tuple[TrainingData, MixedFolds]:
    """Simulated stars followed by the copies of real ones, without their spectra."""
    if copies is None:
        data = replace(data, flux=data.flux[:0])
        return data, MixedFolds(folds.fold, folds.n_folds, np.full(len(data), -1, np.int16))
    n_real = len(copies["label"])
    both = replace(
        data,
        source_id=np.concatenate([data.source_id, copies["source_id"]]),
        flux=data.flux[:0],  # the networks' inputs are made already
        label=np.concatenate([data.label, copies["label"]]),
        is_test=None,
        metadata=pd.DataFrame(index=range(len(data) + n_real)),
    )
    fold = np.concatenate([folds.fold, np.full(n_real, REAL_ROW, np.int16)])
    return both, MixedFolds(fold, folds.n_folds, np.concatenate([np.full(len(data), -1, np.int16), copies["fold"]]))


def train(
    train_file: Path, out: Path, copies_file: Path | None, settings: TrainingSettings, network: str, leave_out: set[int]
) -> dict:
    """Train the members that `out` lacks; returns run.json's content.

    `leave_out`: source ids of real stars that no member may see.
    """
    spec, device = model_spec(network), prepare_device(2)
    simulated = read_training_data(train_file)
    folds = make_fold_map(simulated, n_folds=settings.n_folds, seed=settings.seed)
    inputs = fit_inputs(spec, simulated, settings, np.flatnonzero(folds.fold >= 0))
    copies = read_copies(copies_file, leave_out)
    targets = soft_targets(simulated)
    description = run_description(simulated, spec, settings, folds, inputs, device)
    description["learnt_from"] = _learnt_from(folds, copies, copies_file)
    arrays = [prepare_inputs(spec, settings, inputs, flux) for flux in (simulated.flux, *_flux(copies))]
    arrays = NetworkInputs(tuple(np.concatenate(both) for both in zip(*arrays, strict=True)), inputs)
    data, both = mixed(simulated, folds, copies)
    targets = np.concatenate([targets, data.label[len(simulated) :].astype(np.float32)])
    with run_store.open_run(out, description, resume=True):
        run_store.store_representation_state(out, inputs.representation_state)
        store_domain(out, simulated.flux, np.flatnonzero(folds.fold >= 0))
        del simulated  # the inputs are made
        for fold in range(settings.only_folds):
            if fold not in run_store.finished_folds(out):
                train_member(out, fold, (spec, settings, data, both, arrays), device=device, targets=targets)
                print(f"member {fold} trained", flush=True)
        return run_store.assemble(out, state=run_store.FINISHED, seconds=_seconds(out))


def _flux(copies: dict | None) -> tuple[np.ndarray, ...]:
    return () if copies is None else (copies["flux"].astype(np.float64),)


def read_copies(path: Path | None, leave_out: set[int]) -> dict | None:
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as stored:
        copies = {name: stored[name] for name in stored.files}
    kept = ~np.isin(copies["source_id"], list(leave_out))
    copies = {name: values[kept] for name, values in copies.items()}
    return copies | {"fold": copies["fold"].astype(np.int16)}


def _learnt_from(folds: FoldMap, copies: dict | None, path: Path | None) -> dict:
    """What run.json says the members learnt from."""
    result = {"simulated_stars": int((folds.fold >= 0).sum()), "real_stars": 0}
    if copies is not None and path is not None:
        star, first = np.unique(copies["source_id"], return_index=True)
        label = copies["label"][first]
        result |= {
            "real_stars": len(star),
            "real_massive_stars": int(label.sum()),
            "real_rows": len(copies["label"]),
            "real_massive_rows": int(copies["label"].sum()),
            "real_folds": N_FOLDS,
            "held_out": "member m never sees the real stars of fold m % 5 in real_oof.parquet, nor their copies",
        }
    return result


def _seconds(folder: Path) -> float:
    return round(sum(member["seconds"] for member in run_store.stored_members(folder)), 1)


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
    arguments = parser.parse_args()
    chosen = SETTINGS | {"only_folds": arguments.members, "epochs": arguments.epochs}
    settings = resolve_settings(model_spec(arguments.network), "quick", **chosen)
    lines = arguments.leave_out.read_text().split() if arguments.leave_out else []
    run = train(
        arguments.train_file, arguments.out, arguments.copies, settings, arguments.network, {int(x) for x in lines}
    )
    print(run["results"])


if __name__ == "__main__":
    main()
