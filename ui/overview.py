"""Parts of the page Overview: the guided steps, the device, what a probability means."""

import streamlit as st

from core.device import Device
from core.evaluation.prevalence import GAIA_PREVALENCE, reweight
from core.spectra.dataset import Dataset
from ui.numbers import percent
from ui.shell import link


def show_device(device: Device) -> None:
    """A card with what computes here; its full description is the card's help."""
    name = f"GPU × {len(device.gpus)}" if device.gpus else f"CPU × {device.cpu_threads}"
    st.metric("Device", name, help=str(device))


def guide(embedded: Dataset | None) -> None:
    """What to do first, each step with its link; star examples come from the embedded set."""
    star, spectra, simulate = st.columns(3, border=True)
    with star:
        st.markdown("**1. Ask for a verdict**")
        st.markdown(
            "Look a star up by its Gaia DR3 source id, or open a file of XP spectra. The examples are simulated."
        )
        for label, source_id in _examples(embedded).items():
            link("Star", f"A {label} star", source_id=source_id)
        link("Star", "Look up a star or open a file")
    with spectra:
        st.markdown("**2. See what the classes look like**")
        st.markdown("Filter the loaded stars by class, magnitude and colour, overlay spectra and compare the means.")
        link("Spectra", "Browse the spectra")
    with simulate:
        st.markdown("**3. Change one thing at a time**")
        st.markdown("Simulate a star: turn up temperature, gravity, dust or noise and watch spectrum and verdict.")
        link("Simulate", "Simulate a star")


def explain() -> None:
    """What the numbers mean, for newcomers."""
    rare = float(reweight(0.99, GAIA_PREVALENCE))
    with st.expander("What does a probability mean here?", icon=":material/help:"):
        st.markdown(
            "A network sees 343 flux samples between 336 and 1020 nm and gives the probability that the star is "
            "**massive** (spectral type O or early B, initial mass above 8 solar masses). The probabilities are "
            "calibrated *at equal priors*: as if half of all stars were massive. In the sky they are rare. At a share "
            f"of {percent(GAIA_PREVALENCE, 2)} of Gaia's XP sources, a star with probability 0.99 at equal priors is "
            f"massive with probability {percent(rare)}: candidates need a second look, at the parallax first."
        )


def _examples(embedded: Dataset | None) -> dict[str, str]:
    """The brightest test star of each class, by label; ids as text, as they stand in a URL."""
    if embedded is None or "label" not in embedded.table:
        return {}
    brightest = embedded.table.sort_values("phot_g_mean_mag").drop_duplicates("label")
    return {str(row.label): str(row.source_id) for row in brightest.itertuples()}
