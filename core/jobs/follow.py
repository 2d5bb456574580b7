"""Watching a job from a terminal."""

import time
from collections.abc import Callable

from core.jobs.job import ENDED, Job, JobState, read_events

POLL_S = 0.5


def follow(job: Job, tell: Callable[[str], None]) -> JobState:
    """Wait for a job's end; `tell` gets a line whenever a task has begun, ended or failed."""
    told: set[tuple[str, str]] = set()
    while True:
        state = job.state()
        for task, events in read_events(job).items():
            for event in events:
                name = event["event"]
                if name in ("started", "ended", "failed", "cancelled") and (task, name) not in told:
                    told.add((task, name))
                    tell(f"{task} {name}" + (f": {event['message']}" if "message" in event else ""))
        if state.state in ENDED:
            return state
        time.sleep(POLL_S)
