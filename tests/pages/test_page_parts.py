"""What pages compute for themselves."""

import base64
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.jobs.job import RUNNING, JobState
from core.sky.eps_sweep import EpsSweep
from ui.associations import map as association_map
from ui.overview.view import _examples
from ui.survey.progress import speed_of


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


def test_every_group_of_many_reaches_the_browser_under_its_own_number(monkeypatch):
    n = 40_000
    group = np.arange(n, dtype=np.int32)
    sent = {}
    monkeypatch.setattr(association_map, "_component", lambda: lambda **values: sent.update(values["data"]))
    known = pd.DataFrame({"name": [], "x": [], "y": [], "z": []})
    association_map.association_map(
        np.arange(n), np.ones((n, 3)), EpsSweep(np.array([1.0]), group[None], np.ones((1, n), dtype=bool), (group,)),
        chosen=1.0, push=0, unit="pc", known=known, has_distances=True, alt="map", key="map", on_eps=lambda: None,
    )  # fmt: skip
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(sent["groups"]), dtype="<i4"), group)
    assert "decode(data.groups, Int32Array)" in (association_map._FOLDER / "association_map.js").read_text()
