"""What a trained ensemble says of one spectrum."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.classification.unseen import load_unseen, with_unseen
from core.classification.verdict import member_probabilities, verdicts
from core.spectra.spectrum_set import SpectrumSet
from core.training.run_catalogue import RunSummary
from ui import cache


@dataclass(frozen=True)
class Judgement:
    """The verdict on one star.

    Attributes
    ----------
    run : RunSummary
    members : ndarray of shape (n_members,)
        Each member's calibrated probability of massive.
    probability, spread : float or None
        Mean and standard deviation (ddof 1) of the members; None where there is none.
    label : 'massive', 'low-mass' or None
    note : str
        Why there is no verdict, or what to know about it; '' for a good spectrum.
    unseen : bool
        The run has learnt from this real star: probability and spread are those of the members that never saw it, and
        `members` (which are all) are not shown.
    """

    run: RunSummary
    members: np.ndarray
    probability: float | None
    spread: float | None
    label: str | None
    note: str
    unseen: bool = False


def judge(star: SpectrumSet, run: RunSummary) -> Judgement:
    """Classify a set of one star; RunError where the run cannot be loaded."""
    ensemble = cache.load_ensemble(run.path, run.started)
    members = member_probabilities(star, ensemble)  # (n_members, 1)
    row = with_unseen(verdicts(star, members, ensemble), load_unseen(run.path)).iloc[0]
    label = None if pd.isna(row["label"]) else str(row["label"])
    probability, spread = _known(row["probability"]), _known(row["probability_std"])
    return Judgement(run, members[:, 0], probability, spread, label, str(row["note"]), bool(row["unseen"]))


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
