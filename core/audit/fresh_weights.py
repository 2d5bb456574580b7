"""Did every fold start from a fresh network?

Three witnesses: the hash of every member's first weights, the same network built again with the member's seed, and the
loss of the first epoch. Weights that carry over from fold to fold have been trained on the present validation stars.
"""

import json
import subprocess
import sys

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.settings import PROJECT_ROOT

_TIMEOUT_S = 300
HEAD_START = 0.35
"""Share of fold 0's whole progress that another fold may have made by the end of its first epoch beyond fold 0's."""


def check(evidence: Evidence) -> Finding:
    """First weights differ from fold to fold and, where this machine can say, are those of a network just built."""
    members = evidence.run.members
    first = {member.fold: member.initial_weights_hash for member in members}
    last = {member.fold: member.weights_hash for member in members}
    if not first or not all(first.values()):
        return not_checked("the run did not store the hashes of its first weights")
    numbers: dict = {"folds": len(first), "different_first_weights": len(set(first.values()))}
    carried = [fold for fold, value in first.items() if value in {h for f, h in last.items() if f != fold}]
    if carried:
        text = f"Folds {_listed(carried)} started from the trained weights of another fold: they know their stars."
        return failed(text, **numbers, carried_over=carried)
    if len(set(first.values())) < len(first):
        return failed("Two folds started from the same weights: their members are not independent.", **numbers)
    ahead = _head_start(evidence)
    if ahead is not None:
        numbers["head_start"] = ahead
    rebuilt = _rebuilt_hashes(evidence, sorted(first))
    agree = [fold for fold, value in rebuilt.items() if value == first[fold]]
    numbers["rebuilt_and_equal"] = len(agree)
    if rebuilt and agree and len(agree) < len(rebuilt):
        wrong = sorted(set(rebuilt) - set(agree))
        text = (
            f"Folds {_listed(wrong)} did not start from a fresh network: built again with the run's seed it has other "
            f"weights (folds {_listed(agree)} agree), so some layers carried over."
        )
        return failed(text, **numbers, carried_over=wrong)
    if rebuilt and len(agree) == len(rebuilt):
        text = f"All {len(first)} folds started from a fresh network: built again with the run's seed it is the same."
        return passed(text, **numbers)
    if ahead is not None and ahead > HEAD_START:
        text = (
            f"After their first epoch the later folds are {100 * ahead:.0f} % of a whole training ahead of the first "
            "fold: they did not start afresh."
        )
        return failed(text, **numbers)
    text = f"All {len(first)} folds started from different weights"
    return passed(
        f"{text}, and none had a head start. Building them again proves nothing here (other versions or device).",
        **numbers,
    )


def _listed(folds: list[int]) -> str:
    return ", ".join(map(str, sorted(folds)))


def _head_start(evidence: Evidence) -> float | None:
    """How far the later folds' first epoch is ahead of fold 0's, in units of fold 0's whole fall of the loss."""
    curves = evidence.curves
    if curves is None or curves["fold"].nunique() < 3:
        return None
    ordered = curves.sort_values("epoch").groupby("fold")["loss"]
    begin, end = ordered.first(), ordered.min()
    later = begin.iloc[1:]
    fall = float(begin.iloc[0] - end.iloc[0])
    return float((begin.iloc[0] - np.median(later)) / fall) if fall > 0 else None


def _rebuilt_hashes(evidence: Evidence, folds: list[int]) -> dict[int, str]:
    """Hashes of the networks built again with the members' seeds; empty where they cannot be built.

    In a process of its own: the training framework is large, and some folds may have been trained by another backend.
    """
    run = evidence.run
    wanted = [json.dumps({"model": run.model, "seed": run.seed, "folds": folds})]
    command = [sys.executable, "-m", "core.audit.rebuilt_weights", *wanted]
    try:
        done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S)
        return {int(fold): value for fold, value in json.loads(done.stdout.splitlines()[-1]).items()}
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return {}
