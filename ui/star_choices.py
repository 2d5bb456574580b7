"""What the page Star is asked for: text, radius and epoch of a search by position; all stand in the URL."""

from dataclasses import dataclass

import streamlit as st

from core.archive.resolve import DEFAULT_RADIUS_ARCSEC
from core.datasets.real_stars import FIRST_STAR, real_star_facts
from ui import state

LARGEST_RADIUS_ARCSEC = 600.0


@dataclass(frozen=True)
class StarQuery:
    """`text` as typed ('' for nothing), `radius_arcsec` and `epoch` (as typed) of a search by position."""

    text: str
    radius_arcsec: float
    epoch: str


def offer_first_star() -> None:
    """A button that looks up the real star with which the tour begins; nothing where the sample is not installed."""
    if real_star_facts(FIRST_STAR) is not None:
        text = "Begin with a real O7 star of Cygnus OB2, behind 5 magnitudes of dust"
        st.button(text, icon=":material/star:", on_click=state.choose_source_id, args=(FIRST_STAR,))


def choose_star() -> StarQuery:
    """The look-up field, and the options of a search by name or coordinates."""
    state.take_latest_star()
    text = st.text_input(
        "Gaia DR3 source id, name or coordinates",
        key=state.SOURCE_ID,
        bind="query-params",
        type="search",
        placeholder="Theta1 Ori C, or 05 35 16.46 -05 23 22.8",
        help="An id is searched in the opened files, the embedded stars, the stars seen before and the Gaia archive. "
        "Coordinates may be decimal or sexagesimal, also 'galactic 209.0 -19.4'. Names need a network.",
        max_chars=200,
    )
    with st.popover("Search by position", icon=":material/my_location:"):
        radius = st.number_input(
            "Radius (arcsec)",
            0.1,
            LARGEST_RADIUS_ARCSEC,
            DEFAULT_RADIUS_ARCSEC,
            0.5,
            key=state.RADIUS,
            bind="query-params",
            help="How far from the position a source may lie; the nearest is taken.",
        )
        epoch = st.text_input(
            "Epoch of the coordinates",
            "J2000",
            key=state.EPOCH,
            bind="query-params",
            max_chars=12,
            help="Gaia's sources are moved to this epoch by their proper motions (Gaia's own is J2016.0).",
        )
    return StarQuery((text or "").strip(), float(radius), (epoch or "").strip() or "J2000")
