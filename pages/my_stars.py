"""My stars: a list of one's own from end to end: spectra or ids in, verdicts on all of them, and ways onward."""

import numpy as np
import streamlit as st

from core.errors import ExplorerError
from core.star.star_list import about_export, counts, list_table
from ui import state
from ui.my_stars import table as view
from ui.my_stars.add_list import add_list, say_found
from ui.my_stars.verdicts import ALL, AT_ONCE, choose_list, merge_gaia, offer_survey, say_missing, verdicts
from ui.parts.markdown import escape_markdown
from ui.parts.opened_files import open_files
from ui.parts.prevalence import choose_prevalence
from ui.parts.run_choice import choose_run
from ui.shell import link, page

page("My stars", ":material/checklist:")

has_list = bool(state.opened_files().spectra)
with st.expander("Open a file or paste a list", expanded=not has_list, icon=":material/upload_file:"):
    files, typed = st.columns(2, gap="large")
    with files:
        open_files()
    with typed:
        add_list()
say_found()
chosen_list = choose_list()
if chosen_list is None:
    st.info(
        "Open a file of XP spectra, or paste ids: every star of it is classified at once.", icon=":material/checklist:"
    )
    link("Star", "Or look up a single star")
    st.stop()
name, spectra = chosen_list
left, right = st.columns(2, gap="medium")
with left:
    run = choose_run()
with right:
    prevalence = choose_prevalence()
if run is None:
    st.stop()
if len(spectra) > AT_ONCE:
    offer_survey(name, spectra, run)
    st.stop()
try:
    spectra = merge_gaia(name, spectra)
    verdict = verdicts(name, spectra, run)
    table = list_table(spectra, verdict, prevalence, "" if name == ALL else name)
except ExplorerError as error:
    st.error(f"{escape_markdown(error)}.", icon=":material/error:")
    st.stop()
if name == ALL:
    table["file"] = spectra.metadata["file"].to_numpy()
say_missing(spectra)
view.show_counts(counts(table), prevalence)


@st.fragment
def explore() -> None:
    """Filters, table and what follows from them; only this part runs again when a filter changes."""
    rows = view.choose_rows(table)
    if not len(rows):
        st.info("No star passes these filters: loosen them.", icon=":material/filter_alt_off:")
        return
    ticked = view.show_table(table, rows, f"{name} {run.name}")
    chosen = np.sort(ticked) if len(ticked) else np.sort(rows)
    title = "all opened files" if name == ALL else name
    left, right = st.columns(2, gap="large")
    with left:
        view.show_one(table, rows, ticked, run)
        view.show_onward(table, chosen, title)
    with right:
        view.show_export(table, chosen, spectra, about_export(verdict, run.name, prevalence), title)
    view.show_truth(table, spectra.metadata)


explore()
