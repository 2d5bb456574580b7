"""The rate of a survey that goes on from an earlier attempt counts what was done since."""

import pytest

from core.jobs.job import RUNNING, JobState
from ui.survey_progress import speed_of


def partition(time_s: float) -> dict:
    return {"event": "partition", "time": time_s, "rows": 1000, "massive": 1}


def test_partitions_of_earlier_attempts_do_not_count():
    now = JobState(RUNNING, n_tasks=10, n_done=6, started=1000.0)
    done = [partition(100.0 + i) for i in range(4)] + [partition(1010.0), partition(1020.0)]
    stars_per_s, s_per_partition = speed_of(done, now, 1020.0)
    assert stars_per_s == pytest.approx(100.0)
    assert s_per_partition == pytest.approx(10.0)
    assert speed_of(done[:4], now, 1020.0) is None
    assert speed_of(done, JobState(), 1020.0) is None
