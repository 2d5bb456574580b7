"""What speaks against taking a verdict at its word. One table: a further check is a further row of `CHECKS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.verdict.conformal import ERROR_RATE, UNDECIDED
from core.verdict.notes import is_doubtful

if TYPE_CHECKING:
    from core.verdict.verdict import Verdict

TRUSTED, DOUBTED = "trusted", "doubted"


@dataclass(frozen=True)
class Doubt:
    """A reason to doubt the verdict on one star: `kind` (a key of `CHECKS`) and a sentence."""

    kind: str
    text: str


@dataclass(frozen=True)
class DoubtRule:
    """One kind of doubt.

    Attributes
    ----------
    rows : callable
        (verdict) -> bool ndarray of shape (n_stars,): which stars are doubted.
    text : callable
        (verdict, row) -> what to say of a doubted star.
    """

    rows: Callable[["Verdict"], np.ndarray]
    text: Callable[["Verdict", int], str]


CHECKS: dict[str, DoubtRule] = {
    "note": DoubtRule(lambda verdict: _doubtful(verdict.note), lambda verdict, row: str(verdict.note[row])),
    "out_of_distribution": DoubtRule(
        lambda verdict: verdict.ood_score > 1.0,
        lambda verdict, row: f"unlike the training stars (score {verdict.ood_score[row]:.1f}, limit 1)",
    ),
    "undecided": DoubtRule(
        lambda verdict: verdict.conformal_labels() == UNDECIDED,
        lambda verdict, row: f"undecided at an error rate of {100 * ERROR_RATE:g} %",
    ),
    "impostor": DoubtRule(
        lambda verdict: verdict.contaminant.fillna(False).to_numpy(bool),
        lambda verdict, row: str(verdict.contaminant_reason[row]),
    ),
}
"""By kind, in the order in which they are said."""


def _doubtful(note: np.ndarray) -> np.ndarray:
    """Which notes say more than marks, boolean (n_stars,)."""
    result = note != ""
    rows = np.flatnonzero(result)
    result[rows] = [is_doubtful(str(text)) for text in note[rows]]
    return result


def trust(verdict: "Verdict") -> np.ndarray:
    """'trusted', 'doubted', or None where there is no verdict: object ndarray of shape (n_stars,)."""
    doubted = np.logical_or.reduce([check.rows(verdict) for check in CHECKS.values()])
    result = np.where(doubted, DOUBTED, TRUSTED).astype(object)
    result[np.isnan(verdict.probability)] = None
    return result


def doubts_of(verdict: "Verdict", row: int) -> tuple[Doubt, ...]:
    """The doubts about one star; none where there is no verdict that could be doubted."""
    if np.isnan(verdict.probability[row]):
        return ()
    return tuple(Doubt(kind, check.text(verdict, row)) for kind, check in CHECKS.items() if check.rows(verdict)[row])
