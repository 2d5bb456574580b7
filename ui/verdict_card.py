"""The verdict on one star: probability, spread, members, what it means where massive stars are rare, and advice."""

import pandas as pd
import streamlit as st

from core.archive.card import VerdictCard
from core.archive.quality import Advice
from core.classification.unseen import UNSEEN_NOTE
from core.evaluation.prevalence import GAIA_PREVALENCE, reweight
from core.figures.probability import members_figure
from ui.figure import show
from ui.judgement import Judgement
from ui.live_plot import Readout
from ui.numbers import percent, probability_text
from ui.plain import plain

_LEVELS = {
    "good": (":material/check_circle:", "green"),
    "caution": (":material/info:", "orange"),
    "warning": (":material/warning:", "red"),
}


def show_judgement(judgement: Judgement) -> None:
    """The number with its spread, the members, what it means; says why where there is no verdict."""
    if judgement.probability is None:
        st.warning(f"Not classified: {plain(judgement.note)}.", icon=":material/warning:")
        return
    posterior = float(reweight(judgement.probability, GAIA_PREVALENCE))
    st.subheader(f"Verdict: {judgement.label}", anchor=False)
    st.metric("Probability of massive", probability_text(judgement.probability, judgement.spread))
    if judgement.unseen:
        st.caption(
            f":material/visibility_off: {UNSEEN_NOTE.capitalize()}: {judgement.run.title} has learnt from this real "
            "star, so the numbers are those of the members in whose training neither the star nor a copy had a part."
        )
    else:
        show(members_figure(judgement.members), _members_caption(judgement), key="members")
    st.markdown(
        f"Calibrated at **equal priors**. Where {percent(GAIA_PREVALENCE, 2)} of the stars are massive, as among "
        f"all of Gaia's XP sources, the probability is **{percent(posterior)}**."
    )
    if judgement.note:
        st.warning(plain(judgement.note), icon=":material/warning:")


def judgement_readouts(judgement: Judgement) -> list[Readout]:
    """The numbers of a verdict beside a live plot: they have to keep up with a slider."""
    assert judgement.probability is not None
    massive = int((judgement.members >= 0.5).sum())
    posterior = float(reweight(judgement.probability, GAIA_PREVALENCE))
    return [
        Readout("Verdict", str(judgement.label), f"by {judgement.run.title}"),
        Readout(
            "Probability of massive",
            probability_text(judgement.probability, judgement.spread),
            f"{massive} of {len(judgement.members)} members say massive",
        ),
        Readout(
            "At Gaia's prevalence",
            percent(posterior),
            f"where {percent(GAIA_PREVALENCE, 2)} of the stars are massive, as among all XP sources",
        ),
    ]


def show_impostor(card: VerdictCard) -> None:
    """Whether the star is too faint to be massive, where its parallax tells."""
    if card.impostor:
        st.warning(f"**Impostor.** It {card.impostor_reason}.", icon=":material/theater_comedy:")
    elif card.impostor_reason:
        st.caption(f"Impostor: {card.impostor_reason}.")


def show_advice(advice: list[Advice]) -> None:
    """What Gaia's own quality figures say; advice, never a refusal."""
    if not advice:
        st.caption("The source of this spectrum gives no quality figures.")
    for finding in advice:
        icon, colour = _LEVELS[finding.level]
        st.markdown(f":{colour}[{icon}] {finding.text}", help=f"{finding.topic}: {finding.reference}")


def show_facts(facts: list[tuple[str, str]]) -> None:
    """Name and value of each fact, as a table."""
    shown = [(name, plain(value)) for name, value in facts]
    st.table(pd.DataFrame(shown, columns=["Fact", "Value"]).set_index("Fact"), border="horizontal")


def _members_caption(judgement: Judgement) -> str:
    count, title = len(judgement.members), judgement.run.title
    if count == 1:
        return f"The one member of {title}: a single network has no spread."
    massive = int((judgement.members >= 0.5).sum())
    return f"{massive} of {count} members of {title} say massive. Diamond: mean with standard deviation."
