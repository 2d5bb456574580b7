"""What pages compute for themselves."""

from types import SimpleNamespace

import pandas as pd
import pytest

from core.jobs.job import RUNNING, JobState
from ui.overview import _examples
from ui.survey_progress import speed_of


def partition(time_s: float) -> dict:
    return {"event": "partition", "time": time_s, "rows": 1000, "massive": 1}


def test_the_rate_of_a_survey_counts_no_partitions_of_earlier_attempts():
    now = JobState(RUNNING, n_tasks=10, n_done=6, started=1000.0)
    done = [partition(100.0 + i) for i in range(4)] + [partition(1010.0), partition(1020.0)]
    stars_per_s, s_per_partition = speed_of(done, now, 1020.0)
    assert stars_per_s == pytest.approx(100.0)
    assert s_per_partition == pytest.approx(10.0)
    assert speed_of(done[:4], now, 1020.0) is None
    assert speed_of(done, JobState(), 1020.0) is None


def test_the_examples_are_the_brightest_stars_that_trained_no_network():
    table = pd.DataFrame(
        {
            "source_id": [1, 2, 3, 4, 5],
            "label": ["massive", "massive", "massive", "low-mass", "low-mass"],
            "part": ["train", "test", "test", "test", "train"],
            "phot_g_mean_mag": [5.0, 9.0, 8.0, 12.0, 11.0],
        }
    )
    assert _examples(SimpleNamespace(table=table)) == {"massive": "3", "low-mass": "4"}
    assert _examples(SimpleNamespace(table=table.drop(columns="part"))) == {"massive": "1", "low-mass": "5"}
    assert _examples(None) == {}
