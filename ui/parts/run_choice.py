"""Choice of the trained network that gives the verdicts; it stands in the URL as `?run=...`."""

import streamlit as st

from core.runs.catalogue import RunSummary
from ui import cache, state
from ui.parts.choice import choose_one


def choose_run() -> RunSummary | None:
    """A select box of the usable runs, the shipped default first; None (with a message) when there is none."""
    runs = {run.name: run for run in cache.with_wanted(cache.find_runs, state.RUN) if run.usable}
    if not runs:
        st.info("No trained network is installed, so there is no verdict.", icon=":material/model_training:")
        return None
    titles = {name: describe(run) for name, run in runs.items()}
    name = choose_one("Network", titles, state.RUN, help="The trained ensemble that classifies.")
    return runs[name]


def describe(run: RunSummary) -> str:
    """Title, number of members and origin of a run, for menus."""
    members = f"{run.n_members} member{'s' if run.n_members != 1 else ''}"
    return f"{run.title}, {members} ({'shipped' if run.shipped else run.name})"
