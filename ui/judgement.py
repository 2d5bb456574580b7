"""What a trained ensemble says of one spectrum."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.runs.catalogue import RunSummary
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.verdict import member_probabilities, verdicts
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
    """

    run: RunSummary
    members: np.ndarray
    probability: float | None
    spread: float | None
    label: str | None
    note: str


def judge(star: SpectrumSet, run: RunSummary) -> Judgement:
    """Classify a set of one star; RunError where the run cannot be loaded."""
    ensemble = cache.load_ensemble(run.path, run.started)
    members = member_probabilities(star, ensemble)  # (n_members, 1)
    row = verdicts(star, members, ensemble).iloc[0]
    label = None if pd.isna(row["label"]) else str(row["label"])
    return Judgement(
        run, members[:, 0], _known(row["probability"]), _known(row["probability_std"]), label, str(row["note"])
    )


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
