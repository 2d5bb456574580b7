"""Techniques: the same stars judged by everyone who can judge them, and what their opinions are worth together."""

import streamlit as st

from core.errors import ExplorerError
from core.techniques.registry import SOURCES
from ui import state
from ui.parts.choice import choose_one
from ui.parts.markdown import escape_markdown
from ui.parts.prevalence import choose_prevalence
from ui.parts.tabs import show_tabs
from ui.shell import link, page
from ui.techniques import cache
from ui.techniques.views import show_agreement, show_plane, show_registry, show_stars, show_validity

page("Techniques", ":material/diversity_3:")

GROUNDS = {"simulated": "Simulated sky, all surveys", "real": "Real stars with published labels"}
left, middle, right = st.columns([2, 3, 2], gap="medium", vertical_alignment="bottom")
with left:
    ground = choose_one("Stars", GROUNDS, state.GROUND)
with middle:
    missing = tuple(
        st.multiselect(
            "Surveys that are missing",
            list(SOURCES),
            format_func=SOURCES.__getitem__,
            key=state.MISSING,
            bind="query-params",
            disabled=ground == "real",
            placeholder="None: every survey speaks",
            help="Techniques that need a missing survey abstain; the others vote as before.",
        )
    )
with right:
    prevalence = choose_prevalence()
try:
    stars = cache.chosen_stars(ground, missing)
except ExplorerError as error:
    st.error(escape_markdown(error), icon=":material/error:")
    link("Overview")
    st.stop()
if stars.on_the_sky:
    st.caption(
        f"{len(stars):,} simulated stars with what Gaia, 2MASS, WISE, u g r i surveys, spectrographs and literature "
        "would list of them; rare kinds are drawn often and weighed back to the sky. Every vote is calibrated "
        "on other stars. A technique that lacks its survey abstains."
    )
else:
    st.caption(
        f"{len(stars):,} real stars with G, BP - RP, J, H, Ks and XP spectra, no parallaxes. The ensemble's verdicts "
        "are of members that never saw the star; the combination is fitted on other stars than it judges."
    )
for text in stars.refused.values():
    st.warning(f"{escape_markdown(text)}: it does not vote here.", icon=":material/policy:")

show_tabs(
    {
        "What they are worth": lambda: show_plane(stars, ground, missing, prevalence),
        "Who agrees": lambda: show_agreement(stars, ground, missing),
        "Who can see what": lambda: show_validity(stars),
        "Disputed stars": lambda: show_stars(stars),
        "The techniques": lambda: show_registry(stars),
    }
)
