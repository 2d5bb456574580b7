"""Does the prediction for a star depend on the stars that are classified with it?"""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, passed

LARGEST = 1e-5
_COMPANIONS = (1, 7, 32)


def check(evidence: Evidence) -> Finding:
    """Logits of the same stars alone, among few and among many companions; difference relative to max(1, |logit|)."""
    ensemble = evidence.ensemble
    fed = ensemble.inputs(*evidence.probe)
    usable = np.flatnonzero(np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in fed.values()]))
    worst, worst_member = 0.0, 0
    for member, session in enumerate(ensemble.sessions):
        whole = _run(session, fed, usable)
        for size in _COMPANIONS:
            apart = np.concatenate(
                [_run(session, fed, usable[start : start + size]) for start in range(0, len(usable), size)]
            )
            difference = float(np.max(np.abs(apart - whole) / np.maximum(1.0, np.abs(whole))))
            if difference > worst:
                worst, worst_member = difference, member
    numbers = {"largest_difference": worst, "allowed": LARGEST, "stars": len(usable), "member": worst_member}
    if worst > LARGEST:
        text = (
            f"The same star gets other logits in another batch: they differ by up to {worst:.1e} (member "
            f"{worst_member}), allowed are {LARGEST:g}. A verdict depends on the star's companions."
        )
        return failed(text, **numbers)
    text = f"{len(usable)} stars alone and in batches of up to {len(usable)}: logits agree to {worst:.1e}."
    return passed(text, **numbers)


def _run(session, fed: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    batch = {name: np.ascontiguousarray(values[rows]) for name, values in fed.items()}
    return session.run(["logit"], batch)[0][:, 0].astype(np.float64)
