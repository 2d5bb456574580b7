"""A survey job on the page: partitions, stars, rate and time left."""

import time

import streamlit as st

from core.jobs.job import ENDED, FINISHED, Job, read_events
from ui.numbers import duration
from ui.plain import plain


def show_progress(job: Job) -> None:
    """Progress of a survey; the link to its result is the tab beside."""
    now = job.state()
    done = [row for rows in read_events(job).values() for row in rows if row.get("event") == "partition"]
    rows, massive = sum(row["rows"] for row in done), sum(row["massive"] for row in done)
    st.progress(now.n_done / now.n_tasks if now.n_tasks else 0.0)
    stars, found, rate, left = st.columns(4, border=True)
    stars.metric("Stars", f"{rows:,}")
    found.metric("Massive at equal priors", f"{massive:,}")
    seconds = (now.ended or time.time()) - now.started if now.started else 0.0
    rate.metric("Stars per second", f"{rows / seconds:,.0f}" if seconds and rows else "–")
    finished = len(done)
    to_do = now.n_tasks - now.n_done
    if now.state in ENDED or not finished:
        left.metric("Time left", "–")
    else:
        left.metric("Time left", f"about {duration(max(1.0, seconds / finished * to_do))}")
    if now.state == FINISHED:
        st.success(f"{plain(now.message)}. The answer is under *Results*.", icon=":material/check:")
    elif now.n_done:
        st.caption("What is finished stands under *Results* already; a cancelled survey goes on from there.")
