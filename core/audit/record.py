"""Does the run hold what others need to repeat it, and do its headline figures follow from its own tables?"""

import numpy as np
import pandas as pd

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.errors import RunError
from core.gaia.labels import THRESHOLD
from core.runs.hashes import changed_file, known_hashes
from core.runs.run import read_run
from core.statistics.probability_calibration import sigmoid

_NEEDED = ("seed", "settings", "versions", "device", "data", "calibration", "n_folds", "validation")
_TOLERANCE = 1e-6


def check_repeatable(evidence: Evidence) -> Finding:
    """Seed, settings, versions, data hash and calibration are stored, and verdicts are probabilities, not 0 and 1."""
    stored = evidence.run.as_dict()
    missing = [name for name in _NEEDED if stored.get(name) in (None, "", {}, [])]
    missing += [] if evidence.run.data.sha256 else ["data.sha256"]
    if missing:
        return failed(f"The run cannot be repeated: it does not say its {', '.join(missing)}.", missing=missing)
    if evidence.oof is None:
        return not_checked("the run has no out-of-fold predictions")
    different = int(evidence.oof["probability"].nunique())
    if different < min(20, len(evidence.oof)):
        text = f"The stored probabilities take only {different} values: they are verdicts without a probability."
        return failed(text, different_probabilities=different)
    return passed("Seed, settings, versions, data and calibration are stored; every verdict is a probability.")


def check_files(evidence: Evidence) -> Finding:
    """Members and what lies beside them have the SHA-256 that the run keeps of them."""
    hashes = known_hashes(evidence.run)
    unknown = [member.file for member in evidence.run.members if member.file not in hashes]
    if not hashes:
        return not_checked("the run is of a version that kept no hashes of its files")
    if fault := changed_file(evidence.folder, evidence.run):
        return failed(
            f"{fault[0].upper()}{fault[1:]}: nothing that is said of the run holds for it.", files=len(hashes)
        )
    if unknown:
        return not_checked(f"the run keeps no hash of {', '.join(unknown[:3])}")
    return passed(f"{len(hashes)} files have the SHA-256 that the run keeps of them.", files=len(hashes))


def check_figures(evidence: Evidence) -> Finding:
    """Accuracy and ROC-AUC in run.json are those of the stored tables, and probabilities follow from the logits."""
    oof, test, scaling = evidence.oof, evidence.test, evidence.run.calibration
    stated = evidence.run.figures.as_dict()
    if oof is None or not stated or scaling is None:
        return not_checked("the run states no figures or has no tables")
    shift = float(np.max(np.abs(oof["probability"] - sigmoid(scaling.slope * oof["logit"] + scaling.intercept))))
    again = figures_of(oof, test if "test_accuracy" in stated else None)
    wrong = {name: (stated.get(name), value) for name, value in again.items() if not _agree(stated.get(name), value)}
    if wrong:
        listed = "; ".join(f"{name} {old} stated, {new:.6f} stored" for name, (old, new) in wrong.items())
        return failed(f"The stated figures are not those of the stored predictions: {listed}.", wrong=list(wrong))
    if shift > 1e-6:
        return failed(f"Probabilities are not the calibrated logits (they differ by {shift:.1e}).", difference=shift)
    return passed("The stated accuracies and areas follow from the stored predictions.", **again)


def figures_of(oof: pd.DataFrame, test: pd.DataFrame | None) -> dict[str, float]:
    """Accuracy (mean over the folds) and ROC-AUC of stored predictions, by their names in run.json."""
    from sklearn.metrics import roc_auc_score

    correct = (oof["probability"] >= THRESHOLD) == (oof["label"] == 1)
    figures = {"validation_accuracy": float(correct.groupby(oof["fold"]).mean().mean())}
    figures["validation_roc_auc"] = float(roc_auc_score(oof["label"], oof["logit"]))
    if test is not None:
        figures["test_accuracy"] = float(((test["probability"] >= THRESHOLD) == (test["label"] == 1)).mean())
        figures["test_roc_auc"] = float(roc_auc_score(test["label"], test["probability"]))
    return figures


def check_like_for_like(evidence: Evidence) -> Finding:
    """Other networks beside this one in its folder stand on the same data and the same folds."""
    mine = evidence.run
    others = [path for path in evidence.beside if path.parent == evidence.folder.parent]
    compared, differing = 0, []
    for path in others:
        try:
            other = read_run(path)
        except RunError:
            continue
        if other.validation != mine.validation or other.model == mine.model:
            continue
        compared += 1
        if (other.data.sha256, other.data.fold_map) != (mine.data.sha256, mine.data.fold_map):
            differing.append(path.name)
    numbers = {"compared": compared, "differing": differing}
    if differing and _is_one_table(evidence):
        text = f"{', '.join(differing)} beside it stand on other data or folds: one table must not compare them."
        return failed(text, **numbers)
    if not compared:
        return passed("No other network stands in the same folder.", **numbers)
    return passed(
        f"{compared - len(differing)} other networks of this folder stand on the same stars and folds.", **numbers
    )


def _is_one_table(evidence: Evidence) -> bool:
    """Whether the folder is that of one training of several networks: each in a folder called like itself."""
    return evidence.folder.name == evidence.run.model


def _agree(stated: float | None, value: float) -> bool:
    return stated is not None and abs(stated - value) <= _TOLERANCE
