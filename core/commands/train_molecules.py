"""`python -m core train --task molecules`: the ten networks and baselines on simulated millimetre spectra."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import UsageError
from core.molecules.examples import Examples
from core.molecules.training import Learner

BASELINES = ("trees", "matched_filter")


def train_molecules(
    out: Path,
    models: str,
    *,
    n_spectra: int,
    n_folds: int,
    only_folds: int | None,
    split: str,
    epochs: int,
    batch_size: int,
    seed: int,
    threads: int | None,
    most_rows: int | None = None,
    examples: Examples | None = None,
    data: Path | None = None,
) -> list[dict]:
    """Draw examples, train every named network fold by fold, store runs; returns the content of each run.json.

    Parameters
    ----------
    models : str
        Keys of networks, 'all', and the baselines 'trees' and 'matched_filter', separated by commas.
    split : 'spectrum', 'molecule' or 'band'
    most_rows : int or None
        Rows of a fold that are trained on, and tested on, at most: for a quick comparison.
    examples : Examples or None
        What was drawn before; None draws `n_spectra` into `data`, or reads what is there.
    data : Path or None
        Folder of the examples, drawn in parts of a hundred spectra: an interrupted drawing goes on where it ended.
        None: `out`/examples.
    """
    from core.molecules.catalogue import load_catalogue
    from core.molecules.folds import SPLITS, make_folds
    from core.molecules.run import MoleculeRun, write_molecule_run
    from core.molecules.store import draw_to, read_examples
    from core.molecules.training import figures_of, final_rows_of, out_of_fold, platt_scaled, platt_scaling
    from core.training.devices import prepare_device

    if split not in SPLITS:
        raise UsageError(f"split {split!r} is unknown; choose one of {', '.join(SPLITS)}")
    keys = _keys(models)
    learnt = any(key not in BASELINES for key in keys)
    device = prepare_device(threads) if learnt else "CPU"
    species = load_catalogue().species
    if examples is None:
        folder = data or out / "examples"
        print(f"examples of {n_spectra} spectra in {folder}")
        draw_to(folder, species, n_spectra, seed)
        examples = read_examples(folder)
    folds = make_folds(examples, species, split, n_folds, seed)[: only_folds or n_folds]
    if most_rows is not None:
        rng = np.random.default_rng(seed)
        folds = [(rng.permutation(train)[:most_rows], rng.permutation(test)[:most_rows]) for train, test in folds]
    results = []
    for key in keys:
        started = time.monotonic()
        folder = out if len(keys) == 1 else out / key
        members: list[dict] = []
        learner = _learner(key, folder, epochs, batch_size, seed, members)
        rows, logit, _ = out_of_fold(examples, folds, learner)
        final = final_rows_of(examples.table.iloc[rows])
        table, logit = examples.table.iloc[rows[final]], logit[final]
        label = table["label"].to_numpy(float)
        scaling = platt_scaling(label, logit)
        figures = figures_of(table, logit)
        probability = platt_scaled(logit, scaling)
        run = {
            "task": "molecules",
            "model": key,
            "split": split,
            "state": "finished",
            "n_spectra": int(examples.table["spectrum"].nunique()),
            "n_rows": len(examples),
            "n_learnt": len(folds[0][0]),
            "n_folds": len(folds),
            "epochs": epochs,
            "seed": seed,
            "device": device,
            "members": members,
            "calibration": scaling,
            "threshold": float(np.quantile(probability[label == 0], 1 - 0.003)),
            "results": figures,
            "seconds": round(time.monotonic() - started, 1),
        }
        write_molecule_run(folder, MoleculeRun.model_validate(run, strict=False))
        results.append(run)
        print(
            f"{key}, by {split}: ROC-AUC {figures['roc_auc']:.4f}, recall at 0.3 % false "
            f"{figures['recall 10-30 at 0.3 %']:.3f} (10-30 sigma), {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return results


def _keys(models: str) -> list[str]:
    from core.training.train import chosen_models

    asked = [key.strip() for key in models.split(",") if key.strip()]
    if not asked:
        raise UsageError(f"networks {models!r}: expected keys separated by commas, 'all', or {', '.join(BASELINES)}")
    networks = ",".join(key for key in asked if key not in BASELINES)
    found = [spec.key for spec in chosen_models(networks)] if networks else []
    return found + [key for key in asked if key in BASELINES]


def _learner(key: str, folder: Path, epochs: int, batch_size: int, seed: int, members: list[dict]) -> Learner:
    if key == "trees":
        return _trees
    if key == "matched_filter":
        return _matched_filter
    return _network(key, folder, epochs, batch_size, seed, members)


def _network(key: str, folder: Path, epochs: int, batch_size: int, seed: int, members: list[dict]) -> Learner:
    from core.runs.settings import resolve_settings
    from core.training.export import export_onnx, store_weights_as_float16
    from core.training.fit import fit_member, free_memory, predict_logits
    from core.whole import sha256_of
    from models.registry import model_spec

    spec = model_spec(key)
    settings = resolve_settings(
        spec, "quick", epochs=epochs, patience=epochs, batch_size=batch_size, loss="plain", seed=seed
    )

    def fit(examples: Examples, train: np.ndarray, test: np.ndarray, fold: int) -> Callable:
        def inputs(values, context):
            return [values, context] if spec.has_context else [values]

        kept, watched = _hold_out(examples, train, fold)
        member = fit_member(
            spec,
            (inputs(examples.values[kept], examples.context[kept]), examples.label[kept]),
            (inputs(examples.values[watched], examples.context[watched]), examples.label[watched]),
            settings,
            fold,
        )
        folder.mkdir(parents=True, exist_ok=True)
        file = f"member_{fold:02d}.onnx"
        difference = export_onnx(member.model, folder / file)
        store_weights_as_float16(folder / file)
        members.append(
            {
                "fold": fold,
                "file": file,
                "sha256": sha256_of(folder / file),
                "best_epoch": member.best_epoch,
                "weights_hash": member.weights_hash,
                "onnx_difference": difference,
            }
        )
        tested = predict_logits(member.model, inputs(examples.values[test], examples.context[test]))
        del member
        free_memory()
        return lambda values, context: tested

    return fit


def _hold_out(examples: Examples, train: np.ndarray, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """A tenth of the training spectra watch for the best epoch, so that the tested fold decides nothing."""
    spectrum = examples.table["spectrum"].to_numpy()[train]
    watched = np.isin(
        spectrum, np.random.default_rng(fold).permutation(np.unique(spectrum))[: max(len(np.unique(spectrum)) // 10, 1)]
    )
    return train[~watched], train[watched]


def _trees(examples: Examples, train: np.ndarray, test: np.ndarray, fold: int) -> Callable:
    from sklearn.ensemble import HistGradientBoostingClassifier

    def together(values, context):
        return np.hstack([values, context])

    fitted = HistGradientBoostingClassifier(max_iter=150, random_state=fold)
    fitted.fit(together(examples.values[train], examples.context[train]), examples.label[train])
    return lambda values, context: fitted.decision_function(together(values, context))


def _matched_filter(examples: Examples, train: np.ndarray, test: np.ndarray, fold: int) -> Callable:
    """The fit's own likelihood ratio, per root of the lines: nothing is learnt."""
    score = examples.table["score"].to_numpy()[test]
    return lambda values, context: np.arcsinh(score)
