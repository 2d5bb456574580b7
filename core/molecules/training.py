"""Training on molecules: cross-validation of any learner, calibration, and the ensemble that judges spectra.

How a network is fitted and stored is told from outside (`core.commands.train_molecules`): this part knows examples,
folds and figures alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.errors import TrainingError
from core.molecules.examples import Examples
from core.molecules.folds import Fold
from core.molecules.knowledge import FINAL
from core.molecules.scores import calibration_error, recall_by_strength, roc_auc

FALSE_RATE = 0.003
Learner = Callable[[Examples, np.ndarray, np.ndarray, int], Callable[[np.ndarray, np.ndarray], np.ndarray]]
"""(examples, training rows, validation rows, fold) -> function of (values, context) that gives logits."""


def out_of_fold(
    examples: Examples, folds: Sequence[Fold], learner: Learner
) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Logits of every tested row by a learner that has not seen its fold: (rows, logits, fitted learners)."""
    rows, logits, fitted = [], [], []
    for number, (train, test) in enumerate(folds):
        if not len(test) or len(np.unique(examples.label[train])) < 2:
            raise TrainingError(f"fold {number}: {len(train)} rows to train on, {len(test)} to test; draw more spectra")
        predict = learner(examples, train, test, number)
        rows.append(test)
        logits.append(predict(examples.values[test], examples.context[test]))  # noqa: PD011  no data frame
        fitted.append(predict)
    return np.concatenate(rows), np.concatenate(logits), fitted


def platt_scaling(label: np.ndarray, logit: np.ndarray) -> dict[str, float]:
    """Slope and intercept of sigmoid(slope * logit + intercept) at equal odds (Platt 1999).

    Both classes weigh the same, so that a probability does not depend on how many absent species were drawn.
    """
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6, class_weight="balanced").fit(logit[:, None], label)
    return {"slope": float(fitted.coef_[0, 0]), "intercept": float(fitted.intercept_[0])}


def platt_scaled(logit: np.ndarray, scaling: dict[str, float]) -> np.ndarray:
    """Probabilities of logits."""
    return 1.0 / (1.0 + np.exp(-np.clip(scaling["slope"] * logit + scaling["intercept"], -50, 50)))


def figures_of(table: pd.DataFrame, logit: np.ndarray, scaling: dict[str, float] | None = None) -> dict[str, float]:
    """ROC-AUC, calibration error and recalls of logits.

    Parameters
    ----------
    scaling : dict or None
        Platt scaling that was fitted on other rows; None: fitted on these.
    """
    label = table["label"].to_numpy(float)
    probability = platt_scaled(logit, scaling or platt_scaling(label, logit))
    weight = np.where(label > 0, 0.5 / label.mean(), 0.5 / (1 - label.mean()))
    drawn = np.random.default_rng(0).choice(len(label), 20 * len(label), p=weight / weight.sum())  # equal odds
    return {
        "n": len(table),
        "roc_auc": roc_auc(label, logit),
        "ece": calibration_error(label[drawn], probability[drawn]),
        **{f"{k} at 0.3 %": v for k, v in recall_by_strength(table, logit, 0.003).items()},
        **{f"{k} at 1 %": v for k, v in recall_by_strength(table, logit, 0.01).items()},
    }


def final_rows_of(table: pd.DataFrame) -> np.ndarray:
    """Where verdicts are given: rows of the last round of explaining away; all where there are too few of them."""
    final = table["state"].to_numpy(str) == FINAL
    label = table["label"].to_numpy(bool)
    return final if (final & label).sum() > 20 and (final & ~label).sum() > 20 else np.ones(len(table), bool)
