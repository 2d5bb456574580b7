"""What the page Associations leaves to jobs: the same figures as computed at once, kept under the request."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import UsageError
from core.jobs.job import create_job, jobs_dir
from core.jobs.work import TaskCancelled, open_work, run_task
from core.sky.associations import GroupingSettings, associations_of
from core.sky.exploration import single_stop
from core.sky.job import CHECKS, HDBSCAN, KIND, N_DRAWS, SCAN, find_latest, find_result, prepare
from core.sky.settings_scan import scan_settings
from core.sky.star_places import star_places
from tests.sky.samples import sky_with_groups

TABLE = sky_with_groups()
SETTINGS = GroupingSettings(eps_pc=30.0, min_samples=6)


@pytest.fixture(autouse=True)
def local(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))


def done(request):
    """Do a request's job here, task by task, as the runner does."""
    job = create_job(KIND, "test", request)
    work = open_work(job)
    for task in work.tasks:
        work.done(task, run_task(str(job.events_file(task.name)), task.function, task.arguments))
    work.close(complete=True, message="")
    assert find_latest(request).id == job.id
    return find_result(request)


def test_groups_are_checked_in_parts_that_make_one_table():
    request = prepare(CHECKS, TABLE, SETTINGS, None)
    assert find_result(request) is None
    checked = done(request)
    found = associations_of(star_places(TABLE), SETTINGS)
    assert checked["group"].tolist() == list(range(found.n_groups))
    rich = np.bincount(found.group[found.group >= 0]) >= 15
    assert (checked["stability"][rich] > 0.75).all()
    assert checked["p_value"].between(1 / (N_DRAWS + 1) - 1e-9, 1).all()
    assert (checked["p_value"][rich] <= 0.05).all()
    assert find_result(prepare(CHECKS, TABLE.copy(), SETTINGS, None)) is not None
    assert find_result(prepare(CHECKS, TABLE, replace(SETTINGS, eps_pc=31.0), None)) is None


def test_the_map_of_settings_is_that_of_the_page():
    values = {"eps": [20.0, 30.0], "min_samples": [5, 8]}
    scan = done(prepare(SCAN, TABLE, SETTINGS, None, values=values))
    expected = scan_settings(star_places(TABLE), SETTINGS, values["eps"], values["min_samples"])
    assert scan.equals(expected)


def test_hdbscan_of_a_job_is_that_of_the_page():
    settings = replace(SETTINGS, algorithm="hdbscan", min_samples=8)
    groups = done(prepare(HDBSCAN, TABLE, settings, None))
    places = star_places(TABLE)
    (given, swept), (found, expected) = single_stop(places, settings, groups), single_stop(places, settings)
    assert (given.group == found.group).all()
    assert (given.note == found.note).all()
    assert (swept.group == expected.group).all()


def test_a_cancelled_check_stops_and_leaves_no_result():
    request = prepare(CHECKS, TABLE, SETTINGS, None)
    job = create_job(KIND, "test", request)
    (jobs_dir() / job.id / "cancel").touch()
    work = open_work(job)
    from core.jobs.work import Reporter

    with pytest.raises(TaskCancelled):
        work.tasks[0].function(Reporter(job.events_file("draws0")), **work.tasks[0].arguments)
    assert work.close(complete=False, message="cancelled") == "cancelled"
    assert find_result(request) is None
    with pytest.raises(UsageError, match="no such job"):
        prepare("dance", TABLE, SETTINGS, None)
