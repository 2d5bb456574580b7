"""The prevalence that the ladder's last rung holds for; one choice, the same on every page, as `?prevalence=...`."""

import streamlit as st

from core.statistics.prevalence import EQUAL_PRIOR, GAIA_PREVALENCE, PLANE_PREVALENCE
from core.verdict.ladder import Rung, prevalence_text
from ui import state
from ui.parts.choice import choose_one
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import percent, probability_text, share_text

PREVALENCES = {
    f"{GAIA_PREVALENCE:g}": "0.03 %: all of Gaia's XP sources",
    f"{PLANE_PREVALENCE:g}": "0.3 %: the Galactic plane",
    "0.001": "0.1 %",
    "0.01": "1 %: a field of young stars",
    f"{EQUAL_PRIOR:g}": "50 %: equal numbers, as in training sets",
}
_HELP = (
    "How many of the stars among which this one was found are massive. 0.03 % of Gaia's XP sources, 0.3 % within 2° of "
    "the Galactic plane (our simulated survey); much more in an OB association."
)


def choose_prevalence() -> float:
    """The prior; a number in the URL that is not listed is offered, too."""
    titles = dict(PREVALENCES)
    wanted = state.query(state.PREVALENCE)
    try:
        if wanted and wanted not in titles and 0.0 < float(wanted) < 1.0:
            titles[wanted] = prevalence_text(float(wanted))
    except ValueError:
        pass  # nonsense in an address is ignored
    return float(choose_one("Prevalence of massive stars", titles, state.PREVALENCE, help=_HELP))


def show_ladder(rungs: tuple[Rung, ...], spread: float | None = None) -> None:
    """Each rung in a row: its probability in large type, what it is, and why it may be a lower limit.

    `spread` : of the first rung, over the members.
    """
    for number, rung in enumerate(rungs):
        text = rung_text(rung) if number else probability_text(rung.probability, spread)
        note = f"  \n:small[:gray[{escape_markdown(rung.note)}]]" if rung.note else ""
        st.markdown(f"#### {text}\n{rung.title}{note}")


def rung_text(rung: Rung) -> str:
    r"""A rung's probability as shown: a posterior in per cent, with the sign of a lower limit where it is one.

    >>> rung_text(Rung("at_prevalence", "", 0.984, True))
    '≥ 98.4\xa0%'
    """
    if rung.key != "at_prevalence":
        return probability_text(rung.probability, None)
    if rung.at_least:
        return f"≥ {share_text(rung.probability)}"
    return share_text(rung.probability) if rung.probability >= 1e-6 else percent(rung.probability, 4)
