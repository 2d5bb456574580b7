"""Simulate: one star from physics under sliders, and new samples."""

import streamlit as st

from core.errors import ExplorerError
from core.figures.palette import GREEN, LABEL_COLOURS
from core.figures.spectrum import spectrum_figure
from core.simulation.single_star import simulate_star
from core.simulation.templates import Template, nearest_template
from ui import cache
from ui.downloads import download_spectra
from ui.figure import show
from ui.judgement import judge
from ui.new_sample import draw_sample
from ui.numbers import percent
from ui.shell import page
from ui.simulate_choices import choose_parameters
from ui.verdict_card import show_judgement

page("Simulate", ":material/tune:")


def _describe(template: Template) -> str:
    return (
        f" Dashed: the real mean spectrum of most similar shape ({template.spectral_type}), "
        f"{percent(template.distance)} off after a change of its extinction by A_V {template.a_v:+.1f} mag."
    )


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
        st.error(f"{error}.", icon=":material/error:")
        return
    if judgement:
        with st.container(border=True):
            show_judgement(judgement, wide=True)
    colour = LABEL_COLOURS.get(judgement.label if judgement else None, GREEN)
    template = nearest_template(clean)
    left, right = st.columns(2, gap="medium")
    with left:
        real = {} if template is None else {f"Real {template.spectral_type}": template.flux}
        figure = spectrum_figure(clean, title="Without noise", name="Model", colour=colour, others=real)
        beside = "" if template is None else _describe(template)
        show(figure, f"The model as Gaia would see it without noise.{beside}", key="clean")
    with right:
        title = f"At G = {chosen.g_mag:.2f}"
        figure = spectrum_figure(star.flux[0], star.flux_error[0], title=title, name="Noisy", colour=colour)
        show(figure, "With Gaia's noise, which is correlated in wavelength; band: one standard deviation.", key="noisy")
    download_spectra(star, "simulated_star")


star_tab, sample_tab = st.tabs(["One star", "New sample"], key="view", bind="query-params")
if star_tab.open:
    with star_tab, st.spinner("Loading the model atmospheres …"):
        cache.load_grid()
        show_one_star()
if sample_tab.open:
    with sample_tab:
        draw_sample()
