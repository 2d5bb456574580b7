"""A training job on the page: per-network progress, live curves, log, and where a finished run leads."""

import pandas as pd
import streamlit as st

from core.figures.training_curves import curves_figure
from core.jobs.job import Job
from core.runs.run import FINISHED
from core.training.job import run_names
from core.training.job_progress import NetworkProgress, log_lines, network_progress
from core.training.speed import estimate_seconds, find_speed
from ui import cache, shell, state
from ui.parts.choice import choose_one
from ui.parts.figure import show
from ui.train.choices import TrainingChoice

RESULT_PAGES = ("Compare", "Evaluate", "Explain", "Star")


def show_training(job: Job) -> None:
    """Table of networks, the curves of one of them, the log."""
    networks = network_progress(job)
    st.dataframe(
        pd.DataFrame([_row(network) for network in networks]),
        hide_index=True,
        placeholder="–",
        column_config={
            "Now": st.column_config.TextColumn(width="large"),
            "Progress": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0),
            "Validation accuracy": st.column_config.NumberColumn(format="%.4f"),
        },
    )
    _show_curves({network.folder: network for network in networks})
    with st.expander("Log", icon=":material/list:"):
        st.code("\n".join(log_lines(job)) or "nothing yet", language=None, height=240)


def _row(network: NetworkProgress) -> dict:
    return {
        "Network": network.title,
        "Folds": f"{network.folds_done} of {network.n_folds}",
        "Progress": network.fraction,
        "Validation accuracy": network.validation_accuracy,
        "Now": network.error or network.now,
    }


def _show_curves(networks: dict[str, NetworkProgress]) -> None:
    """Loss and accuracy of one network: the chosen one, by default the first."""
    titles = {name: network.title for name, network in networks.items()}
    name = choose_one("Curves of", titles, state.CURVES) if len(titles) > 1 else next(iter(titles))
    curves = networks[name].curves
    if curves.empty:
        st.caption("The curves begin with the first epoch.")
        return
    for column, quantity in zip(st.columns(2, gap="medium"), ("loss", "accuracy"), strict=True):
        with column:
            figure = curves_figure(curves, quantity, f"{titles[name]}: {quantity}")
            n_folds = curves["fold"].nunique()
            caption = "One fold so far."
            if n_folds > 1:
                caption = (
                    f"Mean of {n_folds} folds, band: all of them. A fold that has stopped early is missing from the "
                    "later epochs; the accuracy in the table is that of each fold's best epoch."
                )
            show(figure, caption, key=f"curves {name} {quantity}")


def show_results(job: Job) -> None:
    """Links from the finished networks of a job to the pages that use them."""
    finished = {run.name: run for run in cache.find_runs_now() if run.usable and run.state == FINISHED}
    names = [name for name in run_names(job).values() if name in finished]
    if not names:
        return
    titles = {item.title for _, items in shell.MENU for item in items}
    with st.container(horizontal=True):
        for title in RESULT_PAGES:
            if title in titles:
                shell.link(title, f"{title}: {finished[names[0]].title}", run=names[0])


def show_estimate(choice: TrainingChoice, n_stars: int, n_workers: int) -> bool:
    """Expected time, or what is missing for it; False if a measurement would make it better."""
    speeds = [find_speed(spec, settings.batch_size) for spec, settings in choice.choices]
    known = [(spec, settings, speed) for (spec, settings), speed in zip(choice.choices, speeds, strict=True) if speed]
    if not known:
        st.metric("Expected time", "unknown", help="Measure the speed first: half a minute per network.")
        return False
    seconds = estimate_seconds(known, n_stars, n_workers)
    missing = len(speeds) - len(known)
    st.metric(
        "Expected time",
        f"{'more than ' if missing else 'at most '}{_rough(seconds)}",
        help="If no fold stops early. Measured on this machine where it says so, else on that of the shipped runs.",
    )
    here = sum(speed.here for _, _, speed in known)
    st.caption(f"Speed measured here for {here} of {len(speeds)} networks.")
    return here == len(speeds)


def _rough(seconds: float) -> str:
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
