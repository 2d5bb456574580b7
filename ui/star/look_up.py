"""The star that a page is asked for: the choice, which stands in the URL, its look-up, and the verdict on it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.archive.client import ArchiveClient
from core.datasets.real_stars import FIRST_STAR, real_star_facts
from core.errors import ExplorerError
from core.gaia.releases import DEFAULT, RELEASES, find_release
from core.runs.catalogue import RunSummary
from core.star.card import VerdictCard, verdict_card
from core.star.lookup import find_star
from core.star.resolve import DEFAULT_RADIUS_ARCSEC
from ui import cache, state
from ui.star.drawn_again import find_drawn

LARGEST_RADIUS_ARCSEC = 600.0


@dataclass(frozen=True)
class StarQuery:
    """`text` as typed ('' for nothing); `radius_arcsec` and `epoch` of a search by position; `release` to search.

    `drawn` : where a link found the star (`ui.star.drawn_again`), '' for a star that was typed.
    """

    text: str
    radius_arcsec: float
    epoch: str
    release: str = DEFAULT.key
    drawn: str = ""


def offer_first_star() -> None:
    """A button that looks up the real star with which the tour begins; nothing where the sample is not installed."""
    if real_star_facts(FIRST_STAR) is not None:
        text = "Begin with a real O7 star of Cygnus OB2, behind 5 magnitudes of dust"
        st.button(text, icon=":material/star:", on_click=state.choose_source_id, args=(FIRST_STAR,))


def choose_star() -> StarQuery:
    """The look-up field, and the options of a search by name or coordinates."""
    state.take_latest_star()
    text = st.text_input(
        "Gaia source id, name or coordinates",
        key=state.SOURCE_ID,
        bind="query-params",
        type="search",
        placeholder="Theta1 Ori C, or 05 35 16.46 -05 23 22.8",
        help="An id is searched in the opened files, the shipped stars, the stars seen before and the Gaia archive. "
        "Coordinates may be decimal or sexagesimal, also 'galactic 209.0 -19.4'. Names need a network.",
        max_chars=200,
    )
    release = st.segmented_control(
        "Data release",
        [item.key for item in RELEASES],
        default=DEFAULT.key,
        format_func=lambda key: find_release(key).name,
        key=state.RELEASE,
        bind="query-params",
        help="Which release's tables and spectra are asked for. An id of the other one is translated, as is said.",
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
            help="Gaia's sources are moved to this epoch by their proper motions (DR3's own: J2016.0, DR4's: J2017.5).",
        )
    return StarQuery(
        (text or "").strip(), float(radius), (epoch or "").strip() or "J2000", release or DEFAULT.key,
        str(state.query(state.DRAWN, "")),
    )  # fmt: skip


def drawn_query(query: StarQuery) -> dict[str, str]:
    """For links to the same star on another page: where it is found again."""
    return {state.DRAWN: query.drawn} if query.drawn else {}


def look_up(query: StarQuery, run: RunSummary | None, on_wait: Callable[[str], None] | None = None) -> VerdictCard:
    """Find a star by id, name or coordinates and judge it with a run; `on_wait` is told of the archive's hiccups.

    Opened files come first (in each, the row that is chosen), then the shipped stars, the download cache, the archive.

    Raises
    ------
    ExplorerError
        As `core.star.lookup.find_star` and `core.verdict.ensemble.load_ensemble`.
    """
    opened = state.opened_files()
    again = state.take_ask_again()
    asked = (query, opened.uploads, tuple(opened.spectra), tuple(opened.rows.items()))
    record = None if again else state.local_record(asked)
    if record is None and query.drawn and not again:
        record = find_drawn(query.drawn, query.text)
        if record is not None:
            state.remember_record(asked, record)
    if record is None:
        chosen = [spectra.take(np.array([opened.rows.get(name, 0)])) for name, spectra in opened.spectra.items()]
        if query.text not in {str(spectra.source_id[0]) for spectra in chosen}:
            with suppress(ExplorerError):  # without room for it there is nothing to search
                cache.embedded_dataset()  # the first call on a machine draws it
        record = find_star(
            query.text,
            radius_arcsec=query.radius_arcsec,
            epoch=query.epoch,
            opened=[*chosen, *opened.spectra.values()],
            refresh=again,
            client=ArchiveClient(on_message=on_wait, release=find_release(query.release)),
        )
        state.remember_record(asked, record)
    return verdict_card(record, *cache.load_classifier(run)) if run else verdict_card(record)
