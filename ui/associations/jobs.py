"""Jobs of the page Associations: what takes longer than a page may wait, started here and shown with its progress."""

import pandas as pd
import streamlit as st

from core.jobs.job import ENDED, FAILED, Job, read_events
from core.sky.associations import GroupingSettings
from core.sky.job import find_latest, find_result, prepare, submit_request
from ui import state
from ui.parts import access
from ui.parts.jobs import watch
from ui.parts.markdown import escape_markdown

AT_ONCE = 20_000
"""Up to so many stars the map of settings and HDBSCAN take a few seconds and are computed in the page."""


def result_or_job(
    what: str,
    stars: pd.DataFrame,
    settings: GroupingSettings,
    method: str | None,
    label: str,
    *,
    values: dict[str, list] | None = None,
) -> pd.DataFrame | None:
    """The result where it is there; else a button that starts the job, or the job at work."""
    request = prepare(what, stars, settings, method, values=values)
    result = find_result(request)
    if result is not None:
        return result
    latest = find_latest(request)
    if latest is not None and latest.state().state not in ENDED:
        watch(latest, _show_progress)
        return None
    if latest is not None and latest.state().state == FAILED:
        st.error(f"{escape_markdown(latest.state().message)}.", icon=":material/error:")
    access.show_refusal()  # here too: a click runs this part of the page alone
    st.button(
        label, icon=":material/science:", on_click=access.guarded(submit_request), args=(request,),
        key=state.key(state.START, what), disabled=access.is_read_only(),
    )  # fmt: skip
    return None


def _show_progress(job: Job) -> None:
    """Share of the steps that all tasks have told of."""
    told = [rows for rows in read_events(job).values() if rows]
    latest = [[row for row in rows if row.get("event") == "progress"][-1:] for rows in told]
    done = sum(row["done"] for rows in latest for row in rows)
    total = sum(row["total"] for rows in latest for row in rows)
    n_tasks = max(job.state().n_tasks, 1)
    share = done / total * len([rows for rows in latest if rows]) / n_tasks if total else 0.0
    st.progress(min(share, 1.0), f"{done:,} steps done")
    st.caption("Go on meanwhile: the result waits here, for every window of this machine.")
