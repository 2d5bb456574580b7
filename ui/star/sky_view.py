"""Where a star is: known groups towards it, a picture of its sky, and what others keep of it."""

import streamlit as st

from core.archive.cutout import SURVEYS, cutout_file, sky_cutout
from core.errors import ArchiveError, ExplorerError
from core.settings import current_settings
from core.sky.matching import known_groups
from core.sky.surroundings import groups_around
from core.star.card import VerdictCard
from core.star.links import links_of
from core.verdict.facts import to_number
from ui import state
from ui.parts.choice import choose_one
from ui.parts.markdown import escape_markdown

FOV_ARCMIN = 6.0


def show_sky(card: VerdictCard) -> None:
    """Groups, picture and links; for a simulated star only what its place means."""
    gaia = card.record.gaia
    ra, dec = to_number(gaia.get("ra")), to_number(gaia.get("dec"))
    if not (ra == ra and dec == dec):
        st.info("This star has no position, so that it has no place on the sky.", icon=":material/location_off:")
        return
    left, right = st.columns([3, 4], gap="medium")
    with left:
        _groups(card, ra, dec)
        if card.record.simulated:
            st.caption("A simulated star: no other archive knows it.")
        else:
            st.markdown("**Elsewhere**")
            with st.container(horizontal=True):
                for name, address in links_of(card.record.source_id, ra, dec, card.record.of).items():
                    st.link_button(name, address, icon=":material/open_in_new:")
    with right:
        if not card.record.simulated:
            _picture(ra, dec)


def _groups(card: VerdictCard, ra: float, dec: float) -> None:
    gaia = card.record.gaia
    parallax, error = to_number(card.parallax), to_number(gaia.get("parallax_error"))
    found = groups_around(ra, dec, parallax, error, known_groups(current_settings().real_data_dir))
    st.markdown("**Known groups towards it**")
    if not found:
        st.markdown("None of the listed associations and clusters holds it.")
    for item in found[:6]:
        verdict = {
            True: ":green[:material/check_circle:] its parallax agrees",
            False: ":orange[:material/do_not_disturb_on:] its parallax does not agree",
            None: ":gray[:material/help:] no parallax to compare",
        }[item.agrees]
        st.markdown(
            f"**{escape_markdown(item.name)}** ({item.kind}), {item.distance_pc:,.0f} pc, {item.separation_deg:.2f}° "
            f"from its centre: {verdict}.",
            help=item.reference,
        )


def _picture(ra: float, dec: float) -> None:
    survey = choose_one("Picture of the sky", SURVEYS, state.SKY_SURVEY)
    kept = cutout_file(ra, dec, FOV_ARCMIN, survey).is_file()
    if not kept and not st.button("Get the picture", icon=":material/image:", help="From the CDS in Strasbourg; kept."):
        st.caption("Asked of the service hips2fits of the CDS when you press the button: it needs a network.")
        return
    try:
        with st.spinner("Asking the CDS for the picture …"):
            path = sky_cutout(ra, dec, FOV_ARCMIN, survey)
    except ExplorerError as error:
        icon = ":material/hourglass_top:" if type(error) is ArchiveError else ":material/wifi_off:"
        st.warning(f"{escape_markdown(error)}.", icon=icon)
        return
    st.image(str(path), width=400)
    st.caption(f"{SURVEYS[survey]}, {FOV_ARCMIN:g} arcmin wide, north up; the star is in the middle. CDS, hips2fits.")
