"""Was a real star of the half that decides trained on, or a copy of one?

Which half a real star belongs to follows from its id (`core.datasets.halves`): the ids that a run records are enough.
"""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.datasets.halves import TEST, parts_of
from core.verdict.unseen import UNSEEN_FILE, load_unseen

COPY_COLUMNS = ("copy_of", "real_source_id")
"""Columns of a data set that name the real star of which a row is a copy."""
REAL_COLUMN = "origin"
_REAL_ORIGINS = ("APOGEE", "real")


def check(evidence: Evidence) -> Finding:
    """Every real star that the run records is of the half that may be learnt from; so is the original of every copy.

    Real stars are those of `real_oof.parquet`, of the list `data.real_source_ids` in run.json, and, with the data at
    hand, the rows whose `origin` says so and the originals named in `copy_of`. Rows of the data set's own test part are
    held out, and do not count.
    """
    recorded = _recorded(evidence)
    in_data = _in_data(evidence)
    ids = np.unique(np.concatenate([recorded, in_data]))
    if not len(ids):
        if _says_simulated(evidence):
            return passed("The run records no real star: it has learnt from simulated ones alone.", n_real=0)
        return not_checked(f"the run records no real stars, and its data set is not at hand ({evidence.data_note})")
    sealed = ids[parts_of(ids) == TEST]
    numbers = {"n_real": len(ids), "sealed": len(sealed)}
    if len(sealed):
        return failed(
            f"{len(sealed)} of {len(ids):,} real stars that were trained on (or copies of them) belong to the half "
            f"that decides, e.g. source_id {sealed[0]}: what is measured on that half proves nothing.",
            **numbers,
        )
    return passed(f"All {len(ids):,} real stars that were trained on belong to the half to learn from.", **numbers)


def _recorded(evidence: Evidence) -> np.ndarray:
    """Ids of real stars that the run folder names."""
    ids = np.array([int(value) for value in evidence.run.data.real_source_ids], dtype=np.int64)
    if not (evidence.folder / UNSEEN_FILE).is_file():
        return ids
    return np.concatenate([ids, load_unseen(evidence.folder).table.index.to_numpy(dtype=np.int64)])


def _in_data(evidence: Evidence) -> np.ndarray:
    """Ids of real stars among the training rows of the data set, and of the originals of copies."""
    data = evidence.data
    if data is None:
        return np.array([], dtype=np.int64)
    trained = np.ones(len(data), dtype=bool) if data.is_test is None else ~data.is_test
    found = [data.source_id[trained & _is_real(data)]]
    for name in COPY_COLUMNS:
        if name in data.metadata:
            original = data.metadata[name].to_numpy(dtype=float, na_value=np.nan) > 0
            found.append(data.metadata[name][trained & original].astype("int64").to_numpy())
    return np.concatenate(found)


def _is_real(data) -> np.ndarray:
    if REAL_COLUMN not in data.metadata:
        return np.zeros(len(data), dtype=bool)
    return data.metadata[REAL_COLUMN].astype(str).str.startswith(_REAL_ORIGINS).to_numpy()


def _says_simulated(evidence: Evidence) -> bool:
    """Whether the data at hand are simulated, or the run's data set is the embedded one."""
    return evidence.run.data.path.startswith("embedded-") or (
        evidence.data is not None and "true_teff" in evidence.data.metadata
    )
