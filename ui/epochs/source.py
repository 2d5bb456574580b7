"""Where the page Epochs has its transits from."""

import streamlit as st

from core.spectra.epochs import EpochSpectra, epochs_of
from ui import state

_G_MAG = 11.0
_SEED = 4


@st.cache_data(show_spinner="Simulating transits …", max_entries=16)
def simulated_epochs(kind: str, n_epochs: int) -> EpochSpectra:
    """Transits of a simulated star of G = 11, the same on every call."""
    from core.simulation.epochs import simulate_epochs

    return simulate_epochs(kind, n_epochs, _G_MAG, _SEED)


def opened_epochs(name: str) -> list[EpochSpectra]:
    """The stars of an opened file with a row per transit.

    Raises
    ------
    MissingColumnError
        The file has no transit_id.
    """
    return epochs_of(state.opened_files().spectra[name], name)
