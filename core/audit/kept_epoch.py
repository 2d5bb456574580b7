"""Which epoch's weights were kept, and which stars chose it?

The curves hold the validation loss of every epoch. The stored predictions of the kept weights have a loss too: it says
which epoch was kept. If the test stars give a loss of the curve and the validation stars do not, then the test
set was what stopped the training.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.audit.stored_loss import star_losses, validation_weights
from core.runs.run import Run

TOLERANCE, TOLERANCE_WITHOUT_ALL_FOLDS = 2e-3, 3e-2
_ABSOLUTE = 1e-5
_STARS_THAT_MAY_FLIP = 1.5  # logits within rounding of zero


@dataclass(frozen=True)
class _Score:
    """Loss and accuracy of the kept weights on some stars; the accuracy needs no class weights."""

    loss: float
    accuracy: float
    n_stars: int


@dataclass(frozen=True)
class _Fold:
    """One fold: validation loss and accuracy of its epochs, and those of the kept weights on two sets of stars."""

    curve: np.ndarray
    accuracy: np.ndarray
    own: _Score
    test: _Score | None
    tolerance: float

    @property
    def best(self) -> int:
        return int(np.argmin(self.curve))

    def is_epoch(self, score: _Score | None, epoch: int) -> bool:
        if score is None:
            return False
        value = self.curve[epoch]
        near = abs(score.loss - value) <= self.tolerance * abs(value) + _ABSOLUTE
        return near and abs(score.accuracy - self.accuracy[epoch]) * score.n_stars <= _STARS_THAT_MAY_FLIP

    def is_last_rather_than_best(self, score: _Score | None) -> bool:
        """Whether a loss belongs to the last epoch, three times nearer than to a better one.

        Class weights may be known to a per cent only.
        """
        if score is None or not self.is_epoch(score, -1):
            return False
        return 3.0 * abs(score.loss - self.curve[-1]) < abs(score.loss - self.curve[self.best])

    def is_any(self, score: _Score | None) -> bool:
        return any(self.is_epoch(score, epoch) for epoch in range(len(self.curve)))


def check_restored(evidence: Evidence) -> Finding:
    """The kept weights have the validation loss of the best epoch."""
    folds = _folds(evidence)
    if isinstance(folds, str):
        return not_checked(folds)
    # Where the test stars steered (the other check), the question of the epoch is asked of them.
    kept = {number: fold.own if fold.is_any(fold.own) else fold.test for number, fold in folds.items()}
    late = [n for n, fold in folds.items() if fold.is_last_rather_than_best(kept[n])]
    strange = [n for n, fold in folds.items() if not fold.is_any(fold.own) and not fold.is_any(fold.test)]
    other = [n for n, f in folds.items() if n not in late + strange and not f.is_epoch(kept[n], f.best)]
    excess = [float(fold.own.loss / fold.curve[fold.best] - 1.0) for fold in folds.values()]
    numbers = {"folds": len(folds), "last_epoch_kept": late, "no_epoch": strange, "largest_excess_loss": max(excess)}
    if late:
        text = (
            f"In {len(late)} of {len(folds)} folds the last epoch's weights were kept though an earlier epoch was "
            f"better: their validation loss is up to {100 * max(excess):.1f} % above the best epoch's."
        )
        return failed(text, **numbers)
    if strange or other:
        text = (
            f"In folds {', '.join(map(str, strange + other))} the stored predictions do not have the best epoch's "
            "validation loss: the kept weights are not those of the best epoch, or the tables are of other weights."
        )
        return failed(text, **numbers)
    text = f"In all {len(folds)} folds the kept weights have the best epoch's validation loss"
    return passed(f"{text} (to {100 * max(abs(value) for value in excess):.2g} %).", **numbers)


def check_selection(evidence: Evidence) -> Finding:
    """The validation losses in the curves are those of the fold's own validation stars, not of the test set."""
    folds = _folds(evidence)
    if isinstance(folds, str):
        return not_checked(folds)
    steered = [n for n, fold in folds.items() if not fold.is_any(fold.own) and fold.is_any(fold.test)]
    numbers = {"folds": len(folds), "steered_by_test_set": steered}
    if steered:
        text = (
            f"In {len(steered)} of {len(folds)} folds the 'validation' loss is that of the test stars: the test set "
            "chose the epoch, so its figures are no test."
        )
        return failed(text, **numbers)
    return passed("The epochs were chosen on each fold's own validation stars; the test set had no part.", **numbers)


def _folds(evidence: Evidence) -> dict[int, _Fold] | str:
    """The folds that can be compared, or why there are none."""
    oof, curves = evidence.oof, evidence.curves
    if oof is None or curves is None:
        return "the run has no learning curves or no out-of-fold predictions"
    if _is_sample(evidence.run, oof):
        return f"only {len(oof):,} random predictions of each kind are shipped, too few to tell two epochs apart"
    learnt_from = evidence.run.learnt_from
    if learnt_from is not None and learnt_from.real_stars:
        return "the curves' losses count soft labels and copies of real stars, whose predictions are not kept"
    settings = {} if evidence.run.settings is None else evidence.run.settings.as_dict()
    whole = len(evidence.run.folds_done) == evidence.run.n_folds
    tolerance = TOLERANCE if whole else TOLERANCE_WITHOUT_ALL_FOLDS
    folds = {}
    for number, curve in curves.sort_values("epoch").groupby("fold"):
        mine = oof[oof["fold"] == number]
        weights = validation_weights(oof, int(number), settings)
        own = _score(mine["logit"], mine["label"], weights, settings)
        test = _test_score(evidence.test, int(number), weights, settings)
        losses, accuracy = curve["val_loss"].to_numpy(float), curve["val_accuracy"].to_numpy(float)
        folds[int(number)] = _Fold(losses, accuracy, own, test, tolerance)
    return folds or "no fold is finished"


def _is_sample(run: Run, oof: pd.DataFrame) -> bool:
    """Whether the rows are the sample that the run says it was shipped with, and fewer than its folds validated."""
    validated = (run.data.n_train or 0) * len(run.folds_done) / run.n_folds
    return len(oof) <= (run.predictions_shipped or 0) < 0.9 * validated


def _test_score(test: pd.DataFrame | None, fold: int, weights: tuple[float, float], settings: dict) -> _Score | None:
    column = f"logit_{fold:02d}"
    if test is None or column not in test or test.empty:
        return None
    return _score(test[column], test["label"], weights, settings)


def _score(logit: pd.Series, label: pd.Series, weights: tuple[float, float], settings: dict) -> _Score:
    loss = float(np.mean(star_losses(logit, label, weights, settings)))
    accuracy = float(((logit > 0) == (label == 1)).mean())
    return _Score(loss, accuracy, len(logit))
