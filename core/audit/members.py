"""Is the ensemble made of different networks?"""

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed

EQUAL_BELOW = 1e-6
"""Largest difference of two members' logits, relative to their scatter, at which they are the same network."""


def check(evidence: Evidence) -> Finding:
    """Every two members differ in their weights (read from the ONNX files) and in what they predict."""
    if len(evidence.ensemble) < 2:
        return not_checked("the run has a single member, which is no ensemble")
    logits = evidence.ensemble.logits(*evidence.probe)  # (n_members, n_probe)
    scatter = float(np.nanstd(logits)) or 1.0
    files = evidence.ensemble.files
    hashes = [_stored_weights(path) for path in files]
    pairs = list(combinations(range(len(files)), 2))
    same_weights = [(a, b) for a, b in pairs if hashes[a] == hashes[b]]
    difference = {(a, b): float(np.nanmax(np.abs(logits[a] - logits[b]))) / scatter for a, b in pairs}
    same_answers = [pair for pair in pairs if difference[pair] <= EQUAL_BELOW]
    typical = float(np.median(np.nanstd(logits, axis=0, ddof=1)))
    numbers = {
        "members": len(files),
        "different_weights": len(set(hashes)),
        "pairs_with_equal_weights": len(same_weights),
        "pairs_with_equal_predictions": len(same_answers),
        "median_logit_spread": typical,
    }
    if same_weights or same_answers:
        a, b = (same_weights or same_answers)[0]
        what = "the same weights" if same_weights else "the same predictions"
        text = (
            f"Members {a} and {b} have {what} ({len(set(hashes))} different networks among {len(files)} members): "
            "their spread means nothing."
        )
        return failed(text, **numbers)
    return passed(
        f"{len(files)} members with different weights and predictions; their logits scatter by {typical:.2f}.",
        **numbers,
    )


def _stored_weights(path: Path) -> str:
    """SHA-256 over the weights in an ONNX file, whatever names the graph gives them."""
    import onnx
    from onnx import numpy_helper

    arrays = [numpy_helper.to_array(tensor) for tensor in onnx.load(str(path)).graph.initializer]
    digests = sorted(hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in arrays)
    return hashlib.sha256("".join(digests).encode()).hexdigest()
