"""Associations: groups of massive stars under the user's fingers, and what can be said about them."""

import numpy as np
import streamlit as st

from core.errors import ExplorerError
from core.sky.job import HDBSCAN
from core.sky.neighbours import DenseNeighbourhoodError
from core.sky.star_source import StarSource
from ui import state
from ui.associations import views
from ui.associations.choices import PRESETS, choose_settings, presets, pushes, take_preset, take_released_eps
from ui.associations.film import show_space
from ui.associations.jobs import AT_ONCE, result_or_job
from ui.associations.map import association_map
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
from ui.shell import link, page
from ui.sky_map import cache as sky_cache
from ui.sky_map.sources import choose_cuts, link_to_survey, require_source, star_link, travelling

page("Associations", ":material/workspaces:")

MOST_STARS = 300_000

source = require_source()


@st.fragment
def explore(source: StarSource) -> None:
    """Everything below the choice of a table; only this part runs again when a choice changes."""
    try:
        group_and_show(source)
    except DenseNeighbourhoodError as error:
        st.warning(f"Too dense. {escape_markdown(error)}.", icon=":material/blur_on:")
        st.button("Back to the suggested settings", on_click=take_preset, args=PRESETS["Suggested"])
    except ExplorerError as error:
        st.warning(f"{escape_markdown(error)}.", icon=":material/error:")
        st.button("Back to the suggested settings", on_click=take_preset, args=PRESETS["Suggested"])


def group_and_show(source: StarSource) -> None:
    """Choices, map, tables."""
    with st.expander("Which stars", icon=":material/filter_alt:", expanded=False):
        cuts = choose_cuts(source)
    presets()
    settings, method = choose_settings(source)
    n_stars = source.count(cuts)
    if not n_stars:
        st.info("No star passes these cuts: lower the probability or widen the cuts.", icon=":material/filter_alt_off:")
        return
    if n_stars > MOST_STARS:
        st.info(
            f"{n_stars:,} stars pass; at most {MOST_STARS:,} are grouped here. Raise the probability or the parallax "
            "cut, or use `python -m core cluster` for a table of any size.",
            icon=":material/compress:",
        )
        return
    table, places = sky_cache.read_stars(source, source.key, cuts, method)
    key = f"{source.key} {cuts} {method}"
    groups = None
    if settings.algorithm == "hdbscan" and n_stars > AT_ONCE:
        groups = result_or_job(HDBSCAN, table, settings, method, f"Group {n_stars:,} stars with HDBSCAN")
        if groups is None:
            return
    found, swept, rows = sky_cache.group_stars(places, key, settings, groups)
    with st.container():
        views.show_numbers(found, table, sky_cache.count_all(source, source.key))
    position, has_distances = sky_cache.positions(places, rows)
    marked = sky_cache.well_known(float(np.linalg.norm(position, axis=1).max(initial=0.0)))
    clicked = association_map(
        table["source_id"].to_numpy()[rows],
        position,
        swept,
        chosen=settings.eps_in_unit,
        push=pushes(),
        unit=settings.unit,
        known=marked if has_distances else marked.iloc[:0],
        has_distances=has_distances,
        alt="Map of the stars, coloured by the group that they belong to",
        key=state.ASSOCIATION_MAP,
        on_eps=take_released_eps,
    )
    st.caption(
        "Each colour is a group, grey is noise; drag the slider and colours follow. Sun in the middle; squares: known "
        "associations and clusters; dashed: spiral arms (Reid et al. 2019, ApJ 885, 131). Wheel to zoom, drag to move "
        "or turn, click a star for its verdict."
    )
    if clicked.star:
        state.remember(state.CLICKED_STAR, clicked.star)
    if chosen := state.recall(state.CLICKED_STAR):
        name, query = star_link(table, chosen)
        link("Star", f"Verdict on {name}", **query)
    views.comment(found)
    with st.container(horizontal=True):
        link("Sky map", "These stars on the Sky map", **travelling(colour="group"))
        link_to_survey()
    show_findings(found, table, places, settings, method, key)


def show_findings(found, table, places, settings, method: str | None, key: str) -> None:
    """What can be said about the groups; only the open tab is computed."""
    tabs = {
        "Groups": lambda: views.show_groups(found, table, *sky_cache.describe_groups(found, key, found.settings)),
        "Choice of eps": lambda: views.show_eps_help(places, table, settings, method, key),
        "Stability and significance": lambda: views.show_checks(found, table, method),
        "3-D and film": lambda: show_space(found, table["source_id"].to_numpy()),
    }
    show_tabs(tabs, key=state.TAB)


explore(source)
