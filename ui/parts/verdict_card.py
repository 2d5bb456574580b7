"""The verdict on one star: probability, spread, members, what it means where massive stars are rare, and advice."""

import pandas as pd
import streamlit as st

from core.figures.probability import members_figure
from core.gaia.labels import THRESHOLD
from core.gaia.quality import Advice
from core.runs.catalogue import RunSummary
from core.statistics.prevalence import GAIA_PREVALENCE
from core.verdict.star_verdict import StarVerdict
from core.verdict.unseen import UNSEEN_NOTE
from ui.parts.figure import show
from ui.parts.live_plot import Readout
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import percent, probability_text
from ui.parts.prevalence import rung_text, show_ladder

_LEVELS = {
    "good": (":material/check_circle:", "green"),
    "caution": (":material/info:", "orange"),
    "warning": (":material/warning:", "red"),
}


def show_verdict(verdict: StarVerdict, run: RunSummary, prevalence: float = GAIA_PREVALENCE) -> None:
    """The ladder with the members' spread; says why where there is no verdict."""
    if verdict.probability is None:
        st.warning(f"Not classified: {escape_markdown(verdict.note)}.", icon=":material/warning:")
        return
    st.subheader(f"Verdict: {verdict.label}", anchor=False)
    show_ladder(verdict.ladder(prevalence), verdict.probability_std)
    if verdict.unseen:
        st.caption(
            f":material/visibility_off: {UNSEEN_NOTE.capitalize()}: {escape_markdown(run.title)} has learnt from "
            "this real star, so the numbers are those of the members in whose training neither the star nor a copy had "
            "a part."
        )
    else:
        show(members_figure(verdict.members), _members_caption(verdict, run), key="members")
    if verdict.note:
        st.warning(escape_markdown(verdict.note), icon=":material/warning:")


def verdict_readouts(verdict: StarVerdict, run: RunSummary) -> list[Readout]:
    """The numbers of a verdict beside a live plot: they have to keep up with a slider."""
    rung = verdict.ladder()[-1]
    assert verdict.probability is not None
    massive = int((verdict.members >= THRESHOLD).sum())
    return [
        Readout("Verdict", str(verdict.label), f"by {run.title}"),
        Readout(
            "Probability of massive",
            probability_text(verdict.probability, verdict.probability_std),
            f"{massive} of {len(verdict.members)} members say massive",
        ),
        Readout(
            "At Gaia's prevalence",
            rung_text(rung),
            f"where {percent(GAIA_PREVALENCE, 2)} of the stars are massive, as among all XP sources",
        ),
    ]


def show_contaminant(verdict: StarVerdict) -> None:
    """Whether the star is too faint to be massive, where its parallax tells."""
    if verdict.contaminant:
        st.warning(f"**Contaminant.** It {verdict.contaminant_reason}.", icon=":material/theater_comedy:")
    elif verdict.contaminant_reason:
        st.caption(f"Contaminant: {verdict.contaminant_reason}.")


def show_advice(advice: list[Advice]) -> None:
    """What Gaia's own quality figures say; advice, never a refusal."""
    if not advice:
        st.caption("The source of this spectrum gives no quality figures.")
    for finding in advice:
        icon, colour = _LEVELS[finding.level]
        st.markdown(f":{colour}[{icon}] {finding.text}", help=f"{finding.topic}: {finding.reference}")


def show_facts(facts: list[tuple[str, str]]) -> None:
    """Name and value of each fact, as a table."""
    shown = [(name, escape_markdown(value)) for name, value in facts]
    st.table(pd.DataFrame(shown, columns=["Fact", "Value"]).set_index("Fact"), border="horizontal")


def _members_caption(verdict: StarVerdict, run: RunSummary) -> str:
    count, title = len(verdict.members), escape_markdown(run.title)
    if count == 1:
        return f"The one member of {title}: a single network has no spread."
    massive = int((verdict.members >= THRESHOLD).sum())
    return f"{massive} of {count} members of {title} say massive. Diamond: mean with standard deviation."
