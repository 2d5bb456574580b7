"""Survey: classify any number of stars in the background, and explore the answer."""

import streamlit as st

from core.errors import ExplorerError
from core.jobs.cluster import machine_workers
from core.jobs.job import Job
from core.survey.job import KIND
from ui.parts import access
from ui.parts.jobs import choose_job, start, watch
from ui.parts.markdown import escape_markdown
from ui.parts.prevalence import choose_prevalence
from ui.parts.tabs import show_tabs
from ui.shell import page
from ui.survey import cache as survey_cache
from ui.survey.choices import (
    choose_new_survey,
    choose_score,
    choose_selection,
    choose_survey,
    say_expected,
)
from ui.survey.progress import show_progress
from ui.survey.views import show_candidates, show_distributions, show_report

page("Survey", ":material/travel_explore:")


def new_survey() -> None:
    """Input, run, start."""
    choice = choose_new_survey()
    if choice is None:
        return
    st.button(
        "Start",
        icon=":material/play_arrow:",
        type="primary",
        on_click=access.guarded(start),
        args=(choice.submit, JOBS),
        disabled=access.is_read_only(),
    )
    st.markdown(say_expected(choice))
    st.caption(
        f"{machine_workers()[0]} partitions at a time, in the background: go on using the app, close the browser, come "
        "back. Files on other disks, or millions of stars on a cluster: `python -m core survey IN --out OUT_DIR`."
    )


def jobs() -> None:
    """One job, live."""
    job: Job | None = choose_job(KIND)
    if job is None:
        st.info("No survey has been started on this machine yet.", icon=":material/travel_explore:")
        return
    watch(job, show_progress)


def results() -> None:
    """A survey, finished or growing."""
    survey = choose_survey()
    if survey is None:
        st.info(
            "No survey has a finished part yet. Start one under *New survey*: a simulated sky of 100,000 stars takes a "
            "minute or two.",
            icon=":material/travel_explore:",
        )
        return
    if survey.n_done < survey.n_partitions:
        st.caption(f"{survey.n_done:,} of {survey.n_partitions:,} partitions so far; figures are of those.")
    try:
        for name, fault in survey_cache.damaged_parts(survey.path, survey.n_done).items():
            st.warning(escape_markdown(f"{name} is left out: {fault}. Go on with the survey: it is done again."))
        left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
        with left:
            prevalence = choose_prevalence()
        with right:
            score = choose_score()
        report = survey_cache.survey_report(survey.path, survey.n_done, prevalence, score)
        selection = choose_selection(report.threshold, score)
        found = survey_cache.counts(survey.path, survey.n_done, selection)
        show_report(report, selection, found)
        show_distributions(survey, selection)
        st.subheader("Candidates", anchor=False)
        show_candidates(survey, selection, found["n_selected"], prevalence)
    except ExplorerError as error:
        st.error(escape_markdown(f"{error}."), icon=":material/error:")


NEW, JOBS, RESULTS = "New survey", "Jobs", "Results"
views = {NEW: new_survey, JOBS: jobs, RESULTS: results}
show_tabs(views)
