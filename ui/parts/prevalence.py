"""Choice of the prevalence at which posteriors are stated."""

from core.statistics.prevalence import GAIA_PREVALENCE, PLANE_PREVALENCE, STUDY_PREVALENCE
from ui import state
from ui.parts.choice import choose_one

PREVALENCES = {
    f"{GAIA_PREVALENCE:g}": "0.03 %: all of Gaia's XP sources",
    f"{PLANE_PREVALENCE:g}": "0.3 %: the Galactic plane",
    "0.001": "0.1 %",
    "0.01": "1 %: a field of young stars",
    f"{STUDY_PREVALENCE:g}": "50 %: the study's sets",
}


def choose_prevalence() -> float:
    """The prior; stands in the URL."""
    return float(choose_one("Prevalence of massive stars", PREVALENCES, state.PREVALENCE))
