"""Choices of the page Associations: how to group, with presets; all stand in the URL.

eps itself is chosen on the map's own slider, which colours follow while it moves; `chosen_eps` is what was released.
"""

import math

import streamlit as st

from core.sky.associations import STUDY, SUGGESTED, GroupingSettings
from core.sky.exploration import RANGES_DEG, RANGES_PC
from core.sky.star_source import StarSource
from ui import state
from ui.parts.choice import choose_one

SPACES = {
    "position-velocity": "Position and velocity",
    "position": "Position (3-D)",
    "sky": "Sky only",
}
ERRORS = {"aware": "Error-aware", "ignore": "Ignored"}
ALGORITHMS = {"dbscan": "DBSCAN", "hdbscan": "HDBSCAN"}
DISTANCES = {
    "disc": "Posterior, OB disc prior",
    "exponential": "Posterior, exponential prior",
    "inverse": "1 / parallax",
}
PRESETS = {"Suggested": (SUGGESTED, "disc"), "As published": (STUDY, "inverse")}


def choose_settings(source: StarSource) -> tuple[GroupingSettings, str | None]:
    """Presets, algorithm, space, errors, distances, weight, min_samples; and eps as it was released last."""
    columns = set(source.columns)
    _default_to(columns)
    first, second, third, fourth = st.columns([4, 5, 4, 6], gap="small")
    with first:
        algorithm = choose_one("Algorithm", ALGORITHMS, state.ALGORITHM)
    with second:
        space = choose_one("Space", _spaces(columns), state.SPACE, help="What makes stars neighbours.")
    with third:
        offered = (
            ERRORS
            if "parallax_error" in columns and algorithm == "dbscan" and space != "sky"
            else {"ignore": "Ignored"}
        )
        help_text = "Error-aware: distances that differ within their errors do not part stars. DBSCAN only."
        errors = choose_one("Distance errors", offered, state.DISTANCE_ERRORS, help=help_text)
    with fourth:
        methods = DISTANCES if "parallax_error" in columns else {"inverse": DISTANCES["inverse"]}
        method = choose_one("Distances", methods, state.DISTANCE)
    first, second = st.columns(2, gap="medium")
    with first:
        label = "min_samples" if algorithm == "dbscan" else "Smallest group"
        help_text = "Stars within eps, the star itself included, that make a core point."
        min_samples = st.slider(
            label, 2, 50, SUGGESTED.min_samples, key=state.MIN_SAMPLES, bind="query-params", help=help_text
        )
    with second:
        weight = st.slider(
            "Weight of velocities (pc per km/s)",
            0.5,
            20.0,
            SUGGESTED.weight_pc_per_kms,
            0.5,
            key=state.WEIGHT,
            bind="query-params",
            disabled=space != "position-velocity",
            help="How many parsecs count as much as 1 km/s across the line of sight.",
        )
    eps_pc, eps_deg = chosen_eps("position"), chosen_eps("sky")
    settings = GroupingSettings(eps_pc, int(min_samples), space, algorithm, errors, float(weight), eps_deg)
    return settings, method if "parallax" in columns else None


def presets() -> None:
    """Buttons for ready-made settings."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, (settings, method) in PRESETS.items():
            eps_and_samples = f"{settings.eps_pc:g} pc, {settings.min_samples}"
            st.button(
                f"{name} ({eps_and_samples})",
                key=state.key(state.PRESET_OF, name),
                on_click=take_preset,
                args=(settings, method),
            )


def take_preset(settings: GroupingSettings, method: str) -> None:
    """Put settings into the widgets and the URL; a callback."""
    state.remember_all(
        {
            state.ALGORITHM: settings.algorithm,
            state.SPACE: settings.space,
            state.DISTANCE_ERRORS: settings.errors,
            state.DISTANCE: method,
            state.MIN_SAMPLES: settings.min_samples,
            state.WEIGHT: settings.weight_pc_per_kms,
        }
    )
    set_eps(settings.eps_pc, state.EPS_PC)


def chosen_eps(space: str) -> float:
    """eps of the URL in pc, or for 'sky' in degrees; the default where it is none or nonsense (0 stays 0)."""
    name, default, most = (
        (state.EPS_DEG, GroupingSettings.eps_deg, RANGES_DEG[-1][0])
        if space == "sky"
        else (state.EPS_PC, SUGGESTED.eps_pc, 10 * RANGES_PC[-1][0])
    )
    try:
        value = float(state.query(name, default))
    except ValueError:
        return default
    return min(value, most) if math.isfinite(value) else default


def set_eps(value: float, name: str) -> None:
    """Put an eps into the URL and move the map's slider there."""
    state.set_query(name, f"{value:g}")
    state.remember(state.EPS_PUSHES, pushes() + 1)


def pushes() -> int:
    """How often the slider was moved from here rather than by hand."""
    return state.recall(state.EPS_PUSHES, 0)


def take_released_eps() -> None:
    """The slider on the map was released: its value goes into the URL; a callback."""
    name = state.EPS_DEG if state.recall(state.SPACE) == "sky" else state.EPS_PC
    state.set_query(name, f"{float(state.recall(state.ASSOCIATION_MAP)['eps']):g}")


def _spaces(columns: set[str]) -> dict[str, str]:
    has_distance = bool({"parallax", "distance_pc"} & columns)
    has_motion = {"pmra", "pmdec"} <= columns
    return {
        name: title
        for name, title in SPACES.items()
        if name == "sky" or (has_distance and (name == "position" or has_motion))
    }


def _default_to(columns: set[str]) -> None:
    """Drop choices that another table allowed and this one does not."""
    if state.recall(state.SPACE) not in _spaces(columns):
        state.forget(state.SPACE)
