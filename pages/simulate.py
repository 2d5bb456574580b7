"""Simulate: one star from physics under sliders, and new samples."""

import streamlit as st

from core.errors import ExplorerError
from core.figures.palette import GREEN, LABEL_COLOURS
from core.simulation.single_star import simulate_star
from core.simulation.templates import nearest_template
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.verdict import judge
from ui import cache, state
from ui.parts.downloads import FORMATS, download_each, spectra_bytes
from ui.parts.live_plot import live_plot
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
from ui.parts.verdict_card import show_verdict, verdict_readouts
from ui.shell import page
from ui.simulate.choices import choose_parameters
from ui.simulate.live_spectrum import clean_panel, noisy_panel
from ui.simulate.new_sample import draw_sample

page("Simulate", ":material/tune:")


@st.fragment
def show_one_star(held: dict) -> None:
    """Sliders, verdict and spectra; only this part runs again when a slider moves. The star is left in `held`."""
    chosen, run = choose_parameters()
    try:
        clean, star = simulate_star(
            chosen.teff, chosen.logg, chosen.mh, chosen.a_v, chosen.r_v, chosen.g_mag, chosen.seed, chosen.family,
            chosen.source,
        )  # fmt: skip
        verdict = judge(star, *cache.load_classifier(run)).star() if run else None
    except ExplorerError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        _hold(held, None)
        return
    if run and verdict and verdict.probability is None:
        show_verdict(verdict, run)
    lines = st.toggle("Mark spectral lines", key=state.LINES, bind="query-params")
    colour = LABEL_COLOURS.get(verdict.label if verdict else None, GREEN)
    live_plot(
        clean_panel(clean, nearest_template(clean), colour, lines=lines),
        noisy_panel(star.flux[0], star.flux_error[0], chosen.g_mag, colour, lines=lines),
        readouts=verdict_readouts(verdict, run) if run and verdict and verdict.probability is not None else (),
        key=state.STAR_PLOTS,
    )
    _hold(held, star)


def _hold(held: dict, star: SpectrumSet | None) -> None:
    held["star"] = star
    if held["offered"] not in (None, star is not None):
        st.rerun()  # downloads appear or go


def offer_star(held: dict) -> None:
    """Downloads of the star as the sliders stand when a button is pressed; no part of what runs again at each move."""
    held["offered"] = held["star"] is not None
    if held["offered"]:
        download_each(FORMATS, lambda suffix: spectra_bytes(held["star"], suffix), "simulated_star")


def one_star() -> None:
    """One star under sliders, and its downloads."""
    with st.spinner("Loading the model atmospheres …"):
        cache.load_grid()
        held = state.keep(state.SIMULATED_STAR, {})
        held["offered"] = None
        show_one_star(held)
        offer_star(held)


show_tabs({"One star": one_star, "New sample": draw_sample})
