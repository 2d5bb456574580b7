"""Train: choose networks and data, start, watch them learn, go on using the app."""

import streamlit as st

from core.figures.training_curves import representations_figure
from core.jobs.cluster import machine_workers
from core.runs.settings import resolve_settings
from core.spectra.representations import REPRESENTATIONS
from core.training.job import KIND
from core.training.ranking import ranked_representations
from core.training.speed import submit_calibration
from models.registry import model_spec
from ui import cache, state
from ui.parts import access
from ui.parts.choice import choose_one
from ui.parts.figure import show
from ui.parts.jobs import choose_job, start, watch
from ui.parts.tabs import show_tabs
from ui.shell import link, page
from ui.train.choices import TITLES, TrainingChoice, choose_training, choose_training_data
from ui.train.view import show_estimate, show_results, show_training

page("Train", ":material/model_training:")

BASELINE_HELP = "Gradient boosting, logistic regression, and position and brightness alone, on the same folds: minutes."
MEASURE_HELP = "In the background; the expected time appears when the page is used again."
ESTIMATED_STARS = 18_908  # the embedded set's, before it has been made


def new_training() -> None:
    """Choices, expected time, start."""
    choice = choose_training()
    if choice is None:
        return
    n_workers, threads = machine_workers()
    n_stars = round(0.8 * choice.entry.n_stars) if choice.entry.n_stars else ESTIMATED_STARS
    device, expected, buttons = st.columns(3, border=True)
    device.metric("Device", str(cache.find_device()))
    device.caption(f"{n_workers} folds at a time, {threads} thread{'s' if threads > 1 else ''} each.")
    with expected:
        known = show_estimate(choice, n_stars, n_workers)
    with buttons:
        names = ", ".join(spec.title for spec, _ in choice.choices)
        title = f"{names} on {choice.entry.title}"
        wanted = st.checkbox("Fit the baselines too", key=state.BASELINES, bind="query-params", help=BASELINE_HELP)
        st.button(
            "Start", icon=":material/play_arrow:", type="primary", width="stretch", disabled=access.is_read_only(),
            on_click=access.guarded(start), args=(choice.submit, JOBS, title, wanted),
        )  # fmt: skip
        if not known:
            st.button(
                "Measure the speed first",
                icon=":material/speed:",
                width="stretch",
                on_click=access.guarded(submit_calibration),
                args=(choice.choices,),
                disabled=access.is_read_only(),
                help=MEASURE_HELP,
            )
    st.caption(
        "Every fold gets a fresh network and keeps its best epoch; a fifth of the stars is held out and seen by none. "
        f"The same from the command line: `python -m core train --model {','.join(s.key for s, _ in choice.choices)} …`"
    )


def jobs() -> None:
    """One job, live."""
    job = choose_job(KIND)
    if job is None:
        st.info("No training has been started on this machine yet.", icon=":material/model_training:")
        return
    show_results(job)
    watch(job, show_training)


def representations() -> None:
    """Finished runs of one network, ranked by what the network saw; and a job that fills the table."""
    left, right = st.columns(2, gap="medium")
    with left:
        key = choose_one("Network", TITLES, state.RANKED_MODEL)
    with right:
        entry = choose_training_data()
    groups = ranked_representations(key)
    if not groups:
        st.info(f"No finished runs of {TITLES[key]} with two representations yet.", icon=":material/leaderboard:")
    for number, (description, table) in enumerate(groups):
        show(
            representations_figure(table, description), "Bars: standard deviation over the folds.", key=f"rank {number}"
        )
        st.dataframe(table, hide_index=True)
    usable = [item for item in REPRESENTATIONS if item.needs != "coefficients"]
    names = st.multiselect("Train with", [item.name for item in usable], ["l2", "pca"], key=state.REPRESENT)
    spec = model_spec(key)
    choices = [(spec, resolve_settings(spec, "quick", representation=name)) for name in names]
    st.button(
        "Start the comparison",
        icon=":material/play_arrow:",
        disabled=len(names) < 2 or access.is_read_only(),
        on_click=access.guarded(start),
        args=(TrainingChoice(entry, choices).submit, JOBS, f"{spec.title} with {len(names)} representations"),
    )
    link("Spectra", "See what the representations look like")


NEW, JOBS, RANKING = "New training", "Jobs", "Representations"
views = {NEW: new_training, JOBS: jobs, RANKING: representations}
show_tabs(views)
