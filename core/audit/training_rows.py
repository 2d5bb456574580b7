"""Do the stored folds follow the protocol that the run names, and was preprocessing fitted on training stars alone?"""

import hashlib

import numpy as np
import pandas as pd

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.runs.protocol import sky_block
from core.spectra.representations import fit_context_statistics, fit_representation

_TOLERANCE = 1e-4


def check_folds(evidence: Evidence) -> Finding:
    """Sky blocks are whole where the run says 'sky'; with the data at hand the folds are those of the protocol."""
    oof, run = evidence.oof, evidence.run
    if oof is None:
        return not_checked("the run has no out-of-fold predictions")
    if run.validation == "sky":
        blocks = sky_block(oof["source_id"].to_numpy(np.int64))
        per_block = oof["fold"].groupby(blocks)
        split = int((per_block.min() != per_block.max()).sum())
        if split:
            return failed(f"{split} sky blocks are divided between folds, though the run says 'sky'.", split=split)
    if evidence.data is None or evidence.folds is None:
        return not_checked(evidence.data_note)
    data, folds = evidence.data, evidence.folds
    stored = oof.set_index("source_id")["fold"]
    mine = pd.Series(folds.fold, index=data.source_id).reindex(stored.index)
    differing = int((mine != stored).sum())
    digest = hashlib.sha256(data.source_id.tobytes() + folds.fold.tobytes()).hexdigest()[:16]
    same_map = digest == run.data.fold_map
    numbers = {"stars_in_another_fold": differing, "fold_map_agrees": same_map}
    if differing or not same_map:
        return failed(
            f"{differing} stars are in another fold than the protocol '{run.validation}' with seed {run.seed} "
            "gives: the folds were changed.",
            **numbers,
        )
    return passed(f"The folds are those of the protocol '{run.validation}', seed {run.seed}.", **numbers)


def check_preprocessing(evidence: Evidence) -> Finding:
    """Fitted components and context statistics equal those of the training stars."""
    run, data, folds = evidence.run, evidence.data, evidence.folds
    state = evidence.ensemble.representation_state or {}
    statistics = run.context_statistics
    if not state and not statistics:
        return passed("Nothing in the preparation is fitted: each spectrum is treated by itself.")
    if data is None or folds is None:
        return not_checked(evidence.data_note)
    rows = np.flatnonzero(folds.fold >= 0)
    worst = 0.0
    if state:
        again = fit_representation(run.representation, data.flux[rows])
        worst = _difference(again["mean"], state["mean"])
        worst = max(worst, _difference(again["scale"], state["scale"]))
    if statistics:
        fitted = fit_context_statistics(data.flux[rows])
        worst = max(worst, *(_difference(fitted[name], statistics[name]) for name in ("mean", "std")))
    if worst > _TOLERANCE:
        return failed(
            f"What the preparation learnt differs by {worst:.1e} from a fit on the training stars: others, such as the "
            "test set, were in it.",
            largest_difference=worst,
        )
    return passed("The preparation was fitted on the training stars alone.", largest_difference=worst)


def _difference(first, second) -> float:
    """Largest difference relative to the largest value."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return float(np.max(np.abs(first - second)) / max(float(np.max(np.abs(first))), 1e-300))
