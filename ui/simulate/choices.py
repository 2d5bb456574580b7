"""Choices of the page Simulate: the star's parameters, with typical stars to start from; all stand in the URL."""

from dataclasses import dataclass

import streamlit as st

from core.runs.catalogue import RunSummary
from core.simulation.atmosphere_source import DEFAULT, has_network
from core.simulation.single_star import A_V_RANGE, G_RANGE
from ui import state
from ui.parts.choice import choose_one, choose_whole_number
from ui.parts.run_choice import choose_run

FAMILIES = {
    "normal": "Normal composition",
    "helium_poor": "Helium-poor subdwarf",
    "helium_rich": "Helium-rich subdwarf",
    "white_dwarf": "White dwarf (hydrogen)",
    "helium_white_dwarf": "White dwarf (helium)",
}


SOURCES = {"grid": "Interpolated grid", "network": "Physics-informed network"}
SOURCE_HELP = (
    "The grid of models is interpolated between its nodes. The network has learnt tightly converged models of normal "
    "composition and conserves energy by construction; other compositions are the grid's."
)


@dataclass(frozen=True)
class StarParameters:
    """What the sliders say: Kelvin, cgs, dex, magnitudes; `family` of the atmosphere; `seed` of the noise.

    `source` is where the surface flux comes from.
    """

    family: str
    teff: float
    logg: float
    mh: float
    a_v: float
    r_v: float
    g_mag: float
    seed: int
    source: str


TYPICAL_STARS = {
    "O5 V": ("normal", 41_000, 4.0),
    "B0.5 I": ("normal", 26_000, 3.0),
    "B1 V": ("normal", 26_000, 4.1),
    "B5 V": ("normal", 15_500, 4.2),
    "A0 V": ("normal", 9_700, 4.1),
    "G2 V": ("normal", 5_800, 4.4),
    "M3 V": ("normal", 3_400, 4.8),
    "Hot subdwarf": ("helium_poor", 30_000, 5.6),
    "White dwarf": ("white_dwarf", 20_000, 8.0),
}
"""Family, Teff (K) and log g. Dwarfs: Pecaut & Mamajek 2013, ApJS 208, 9; B0.5 I: Crowther et al. 2006, A&A 446, 279;
subdwarf: Heber 2016, PASP 128, 082001; white dwarf: the usual log g of DA stars, Gentile Fusillo et al. 2021."""


def choose_parameters() -> tuple[StarParameters, RunSummary | None]:
    """Sliders in three columns, above them the typical stars; and the network that judges."""
    help_text = "Sets temperature, gravity, composition and atmosphere; dust, G and noise stay as they are."
    st.pills(
        "Start from a typical star", list(TYPICAL_STARS), key=state.TYPICAL, on_change=_take_typical, help=help_text
    )
    first, second, third = st.columns([4, 4, 5], gap="medium")
    with first:
        teff = st.slider("Effective temperature (K)", 2800, 80_000, 26_000, 100, key=state.TEFF, bind="query-params")
        logg = st.slider("log g (cgs)", 0.0, 9.0, 4.1, 0.05, key=state.LOGG, bind="query-params")
        mh = st.slider("[M/H] (dex)", -2.0, 0.5, 0.0, 0.05, key=state.MH, bind="query-params")
    with second:
        a_v = st.slider("Extinction A_V (mag)", *A_V_RANGE, 1.0, 0.1, key=state.A_V, bind="query-params")
        r_v = st.slider("R_V", 2.3, 5.6, 3.1, 0.1, key=state.R_V, bind="query-params")
        g_mag = st.slider("G (mag): sets the noise", *G_RANGE, 14.0, 0.05, key=state.G_MAG, bind="query-params")
    with third:
        family = choose_one("Atmosphere", FAMILIES, state.FAMILY)
        source = choose_one("Surface flux", SOURCES, state.FLUX_SOURCE, help=SOURCE_HELP) if has_network() else DEFAULT
        seed = choose_whole_number("Seed of the noise", 0, 2**31 - 1, 1, state.SEED)
        run = choose_run()
    return StarParameters(family, float(teff), logg, mh, a_v, r_v, g_mag, seed, source), run


def _take_typical() -> None:
    name = state.recall(state.TYPICAL)
    if name in TYPICAL_STARS:
        values = zip((state.FAMILY, state.TEFF, state.LOGG), TYPICAL_STARS[name], strict=True)
        state.remember_all(dict(values) | {state.MH: 0.0})
