"""The verdict on one star: probability, spread, members, what it means where massive stars are rare, and advice."""

import pandas as pd
import streamlit as st

from core.archive.quality import Advice
from core.evaluation.prevalence import GAIA_PREVALENCE, reweight
from core.figures.probability import members_figure
from ui.figure import percent, show
from ui.star_lookup import JudgedStar

_LEVELS = {
    "good": (":material/check_circle:", "green"),
    "caution": (":material/info:", "orange"),
    "warning": (":material/warning:", "red"),
}


def show_verdict(star: JudgedStar) -> None:
    """The number, the members, what it means, the impostor check; says why where there is no verdict."""
    card = star.card
    if star.run is None:
        return
    if card.probability is None:
        st.warning(f"Not classified: {card.note}.", icon=":material/warning:")
        return
    spread = "" if card.probability_std is None else f" ± {card.probability_std:.3f}"
    st.subheader(f"Verdict: {card.label}", anchor=False)
    st.metric("Probability of massive", f"{card.probability:.3f}{spread}")
    show(members_figure(star.members), _members_caption(star), key="members")
    posterior = float(reweight(card.probability, GAIA_PREVALENCE))
    st.markdown(
        f"Calibrated at **equal priors**. Where {percent(GAIA_PREVALENCE, 2)} of the stars are massive, as among "
        f"all of Gaia's XP sources, the probability is **{percent(posterior)}**."
    )
    if card.note:
        st.warning(card.note, icon=":material/warning:")
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
    st.table(pd.DataFrame(facts, columns=["Fact", "Value"]).set_index("Fact"), border="horizontal")


def _members_caption(star: JudgedStar) -> str:
    count, title = len(star.members), star.run.title if star.run else ""
    if count == 1:
        return f"The one member of {title}: a single network has no spread."
    massive = int((star.members >= 0.5).sum())
    return f"{massive} of {count} members of {title} say massive. Diamond: mean with standard deviation."
