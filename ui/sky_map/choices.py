"""Choices of the page Sky map: projection, colour, field, overlays; all stand in the URL."""

import math
from urllib.parse import quote

import numpy as np
import streamlit as st

from core.errors import UsageError
from core.figures.sky_colour import COLOURS
from core.figures.sky_deck import PROJECTIONS
from core.gaia import frames
from core.sky.associations import ERRORS, SPACES, SUGGESTED, GroupingSettings
from core.sky.sky_cells import Field
from core.sky.star_source import StarSource
from ui import state
from ui.parts.choice import choose_one
from ui.sky_map import cache as sky_cache

WHOLE_SKY = "Whole sky"
ALADIN = "https://aladin.cds.unistra.fr/AladinLite/?target={target}&fov={fov:.2f}&survey=P/DSS2/color"


def choose_view(source: StarSource) -> tuple[str, str, bool]:
    """Projection, colour, and whether known places are named."""
    columns = set(source.columns)
    first, second, third = st.columns([4, 3, 3], gap="medium", vertical_alignment="bottom")
    with first:
        has_distance = bool({"parallax", "distance_pc"} & columns)
        offered = {name: title for name, title in PROJECTIONS.items() if name != "space" or has_distance}
        projection = choose_one("View", offered, state.PROJECTION)
    with second:
        needed = {
            "probability": {"probability"},
            "magnitude": {"phot_g_mean_mag"},
            "group": {"parallax", "distance_pc"},
        }
        needed["class"] = {"label", "true_label"}
        offered = {name: title for name, title in COLOURS.items() if name not in needed or needed[name] & columns}
        colour = choose_one("Colour", offered, state.COLOUR)
    with third:
        named = st.toggle("Name known associations", value=True, key=state.NAMES, bind="query-params")
    return projection, colour, named


def choose_field() -> Field:
    """Centre and radius in the URL, with a menu of known places."""
    known = sky_cache.known_places()
    literal = known[known["log_age"].isna()]
    first, second, third, fourth = st.columns([3, 2, 2, 2], gap="medium", vertical_alignment="bottom")
    with first:
        places = [WHOLE_SKY, *literal["name"]]
        st.selectbox("Go to", places, index=None, placeholder="a known place", key=state.GO_TO, on_change=_go_to)
    field = field_of_query()
    for column, key, label, low, high, value in (
        (second, state.FIELD_L, "l (deg)", 0.0, 360.0, field[0]),
        (third, state.FIELD_B, "b (deg)", -90.0, 90.0, field[1]),
        (fourth, state.FIELD_RADIUS, "Radius (deg)", 0.1, 180.0, field[2]),
    ):
        state.keep(key, value)
        column.number_input(label, low, high, step=1.0, format="%.2f", key=key, on_change=_take_field)
    return Field(*field)


def field_of_query() -> tuple[float, float, float]:
    """l, b and radius of the URL; the whole sky where they are missing or nonsense."""
    try:
        values = [float(state.query(n, d)) for n, d in ((state.L_DEG, 0), (state.B_DEG, 0), (state.RADIUS_DEG, 180))]
        Field(*values).check()
    except (ValueError, UsageError):
        return 0.0, 0.0, 180.0
    return values[0] % 360.0, values[1], max(values[2], 0.1)


def go_to(l_deg: float, b_deg: float, radius_deg: float) -> None:
    """Put a field into the URL and the fields of the form; a callback."""
    for name, key, value in (
        (state.L_DEG, state.FIELD_L, l_deg % 360.0),
        (state.B_DEG, state.FIELD_B, b_deg),
        (state.RADIUS_DEG, state.FIELD_RADIUS, radius_deg),
    ):
        state.remember(key, float(round(value, 2)))
        state.set_query(name, f"{value:.2f}")
    if radius_deg >= 180:
        for name in (state.L_DEG, state.B_DEG, state.RADIUS_DEG):
            state.set_query(name, None)


def settings_of_query() -> GroupingSettings:
    """How the page Associations groups, as the URL says; the suggested settings where it does not."""
    query = state.query
    try:
        settings = GroupingSettings(
            float(query(state.EPS_PC, SUGGESTED.eps_pc)),
            int(query(state.MIN_SAMPLES, SUGGESTED.min_samples)),
            _one_of(query(state.SPACE), tuple(SPACES), SUGGESTED.space),
            "dbscan",
            _one_of(query(state.DISTANCE_ERRORS), ERRORS, SUGGESTED.errors),
            float(query(state.WEIGHT, SUGGESTED.weight_pc_per_kms)),
            float(query(state.EPS_DEG, GroupingSettings.eps_deg)),
        )
        settings.check()
    except (ValueError, UsageError):
        return SUGGESTED
    return settings


def aladin_link(field: Field) -> str:
    """Address of the field in Aladin Lite (CDS, Strasbourg), which needs a network."""
    ra, dec = frames.icrs(np.array([field.l_deg]), np.array([field.b_deg]))
    return ALADIN.format(target=quote(f"{ra[0]:.5f} {dec[0]:+.5f}"), fov=min(2 * field.radius_deg, 180.0))


def _one_of(value: str | None, known: tuple[str, ...], default: str) -> str:
    return value if value in known else default


def _take_field() -> None:
    go_to(*(state.recall(key) for key in (state.FIELD_L, state.FIELD_B, state.FIELD_RADIUS)))


def _go_to() -> None:
    name = state.recall(state.GO_TO)
    if name == WHOLE_SKY:
        go_to(0.0, 0.0, 180.0)
    elif name:
        known = sky_cache.known_places()
        row = known[known["name"] == name].iloc[0]
        go_to(float(row["l"]), float(row["b"]), max(3.0 * float(row["radius_deg"]), 1.0))
    state.remember(state.GO_TO, None)


def cell_radius(order: int) -> float:
    """Degrees around a cell's centre that hold it and its surroundings."""
    return max(2.0 * math.degrees(math.sqrt(math.pi / 3.0) / 2**order), 0.2)
