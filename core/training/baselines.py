"""Baselines on a run's own folds: what the networks must beat, and what leaks without any spectrum.

'gradient_boosting' and 'logistic' see the L2-normalised spectrum; 'metadata' sees position and brightness alone, so
that whatever it reaches above chance is a leak of the sample's selection, not a property of the spectra.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.datasets.training_data import TrainingData
from core.errors import RunError
from core.gaia.labels import THRESHOLD
from core.runs.folders import BASELINE_FILE, BASELINE_TEST_FILE
from core.runs.protocol import TEST_FOLD
from core.spectra.representations import represent

BASELINES = ("gradient_boosting", "logistic", "metadata")
_METADATA_COLUMNS = ("ra", "dec", "phot_g_mean_mag")


def fit_baselines(data: TrainingData, folder: str | Path, names: tuple[str, ...] = BASELINES) -> dict[str, dict]:
    """Fit baselines on the folds of a finished run and store their out-of-fold probabilities beside it.

    Writes `baselines.parquet`: baseline, source_id, label, fold, probability (classes weighted alike), and of the
    held-out stars `baselines_test.parquet`: the mean probability of the folds' fits, as the networks' members are
    averaged. Only the folds that the run has are fitted. 'metadata' is left out where the table has none of ra, dec,
    phot_g_mean_mag.

    Returns
    -------
    dict of {'validation_accuracy', 'validation_accuracy_std', 'validation_roc_auc'} by name
    """
    folder = Path(folder)
    return store_baselines(data, _folds(data, folder), _known_folds(folder), folder, names)


def store_baselines(
    data: TrainingData, fold_of: np.ndarray, folds: list[int], folder: Path, names: tuple[str, ...] = BASELINES
) -> dict[str, dict]:
    """`fit_baselines` on given folds: `fold_of` is the fold of every star, `folds` those that are validated."""
    from sklearn.metrics import roc_auc_score

    tables, held_out, figures = [], [], {}
    test = np.flatnonzero(fold_of == TEST_FOLD)
    for name in names:
        values = _features(name, data)
        if values is None:
            continue
        fits = [_fit_fold(name, values, data, fold_of, fold) for fold in folds]
        table = pd.concat([_table(name, data, np.flatnonzero(fold_of == fold), fit[0], fold=fold)
                           for fold, fit in zip(folds, fits, strict=True)])  # fmt: skip
        tables.append(table)
        held_out.append(_table(name, data, test, np.mean([fit[1] for fit in fits], axis=0)))
        correct = ((table["probability"] >= THRESHOLD) == (table["label"] == 1)).groupby(table["fold"]).mean()
        figures[name] = {
            "validation_accuracy": float(correct.mean()),
            "validation_accuracy_std": float(correct.std(ddof=1)) if len(correct) > 1 else None,
            "validation_roc_auc": float(roc_auc_score(table["label"], table["probability"])),
        }
    for file, parts in ((BASELINE_FILE, tables), (BASELINE_TEST_FILE, held_out)):
        with atomic_path(folder / file) as beside:
            pd.concat(parts, ignore_index=True).to_parquet(beside, index=False, compression="zstd")
    return figures


def _known_folds(folder: Path) -> list[int]:
    return sorted(pd.read_parquet(folder / "oof.parquet", columns=["fold"])["fold"].unique().tolist())


def _folds(data: TrainingData, folder: Path) -> np.ndarray:
    """The fold of every star as the run stored it; -1 for the test set, -2 for stars that no fold validates yet."""
    from core.runs.protocol import make_fold_map
    from core.runs.run import read_run

    run = read_run(folder)
    if run.data.sha256 != data.sha256:
        raise RunError(f"{folder} was trained on other data than {data.name}; baselines need the same stars")
    fold = make_fold_map(data, n_folds=run.n_folds, validation=run.validation, seed=run.seed).fold
    stored = pd.read_parquet(folder / "oof.parquet").set_index("source_id")["fold"]
    mine = pd.Series(fold, index=data.source_id)
    if not mine.loc[stored.index].eq(stored).all() or (mine.loc[stored.index] == TEST_FOLD).any():
        raise RunError(f"the folds stored in {folder} are not those of {data.name}; train again")
    return fold


def _features(name: str, data: TrainingData) -> np.ndarray | None:
    """Feature matrix of shape (n_stars, n_features), or None where the table has nothing for the baseline."""
    if name != "metadata":
        return represent(data.flux, "l2")
    columns = [column for column in _METADATA_COLUMNS if column in data.metadata]
    return data.metadata[columns].to_numpy(dtype=np.float64) if columns else None


def _fit_fold(
    name: str, values: np.ndarray, data: TrainingData, fold_of: np.ndarray, fold: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the fold's stars and of the held-out ones."""
    train = np.flatnonzero((fold_of >= 0) & (fold_of != fold))
    fitted = _classifier(name).fit(values[train], data.label[train])
    parts = (values[fold_of == fold], values[fold_of == TEST_FOLD])
    first, second = (fitted.predict_proba(part)[:, 1] if len(part) else np.empty(0) for part in parts)
    return first, second


def _table(name: str, data: TrainingData, rows: np.ndarray, probability: np.ndarray, **columns: int) -> pd.DataFrame:
    table = pd.DataFrame({"baseline": name, "source_id": data.source_id[rows], "label": data.label[rows], **columns})
    return table.assign(probability=probability.astype(np.float32))


def _classifier(name: str):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "logistic":
        return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced"))
    return HistGradientBoostingClassifier(class_weight="balanced", random_state=0)
