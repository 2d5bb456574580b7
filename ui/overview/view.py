"""Parts of the page Overview: the guided steps, the device, what a probability means."""

import numpy as np
import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.real_stars import (
    FIRST_STAR,
    REDDENED_GIANT,
    real_star_facts,
    real_star_table,
    real_stars_path,
)
from core.device import Device
from core.figures.overview import known_sky_figure, two_stars_figure
from core.gaia.frames import galactic
from core.gaia.labels import MASSIVE
from core.sky.matching import known_groups
from core.star.lookup import in_parquet
from core.statistics.prevalence import GAIA_PREVALENCE, reweight
from ui.parts.figure import show
from ui.parts.numbers import percent
from ui.shell import link

TOUR = (
    (FIRST_STAR, "An O7 star of Cygnus OB2"),
    (REDDENED_GIANT, "A cool giant, as dusty"),
)
"""Real stars with which the tour begins."""


def show_picture() -> None:
    """A real O star beside a cool giant behind as much dust, and the map of what is known; else nothing."""
    table, stars = real_star_table(), _spectra_of_the_tour()
    if table is None or stars is None:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        show(
            two_stars_figure(*stars, ("O7 V, Cygnus OB2, A_V 5.4", "cool giant, Cygnus, A_V 4.8")),
            "Two real stars of Gaia DR3 behind five magnitudes of dust. The curve alone decides here: no colour, no "
            "distance.",
            key="two stars",
        )
    with right:
        l_deg, b_deg = galactic(table["ra"].to_numpy(), table["dec"].to_numpy())
        figure = known_sky_figure(l_deg, b_deg, table["label"].to_numpy(object), known_groups())
        show(figure, "The real stars that come with the program, and associations near the Sun.", key="known sky")


@st.cache_data(show_spinner=False)
def _spectra_of_the_tour() -> tuple[np.ndarray, np.ndarray] | None:
    path = real_stars_path()
    found = [] if path is None else [in_parquet(path, source_id) for source_id, _ in TOUR]
    if len(found) < 2 or any(item is None for item in found):
        return None
    first, second = (item.flux[0] for item in found if item is not None)
    return first, second


def show_device(device: Device) -> None:
    """A card with what computes here; its full description is the card's help."""
    name = f"GPU × {len(device.gpus)}" if device.gpus else f"CPU × {device.cpu_threads}"
    st.metric("Device", name, help=str(device))


def guide(embedded: Dataset | None) -> None:
    """A tour in five steps, each with its links; it begins with a real star where the sample is installed."""
    examples = _examples(embedded)
    find, see, train = st.columns(3, border=True)
    with find:
        st.markdown("**1. Find a star**")
        real = _real_examples()
        text = "Look it up by Gaia source id, name or place, or open a file."
        about = "The first two are real, behind 5 magnitudes of dust." if real else "The examples are simulated."
        st.markdown(f"{text} {about}")
        for title, source_id in real.items():
            link("Star", title, source_id=source_id)
        for label, source_id in examples.items():
            link("Star", f"A {label} star{', simulated' if real else ''}", source_id=source_id)
        link("Star", "Look up a star or open a file")
        link("My stars", "Classify your own list")
        link("Spectra", "Browse the spectra")
    with see:
        st.markdown("**2. See why**")
        st.markdown("Which wavelengths speak for the verdict, and how it follows temperature, gravity, dust and noise.")
        first = next(iter(real.values()), examples.get(MASSIVE))
        if first:
            link("Explain", "Why is it massive?", source_id=first)
        else:
            link("Explain", "Explain a verdict")
        link("Simulate", "Simulate a star")
    with train:
        st.markdown("**3. Train**")
        st.markdown("Ten networks, fold by fold, in the background. The quick preset gives a first answer.")
        link("Train", "Train a network")
    compare, sky = st.columns(2, border=True)
    with compare:
        st.markdown("**4. Compare, and doubt**")
        st.markdown("Which network is better on the same stars, what its verdicts are worth, whether it cheats.")
        with st.container(horizontal=True):
            link("Compare", "Compare networks")
            link("Evaluate", "Purity at a prevalence")
            link("Audit", "Look for leaks")
    with sky:
        st.markdown("**5. Map the sky**")
        st.markdown("Classify any number of stars, see where the candidates lie, and find the groups they form.")
        with st.container(horizontal=True):
            link("Survey", "Classify many stars")
            link("Sky map", "See the map")
            link("Associations", "Find associations")
            link("Techniques", "Ask every technique")
        link("Molecules", "Look where massive stars are born")


def explain() -> None:
    """What the numbers mean, for newcomers."""
    rare = float(reweight(np.array(0.99), GAIA_PREVALENCE))
    with st.expander("What does a probability mean here?", icon=":material/help:"):
        st.markdown(
            "A network sees 343 flux samples between 336 and 1020 nm and gives the probability that the star is "
            "**massive** (spectral type O or early B, initial mass above 8 solar masses). The probabilities are "
            "calibrated *at equal priors*: as if half of all stars were massive. In the sky they are rare. At a share "
            f"of {percent(GAIA_PREVALENCE, 2)} of Gaia's XP sources, a star with probability 0.99 at equal priors is "
            f"massive with probability {percent(rare)}: look at a candidate's parallax before you believe it."
        )


def _real_examples() -> dict[str, str]:
    """Title of a link and source id of real stars, the first one of the tour before all others; empty without them."""
    found = {}
    for source_id, title in TOUR:
        if real_star_facts(source_id) is not None:
            found[title] = str(source_id)
    return found


def _examples(embedded: Dataset | None) -> dict[str, str]:
    """The brightest test star of each class, by label; ids as text, as they stand in a URL."""
    if embedded is None or "label" not in embedded.table:
        return {}
    table = embedded.table
    held_out = table[table["part"] == "test"] if "part" in table else table
    brightest = held_out.sort_values("phot_g_mean_mag").drop_duplicates("label")
    return {str(row.label): str(row.source_id) for row in brightest.itertuples()}
