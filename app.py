"""Overview: what the program is, what is loaded, which networks are trained, on which device, and what to do first."""

import pandas as pd
import streamlit as st

from core.errors import ExplorerError
from core.runs.catalogue import RunSummary
from core.runs.run import FINISHED
from ui import cache, state
from ui.overview import view as overview
from ui.parts.markdown import escape_markdown
from ui.shell import page

page("Overview", ":material/home:")

runs = cache.find_runs()
opened = state.opened_files()

overview.show_picture()

st.subheader("Start here", anchor=False)
steps = st.empty()

st.subheader("On this machine", anchor=False)
cards = st.columns(4, border=True)
embedded_card = cards[0].empty()
embedded_card.metric("Embedded stars", "…")
cards[1].metric("Opened files", len(opened.spectra), help="Open files of your own on the page Star.")
n_usable = sum(run.usable for run in runs)
beside = (
    f"{len(runs) - n_usable} more in the table below have no members at hand: unfinished, or kept as a record only."
)
cards[2].metric("Trained networks", n_usable, help=beside if n_usable < len(runs) else None)
with cards[3]:
    overview.show_device(cache.find_device())


def run_row(run: RunSummary) -> dict:
    """One line of the table of networks."""
    title = cache.title_of_data(run.data)
    if run.shipped and title == run.data:
        title = "Simulated, real stars" if run.n_real else "Simulated stars"
    return {
        "Network": run.title,
        "Run": run.name,
        "Members": run.n_members or None,
        "Training stars": run.n_train,
        "Trained on": title,
        "Test ROC-AUC": run.test_roc_auc,
        "State": run.state,
    }


if runs:
    formats = {
        "Network": st.column_config.TextColumn(width=165),
        "Run": st.column_config.TextColumn(width=180),
        "Trained on": st.column_config.TextColumn(width=160),
        "Members": st.column_config.NumberColumn(width=72),
        "Training stars": st.column_config.NumberColumn(format="localized", width=100),
        "Test ROC-AUC": st.column_config.NumberColumn(format="%.4f", width=100),
    }
    table = pd.DataFrame([run_row(run) for run in runs])
    if (table["State"] == FINISHED).all():
        table = table.drop(columns="State")
    st.dataframe(
        table, hide_index=True, column_config=formats, height="auto" if len(runs) > 24 else "content", placeholder="–"
    )
    st.caption(
        "Each network is an ensemble: its members were trained on different folds, and their spread is part of every "
        "verdict. Reference runs, one for each network, come with one member. A verdict needs no TensorFlow and takes "
        "milliseconds."
    )
else:
    st.info("No trained network is installed yet, so stars can be seen but not classified.", icon=":material/info:")

overview.explain()

if not cache.has_embedded_dataset():
    with steps.container():  # the tour need not wait until the sample is drawn
        overview.guide(None)
try:
    embedded = cache.embedded_dataset()
except ExplorerError as error:
    embedded_card.metric("Embedded stars", "none")
    st.error(f"The embedded sample could not be made. {escape_markdown(error)}", icon=":material/error:")
    embedded = None
else:
    embedded_card.metric("Embedded stars", f"{len(embedded):,}", help=embedded.provenance)
with steps.container():
    overview.guide(embedded)
