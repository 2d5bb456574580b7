"""Are stars shared between the parts of the data?"""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed


def check(evidence: Evidence) -> Finding:
    """Each source_id in one fold or in the test set, once; with the data at hand, no spectrum under two ids either."""
    oof, test = evidence.oof, evidence.test
    if oof is None or test is None:
        return not_checked("the run has no out-of-fold or no test predictions")
    repeated = int(oof["source_id"].duplicated().sum())
    shared = np.intersect1d(oof["source_id"], test["source_id"])
    numbers = {"n_train": len(oof), "n_test": len(test), "shared_with_test": len(shared), "in_two_folds": repeated}
    if len(shared):
        text = f"{len(shared)} stars stand in both the training and the test part, e.g. source_id {shared[0]}."
        return failed(text, **numbers)
    if repeated:
        return failed(f"{repeated} rows repeat a star that another fold, or the same one, validates.", **numbers)
    text = f"{len(oof):,} training stars and {len(test):,} test stars, each once"
    if evidence.data is None:
        return passed(f"{text}. Equal spectra under different ids could not be looked for: {evidence.data_note}.")
    twins = _twins(evidence)
    numbers["equal_spectra_in_different_parts"] = twins
    if twins:
        return failed(f"{twins} spectra occur under two ids in different folds or in the test set.", **numbers)
    return passed(f"{text}; no spectrum occurs under two ids in different parts.", **numbers)


def _twins(evidence: Evidence) -> int:
    """Spectra that are equal, sample for sample, in two different parts."""
    data, folds = evidence.data, evidence.folds
    if data is None or folds is None:
        return 0
    first: dict[bytes, int] = {}
    rows = np.flatnonzero(folds.fold >= -1)
    parts = folds.fold[rows]
    return sum(first.setdefault(data.flux[row].tobytes(), fold) != fold for row, fold in zip(rows, parts, strict=True))
