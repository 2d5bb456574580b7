"""A survey job on the page: partitions, stars, rate and time left."""

import time

import streamlit as st

from core.jobs.job import ENDED, FINISHED, Job, JobState, read_events
from ui.parts.cards import show_cards
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import duration


def show_progress(job: Job) -> None:
    """Progress of a survey; the link to its result is the tab beside."""
    now = job.state()
    done = [row for rows in read_events(job).values() for row in rows if row.get("event") == "partition"]
    rows, massive = sum(row["rows"] for row in done), sum(row["massive"] for row in done)
    st.progress(now.n_done / now.n_tasks if now.n_tasks else 0.0)
    speed = speed_of(done, now, time.time())
    rate, left = "–", "–"
    if speed is not None:
        rate = f"{speed[0]:,.0f}"
        if now.state not in ENDED:
            left = f"about {duration(max(1.0, speed[1] * (now.n_tasks - now.n_done)))}"
    cards = [("Stars", f"{rows:,}"), ("Massive at equal priors", f"{massive:,}")]
    show_cards([*cards, ("Stars per second", rate), ("Time left", left)])
    if now.state == FINISHED:
        st.success(f"{escape_markdown(now.message)}. The answer is under *Results*.", icon=":material/check:")
    elif now.n_done:
        st.caption("What is finished stands under *Results* already; a cancelled survey goes on from there.")


def speed_of(partitions: list[dict], now: JobState, time_s: float) -> tuple[float, float] | None:
    """Stars per second and seconds per partition since the latest start; None before its first partition."""
    recent = [row for row in partitions if now.started and row["time"] >= now.started]
    seconds = (now.ended or time_s) - (now.started or 0.0)
    return (sum(row["rows"] for row in recent) / seconds, seconds / len(recent)) if recent and seconds > 0 else None
