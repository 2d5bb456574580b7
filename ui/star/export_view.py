"""Ways from the page Star to other programs, and from an opened file to the verdicts on all its stars."""

from functools import partial

import streamlit as st

from core.errors import ExplorerError
from core.sky.samp import SPECTRUM, names, send_votable
from core.spectra.one_spectrum import FORMATS, spectrum_bytes
from core.star.record import StarRecord
from ui import state
from ui.parts.downloads import download_each
from ui.parts.markdown import escape_markdown
from ui.shell import link


def offer_spectrum(record: StarRecord, run: str) -> None:
    """The spectrum with a row for each wavelength, as files and to SPLAT or TOPCAT."""
    spectra = record.labelled_spectra()
    if spectra is None:
        return
    about = {"ORIGIN": record.origin, **({"RUN": run} if run else {})}
    with st.expander("For Specviz, specutils, TOPCAT and SPLAT", icon=":material/swap_horiz:"):
        st.caption(
            "A row for each wavelength, with units. FITS: specutils' and Specviz's 'tabular-fits'; VOTable: the IVOA's "
            "spectral data model."
        )
        download_each(FORMATS, partial(spectrum_bytes, spectra, about=about), f"{record.file_stem}_spectrum")
        st.button(
            "Send to SPLAT or TOPCAT", icon=":material/send:", key=state.key(state.SEND, "spectrum"),
            on_click=_send, args=(spectrum_bytes(spectra, ".vot", about), record.designation),
        )  # fmt: skip
        if said := state.take(state.SENT):
            (st.success if said[0] else st.warning)(escape_markdown(said[1]))


def _send(data: bytes, name: str) -> None:
    try:
        told = send_votable(data, name, mtype=SPECTRUM)
        state.remember(state.SENT, (True, f"{name} was sent to {names(told)}."))
    except ExplorerError as error:
        state.remember(state.SENT, (False, f"{error}."))


def offer_list() -> None:
    """Where files are open: the verdicts on all their stars at once."""
    n_stars = sum(map(len, state.opened_files().spectra.values()))
    if n_stars > 1:
        link("My stars", f"Classify all {n_stars:,} opened stars")
    else:
        link("My stars", "Paste a list of ids, names or a circle on the sky")
