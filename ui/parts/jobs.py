"""Jobs on a page: what runs on this machine, seen the same from every window, and the buttons that change it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import streamlit as st

from core import quota
from core.errors import ExplorerError, JobError, StorageError
from core.jobs import launch
from core.jobs.job import (
    CANCELLED,
    ENDED,
    FAILED,
    FINISHED,
    QUEUED,
    RUNNING,
    Job,
    JobState,
    cancel,
    delete,
    find_job,
    find_jobs,
    requeue,
)
from ui import state
from ui.parts import access
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import duration

REFRESH_S = 1.0
_BADGES: dict[str, tuple[str, Literal["gray", "blue", "green", "red", "orange"]]] = {
    QUEUED: (":material/schedule:", "gray"),
    RUNNING: (":material/play_arrow:", "blue"),
    FINISHED: (":material/check:", "green"),
    FAILED: (":material/error:", "red"),
    CANCELLED: (":material/cancel:", "orange"),
}


@st.cache_resource(show_spinner=False)
def relaunch_unfinished() -> str:
    """Once per app process: jobs that the machine's last end interrupted go on. Returns why not, '' when they do."""
    try:
        launch.ensure_runner()
    except StorageError as error:
        return str(error)
    return ""


def start(submit: Callable[..., Job], tab: str, *arguments: Any) -> None:
    """Queue the job that `submit(*arguments)` makes, and lead to it on `tab`; a callback."""
    state.show_job(submit(*arguments).id, tab)


def choose_job(kind: str) -> Job | None:
    """The job of the URL, or the latest of this kind; None when there is none."""
    jobs = {job.id: job for job in reversed(find_jobs()) if job.kind == kind}
    if not jobs:
        return None
    wanted = state.query(state.JOB, "")
    options = list(jobs)
    if state.recall(state.JOB) not in jobs:
        state.forget(state.JOB)
    chosen = st.selectbox(
        "Job",
        options,
        options.index(wanted) if wanted in jobs else 0,
        format_func=lambda job_id: describe(jobs[job_id]),
        key=state.JOB,
        help="Every window of this machine sees the same jobs. They go on when the browser or the app is closed.",
    )
    state.set_query(state.JOB, chosen)
    return jobs[chosen]


def describe(job: Job) -> str:
    """Time and title of a job in one line, for menus; not its state, which changes while the menu stands."""
    return f"{job.created[:16].replace('T', ' ')} · {job.title}"


def watch(job: Job, draw: Callable[[Job], None]) -> None:
    """State, progress and buttons of a job, then `draw(job)`; repeated every second until the job has ended."""
    ended = job.state().state in ENDED
    st.fragment(_watch_once, run_every=None if ended else REFRESH_S)(job.id, draw, ended)


def _watch_once(job_id: str, draw: Callable[[Job], None], knew_its_end: bool) -> None:
    try:
        job = find_job(job_id)
    except JobError as error:
        st.info(f"{escape_markdown(error)}.", icon=":material/info:")
        return
    now = job.state()
    if now.state in ENDED and not knew_its_end:
        st.rerun()  # the whole page: it stops refreshing and shows the links to the results
    show_state(job, now)
    draw(job)


def show_state(job: Job, now: JobState) -> None:
    """Badge, progress and the buttons that the state allows."""
    icon, colour = _BADGES[now.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(now.state, icon=icon, color=colour)
        st.markdown(f"{now.n_done} of {now.n_tasks} tasks" if now.n_tasks else "waiting for its turn")
        if now.started:
            st.markdown(duration((now.ended or datetime.now(UTC).timestamp()) - now.started))
        _buttons(job, now)
    if now.state in (QUEUED, RUNNING) and not now.n_done:
        waited = duration(max(0.0, datetime.now(UTC).timestamp() - _begun(job)))
        st.progress(0.0, f"Starting: libraries are loaded and data are read, {waited} so far")
    if now.state == FAILED:
        st.error(f"{escape_markdown(now.message)}.", icon=":material/error:")
    elif launch.is_interrupted(job):
        st.warning(
            "The process that was at work on this job has ended. What it had finished is kept: *Resume* does the rest.",
            icon=":material/power_off:",
        )
    elif job.is_cancelled and now.state not in ENDED:
        st.caption("Stopping …")


def _begun(job: Job) -> float:
    """When the job was queued, seconds since 1970."""
    try:
        made = datetime.fromisoformat(job.created)
    except ValueError:
        return datetime.now(UTC).timestamp()
    return (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()


def _buttons(job: Job, now: JobState) -> None:
    with quota.acting_as(access.user_name()):
        if access.is_read_only() or not quota.may_change(job.owner):
            return
        try:
            _change(job, now)
        except ExplorerError as error:
            st.error(f"{escape_markdown(error)}.", icon=":material/block:")


def _change(job: Job, now: JobState) -> None:
    if launch.is_interrupted(job) and st.button(
        "Resume", icon=":material/resume:", key=state.key(state.RELAUNCH, job.id)
    ):
        launch.ensure_runner()
        st.rerun()
    if now.state not in ENDED:
        if st.button("Cancel", icon=":material/stop:", key=state.key(state.CANCEL, job.id), disabled=job.is_cancelled):
            cancel(job)
            launch.ensure_runner()
            st.rerun()
        return
    if now.state != FINISHED and st.button("Resume", icon=":material/resume:", key=state.key(state.RESUME, job.id)):
        requeue(job)
        launch.ensure_runner()
        st.rerun()
    if st.button(
        "Forget", icon=":material/delete:", key=state.key(state.DELETE, job.id), help="What the job has written stays."
    ):
        delete(job)
        state.set_query(state.JOB, None)
        st.rerun()
