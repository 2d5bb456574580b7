"""Simulate: one star from physics under sliders, and new samples."""

import streamlit as st

from core.errors import ExplorerError
from core.figures.palette import GREEN, LABEL_COLOURS
from core.simulation.single_star import simulate_star
from core.simulation.templates import nearest_template
from ui import cache
from ui.downloads import download_spectra
from ui.judgement import judge
from ui.live_spectrum import show_clean, show_noisy
from ui.new_sample import draw_sample
from ui.plain import plain
from ui.shell import page
from ui.simulate_choices import choose_parameters
from ui.verdict_card import show_judgement

page("Simulate", ":material/tune:")


@st.fragment
def show_one_star() -> None:
    """Sliders, verdict and spectra; only this part runs again when a slider moves."""
    chosen, run = choose_parameters()
    try:
        clean, star = simulate_star(
            chosen.teff, chosen.logg, chosen.mh, chosen.a_v, chosen.r_v, chosen.g_mag, chosen.seed, chosen.family
        )
        judgement = judge(star, run) if run else None
    except ExplorerError as error:
        st.error(f"{plain(error)}.", icon=":material/error:")
        return
    if judgement:
        with st.container(border=True):
            show_judgement(judgement, wide=True)
    colour = LABEL_COLOURS.get(judgement.label if judgement else None, GREEN)
    left, right = st.columns(2, gap="medium")
    with left:
        show_clean(clean, nearest_template(clean), colour)
    with right:
        show_noisy(star.flux[0], star.flux_error[0], chosen.g_mag, colour)
    download_spectra(star, "simulated_star")


star_tab, sample_tab = st.tabs(["One star", "New sample"], key="view", bind="query-params")
if star_tab.open:
    with star_tab, st.spinner("Loading the model atmospheres …"):
        cache.load_grid()
        show_one_star()
if sample_tab.open:
    with sample_tab:
        draw_sample()
