"""Does the result hold where neighbours on the sky, or differences in brightness, cannot help?

A network that was validated plainly is compared with the same one validated by sky blocks and with magnitude-matched
classes: stored runs of the same network on the same data with the same settings where there are some, else a
boosted-tree probe on what the network sees.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.audit.probe_trees import N_FOLDS, SEED, fold_areas, mean_and_error, some_rows
from core.datasets.training_data import TrainingData
from core.errors import ExplorerError
from core.runs.protocol import make_fold_map
from core.runs.run import FINISHED, Run, read_run

LARGEST_SIGMA = 3.0
_PROBE_COMPONENTS = 24
_MEANING = {
    "sky": "neighbours on the sky helped",
    "matched": "apparent brightness helped",
}
_MAY_DIFFER = {"validation", "only_folds", "preset"}  # a preset is the name of settings that are compared themselves
_NAMES = {"sky": "sky blocks", "matched": "magnitude-matched classes", "plain": "plain folds"}


@dataclass(frozen=True)
class _Area:
    """ROC-AUC under one validation with its standard error."""

    mean: float
    error: float
    source: str


def check_sky(evidence: Evidence) -> Finding:
    """Plain folds beside whole sky blocks."""
    return _compare(evidence, "sky")


def check_matched(evidence: Evidence) -> Finding:
    """Plain folds beside classes of equal brightness."""
    return _compare(evidence, "matched")


def _compare(evidence: Evidence, validation: str) -> Finding:
    own = evidence.run.validation
    plain, other = (_stored_area(evidence, name) for name in ("plain", validation))
    if plain is None or other is None:
        if evidence.data is None:
            return not_checked(f"no stored run with --validation {validation} on this data, and {evidence.data_note}")
        try:
            plain, other = _probe_areas(evidence, validation)
        except ExplorerError as error:
            return not_checked(str(error))
    sigma = (plain.mean - other.mean) / float(np.hypot(plain.error, other.error) or 1e-9)
    numbers = {
        "auc_plain": plain.mean,
        f"auc_{validation}": other.mean,
        "sigma": sigma,
        "source": other.source,
        "own_validation": own,
    }
    figures = f"{plain.mean:.4f} ± {plain.error:.4f} in plain folds, {other.mean:.4f} ± {other.error:.4f} with "
    text = f"ROC-AUC {figures}{_NAMES[validation]} ({other.source})"
    if sigma > LARGEST_SIGMA:
        return failed(f"{text}: a drop of {sigma:.1f} sigma, so {_MEANING[validation]}.", **numbers)
    return passed(f"{text}: a difference of {sigma:+.1f} sigma.", **numbers)


def _stored_area(evidence: Evidence, validation: str) -> _Area | None:
    """The area of this run, or of a stored one with the same network, data and settings, under a validation."""
    if evidence.run.validation == validation and evidence.oof is not None:
        return _area(evidence.oof, "this run")
    for path in evidence.beside:
        try:
            run = read_run(path)
            if run.validation == validation and run.state == FINISHED and _alike(run, evidence.run):
                return _area(pd.read_parquet(path / "oof.parquet"), f"stored run {path.name}")
        except (ExplorerError, OSError, KeyError, ValueError):
            continue
    return None


def _alike(one: Run, other: Run) -> bool:
    """Whether two runs were trained alike but for their validation; a setting that one of them lacks is passed over."""
    first, second = ({} if run.settings is None else run.settings.as_dict() for run in (one, other))
    same = all(getattr(one, name) == getattr(other, name) for name in ("model", "representation", "context"))
    same = same and one.data.sha256 == other.data.sha256
    return same and all(first[name] == second[name] for name in (first.keys() & second.keys()) - _MAY_DIFFER)


def _area(oof: pd.DataFrame, source: str) -> _Area | None:
    from sklearn.metrics import roc_auc_score

    folds = [part for _, part in oof.groupby("fold") if part["label"].nunique() == 2]
    if not folds:
        return None
    areas = np.array([roc_auc_score(part["label"], part["logit"]) for part in folds])
    n_massive = int((oof["label"] == 1).sum())
    return _Area(*mean_and_error(areas, n_massive, len(oof) - n_massive), source)


def _probe_areas(evidence: Evidence, validation: str) -> tuple[_Area, _Area]:
    """Boosted trees under plain and under the other folds, on as many stars with the same shares of the classes."""
    data = evidence.data
    assert data is not None
    some = data.take(some_rows(len(data)))
    features = _features(evidence, some)
    n_folds = min(N_FOLDS, evidence.run.n_folds)
    # The held-out fifth is of no use to a probe: folds are made of all stars.
    whole = TrainingData(**{**vars(some), "is_test": None})
    other = make_fold_map(whole, n_folds=n_folds, validation=validation, seed=SEED).fold
    used = np.flatnonzero(other >= 0)
    plain = make_fold_map(whole, n_folds=n_folds, validation="plain", seed=SEED).fold
    comparable = _same_shares(some.label, np.flatnonzero(plain >= 0), some.label[used])
    source = f"boosted-tree probe, {len(used):,} stars"
    return (
        _probe_area(features, some.label, plain, comparable, source),
        _probe_area(features, some.label, other, used, source),
    )


def _probe_area(features: np.ndarray, label: np.ndarray, fold: np.ndarray, rows: np.ndarray, source: str) -> _Area:
    parts = [rows[fold[rows] == number] for number in np.unique(fold[rows])]
    areas = fold_areas(features, label, parts)
    n_massive = int(label[rows].sum())
    return _Area(*mean_and_error(areas, n_massive, len(rows) - n_massive), source)


def _same_shares(label: np.ndarray, rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """As many of `rows` of each class as `wanted` has (or all there are)."""
    rng = np.random.default_rng(SEED)
    chosen = [rng.permutation(rows[label[rows] == value])[: int((wanted == value).sum())] for value in (0, 1)]
    return np.sort(np.concatenate(chosen))


def _features(evidence: Evidence, data: TrainingData) -> np.ndarray:
    """What the network sees of the stars, its flux reduced to principal components: (n_stars, n_features)."""
    fed = evidence.ensemble.inputs(data.flux, data.coefficients)
    values = fed["flux"].astype(np.float64)
    values = values[:, values.std(axis=0) > 0]
    if values.shape[1] > 2 * _PROBE_COMPONENTS:
        _, _, vectors = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
        values = (values - values.mean(axis=0)) @ vectors[:_PROBE_COMPONENTS].T
    return np.column_stack([values, fed["context"]]) if "context" in fed else values
