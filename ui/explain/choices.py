"""Choices of the page Explain: run, member, star, and the sample that is explained; all stand in the URL."""

import streamlit as st

from core.explanation.job import KIND, Sample, submit_explanations
from core.jobs.job import FINISHED, Job, find_jobs, read_events
from core.runs.catalogue import RunSummary
from ui import cache, state
from ui.explain.cache import N_BACKGROUND
from ui.parts import access
from ui.parts.choice import choose_one
from ui.parts.jobs import watch
from ui.parts.run_choice import choose_run

SAMPLES = {
    "100": "100 stars that it has not seen, half of them massive",
    "40": "40 stars (for a quick look)",
    "200": "200 stars",
}
MEAN = "mean"


def choose_explained_run() -> RunSummary | None:
    """The run; `?model=KEY` without `?run=` means the first run of that network."""
    if not state.query(state.RUN) and not state.knows(state.RUN):
        wanted = state.query(state.MODELS)
        found = next((run.name for run in cache.find_runs() if run.usable and run.model == wanted), None)
        if found is not None:
            state.set_query(state.RUN, found)
    run = choose_run()
    if run is not None:
        state.set_query(state.MODELS, run.model)
    return run


def choose_member(run: RunSummary) -> int | None:
    """One member, or None for the mean of all."""
    if run.n_members == 1:
        return None
    titles = {MEAN: f"Mean of the {run.n_members} members"}
    titles |= {str(number): f"Member {number}" for number in range(run.n_members)}
    help_text = "The mean shows on what the members agree; their spread is drawn as bars."
    chosen = choose_one("Members", titles, state.MEMBER, help=help_text)
    return None if chosen == MEAN else int(chosen)


def choose_sample() -> Sample:
    """How many stars."""
    help_text = f"Held-out stars, explained against {N_BACKGROUND} training stars, half of them massive."
    return Sample(int(choose_one("Sample", SAMPLES, state.EXPLAINED_STARS, help=help_text)), N_BACKGROUND)


def offer_job(runs: list[RunSummary], sample: Sample, label: str, *, boosted: bool = False, key: str) -> None:
    """A button that explains and checks in the background, and the job that is at work."""
    st.button(
        label, icon=":material/play_arrow:", type="primary", key=state.key(state.EXPLAIN, key),
        disabled=access.is_read_only(), on_click=access.guarded(submit_explanations),
        args=([(run.name, run.path) for run in runs], sample), kwargs={"boosted": boosted},
    )  # fmt: skip
    job = latest_job()
    if job is not None and job.state().state != FINISHED:
        watch(job, show_progress)


def latest_job() -> Job | None:
    """The explanation job that was queued last."""
    jobs = [job for job in find_jobs() if job.kind == KIND]
    return jobs[-1] if jobs else None


def show_progress(job: Job) -> None:
    """A bar per task at work."""
    for task, events in read_events(job).items():
        if events and events[-1]["event"] == "progress":
            st.progress(min(1.0, float(events[-1]["share"])), f"{task}: {events[-1]['now']}")
