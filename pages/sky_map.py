"""Sky map: where the stars are, on the sky, on the sphere and around the Sun."""

import streamlit as st

from core.errors import ExplorerError
from core.figures.sky_deck import HEIGHT, PHONE_WIDTH, WIDTH, sky_deck
from core.figures.sky_legend import legend_svg
from core.sky.spiral_arms import arm_lines
from core.sky.star_source import StarSource
from ui.parts.markdown import escape_markdown
from ui.parts.window import on_phone
from ui.shell import page
from ui.sky_map import cache as sky_cache
from ui.sky_map.choices import aladin_link, choose_field, choose_view, go_to
from ui.sky_map.sources import choose_cuts, require_source
from ui.sky_map.view import answer_click, caption_of, link_onward, marks_of, paint, places_of

page("Sky map", ":material/public:")

LIGHT, DARK = ((23, 32, 51), (255, 255, 255)), ((232, 237, 245), (15, 22, 36))
FARTHEST_ARM_PC = 3000.0

source = require_source(with_real=True)


@st.fragment
def explore(source: StarSource) -> None:
    """Choices and map; only this part runs again when a choice changes."""
    with st.expander("Which stars", icon=":material/filter_alt:"):
        cuts = choose_cuts(source)
    projection, colour, named = choose_view(source)
    field = choose_field()
    try:
        drawn = sky_cache.map_of(source, source.key, cuts, field, False)
    except ExplorerError as error:
        st.warning(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    if not drawn.n_stars:
        st.info("No star of this table passes the cuts in this field.", icon=":material/filter_alt_off:")
        st.button("Show the whole sky", on_click=go_to, args=(0.0, 0.0, 180.0))
        return
    places = None
    if projection == "space":
        drawn, places = places_of(source, drawn, cuts)
    try:
        painted = paint(drawn, colour, source, cuts)
    except ExplorerError as error:
        st.warning(f"The stars cannot be coloured by association. {escape_markdown(error)}.", icon=":material/blur_on:")
        painted = paint(drawn, "density", source, cuts)
    ink, background = DARK if st.context.theme.type == "dark" else LIGHT
    deck = sky_deck(
        projection,
        marks_of(drawn, painted, places),
        ink=ink,
        background=background,
        field=field,
        known=sky_cache.well_known(float("inf")) if named else None,
        arms=arm_lines(FARTHEST_ARM_PC),
        width_px=PHONE_WIDTH if on_phone() else WIDTH,
    )
    caption = caption_of(drawn, projection, painted)
    # A key of its own for each view: the browser keeps zoom and angle as long as the view is the same.
    key = f"sky {projection} {field}"
    with st.container(border=True):
        event = st.pydeck_chart(deck, height=HEIGHT, on_select="rerun", key=key, alt=caption)
    st.image(legend_svg(painted, ink), width="stretch", alt=f"Legend: {painted.title}")
    st.caption(caption)
    answer_click(event, drawn)
    with st.container(horizontal=True):
        if {"parallax", "distance_pc"} & set(source.columns):  # groups need distances
            link_onward()
        if not field.whole_sky:
            st.link_button("This field in Aladin Lite", aladin_link(field), icon=":material/open_in_new:")
            st.button("Whole sky", on_click=go_to, args=(0.0, 0.0, 180.0), icon=":material/zoom_out_map:")


explore(source)
