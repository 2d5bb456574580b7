"""Molecules: complex organic molecules in millimetre spectra of the places where massive stars are born."""

import streamlit as st

from core.errors import ExplorerError
from ui import state
from ui.molecules.choices import choose_report
from ui.molecules.views import choose_finding, show_reasons, show_species, show_spectrum, show_summary
from ui.parts.markdown import escape_markdown
from ui.shell import page

page("Molecules", ":material/science:")

try:
    report = choose_report()
    if report is None:
        st.stop()
    show_summary(report)
    spectrum_tab, species_tab, why_tab = st.tabs(["Spectrum", "Species", "Why"], key=state.VIEW, bind="query-params")
    with spectrum_tab, st.container():
        finding = choose_finding(report)
        show_spectrum(report, finding)
    with species_tab:
        show_species(report)
    with why_tab:
        if finding is None:
            st.info("No species of the catalogue has a line in this spectrum.", icon=":material/info:")
        else:
            st.subheader(f"{finding.species.formula} {finding.species.state}: {finding.label}", anchor=False)
            show_reasons(report, finding)
except ExplorerError as error:
    st.error(f"{escape_markdown(error)}.", icon=":material/error:")
