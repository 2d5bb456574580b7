"""Boosted trees on a few features: what position, brightness or a representation predict, and in which folds."""

from collections.abc import Iterable

import numpy as np

MOST_STARS = 6000
N_FOLDS = 5
SEED = 5


def some_rows(n: int) -> np.ndarray:
    """At most 6,000 of n rows, the same ones each time, in order."""
    rows = np.random.default_rng(SEED).permutation(n)[:MOST_STARS]
    return np.sort(rows)


def fold_areas(features: np.ndarray, label: np.ndarray, folds: Iterable[np.ndarray]) -> np.ndarray:
    """ROC-AUC of boosted trees on each fold (index arrays of the validated rows), trained on all rows of the others."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    folds = list(folds)
    areas = []
    for number, validation in enumerate(folds):
        training = np.concatenate([rows for other, rows in enumerate(folds) if other != number])
        model = HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=15, class_weight="balanced", early_stopping=False, random_state=SEED
        )
        probability = model.fit(features[training], label[training]).predict_proba(features[validation])[:, 1]
        areas.append(roc_auc_score(label[validation], probability))
    return np.array(areas)


def mean_and_error(areas: np.ndarray, n_massive: int, n_low_mass: int) -> tuple[float, float]:
    """Mean of the folds' areas and its standard error: the larger of their scatter and of what counting allows.

    Counting: Hanley & McNeil 1982, Radiology 143, 29, for one area on all stars.
    """
    area = float(np.mean(areas))
    scatter = float(np.std(areas, ddof=1) / np.sqrt(len(areas))) if len(areas) > 1 else 0.0
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (n_massive - 1) * (q1 - area**2) + (n_low_mass - 1) * (q2 - area**2)
    return area, max(scatter, float(np.sqrt(max(variance, 0.0) / (n_massive * n_low_mass))))
