"""Jobs meet a full disk, a closed folder, the end of the app; of workers and runner: tests/training/test_jobs.py."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import asdict

import numpy as np
import pytest

from core.errors import StorageError
from core.explanation.explanation import Explanation
from core.explanation.job import ExplanationWork, Sample, sample_path
from core.explanation.store import store_explanation, stored_explanation
from core.jobs import job, launch, runner, work
from core.jobs.work import Task
from core.settings import PROJECT_ROOT, current_settings
from core.sky.associations import GroupingSettings
from core.sky.job import CHECKS, SCAN, find_result, prepare
from tests.faults.conftest import FULL, KILL, run_and_kill
from tests.sky.samples import sky_with_groups

SETTINGS = GroupingSettings(eps_pc=30.0, min_samples=6)
PATIENCE_S = 200
RUN = current_settings().reference_runs_dir / "wide"


@pytest.fixture(autouse=True)
def local(tmp_path, monkeypatch):
    """A data folder of its own."""
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("EXPLORER_RUNNER_IDLE_S", "0.2")
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    return tmp_path / "local"


class AtOnce:
    """A stand-in for Dask's client that does every task here and now."""

    def submit(self, function, *arguments, **_):
        future: Future = Future()
        future.status = "finished"
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
            future.status = "error"
        return future


def scan_request() -> dict:
    return prepare(SCAN, sky_with_groups(), SETTINGS, None, values={"eps": [20.0, 30.0], "min_samples": [5, 8]})


def test_a_result_that_does_not_fit_ends_its_job_and_not_the_others(disk):
    request = scan_request()
    submitted = job.create_job("associations", "no room for its result", request)
    other = job.create_job("associations", "another", {**request, "out": request["out"].replace("scan", "other")})
    active = runner.JobAtWork(submitted, AtOnce(), 0)
    with disk.full(700):  # room for the job's own small files
        while not active.ended:
            active.step()
    state = submitted.state()
    assert state.state == job.FAILED
    assert FULL in state.message
    assert request["out"] in state.message
    assert find_result(request) is None
    runner.serve(AtOnce(), 0.1)
    assert other.state().state == job.FINISHED
    job.requeue(submitted)
    runner.serve(AtOnce(), 0.1)
    assert submitted.state().state == job.FINISHED
    assert len(find_result(request)) == 4


def test_a_runner_that_cannot_write_how_far_it_is_says_so_when_there_is_room(disk):
    submitted = job.create_job("associations", "test", scan_request())
    active = runner.JobAtWork(submitted, AtOnce(), 0)
    before = asdict(submitted.state())
    with disk.full():
        for _ in range(3):
            active.step()
        assert not active.ended, "its end stands nowhere yet"
        assert asdict(submitted.state()) == before, "readable, and not half"
    active.step()
    assert active.ended
    assert submitted.state().state == job.FAILED
    assert FULL in submitted.state().message


def test_a_runner_does_not_wait_for_a_job_whose_folder_is_gone(disk):
    submitted = job.create_job("associations", "test", scan_request())
    active = runner.JobAtWork(submitted, AtOnce(), 0)
    with disk.full():
        active.step()
        assert not active.ended
        shutil.rmtree(submitted.folder)
        assert active.ended


def test_a_task_that_fails_on_a_full_disk_says_why_and_not_that_it_could_not_say(disk, tmp_path):
    asked = job.create_job("train", "test", {})

    def fail(reporter):
        disk.fill()
        raise ValueError("what went wrong")

    with pytest.raises(ValueError, match="what went wrong"):
        work.run_task(str(asked.events_file("one")), fail, {})


def test_an_event_after_a_torn_line_is_read(disk):
    asked = job.create_job("train", "test", {})
    path = asked.events_file("one")
    job.append_event(path, {"event": "started"})
    whole = path.stat().st_size
    with pytest.raises(StorageError, match=FULL), disk.full(whole + 5):
        job.append_event(path, {"event": "epoch", "epoch": 1})
    assert path.stat().st_size == whole + 5, "the line is torn"
    job.append_event(path, {"event": "epoch", "epoch": 2})
    assert [row.get("epoch") for row in job.read_events(asked)["one"]] == [None, 2]


def test_submitting_where_nothing_can_be_written(no_place, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(no_place))
    monkeypatch.setenv("EXPLORER_DISK_RESERVE_MB", "0")
    with pytest.raises(StorageError, match=FULL) as caught:
        launch.submit("train", "test", {})
    assert "choose " in str(caught.value)


def explanation(n: int = 3) -> Explanation:
    values = np.zeros((n, 343))
    names = np.array(["massive"] * n, dtype=object)
    one = np.arange(n, dtype=float)
    return Explanation(
        source_id=np.arange(n), label=names, note=names, logit=one, probability=one, flux=values, spectrum=values,
        shap=values, shap_context=None, shap_std=None, run="wide", model="wide", title="Wide", space="l2",
        base_value=0.0, background_spread=0.0, explainer="test", background="test",
    )  # fmt: skip


def test_a_killed_explanation_is_not_kept_and_is_done_again(local):
    sample = Sample(40, 20)
    request = {"runs": [["wide", str(RUN)]], "sample": [40, 20, 0], "checks": False, "boosted": False}
    path = sample_path(RUN, sample)
    code = (
        "import pyarrow.parquet as pq\nfrom pathlib import Path\nfrom core.explanation import store\n"
        "from tests.faults.test_jobs import explanation\n"
        f"def half(table, beside, **_):\n    Path(beside).write_bytes(b'PAR1 half'); {KILL}\n"
        "pq.write_table = half\nstore.store_explanation(explanation(), Path(sys.argv[1]))"
    )
    run_and_kill(code, path)
    assert list(path.parent.iterdir()), "half of it is there, under another name"
    assert not path.exists()
    assert len(ExplanationWork(request).tasks) == 1
    store_explanation(explanation(), path)
    assert list(path.parent.iterdir()) == [path]
    assert stored_explanation(path).source_id.tolist() == [0, 1, 2]
    assert ExplanationWork(request).tasks == []


def test_an_explanation_that_does_not_fit_is_not_kept(disk):
    path = sample_path(RUN, Sample(40, 20))
    with pytest.raises(StorageError, match=FULL), disk.full(500):
        store_explanation(explanation(), path)
    assert list(path.parent.iterdir()) == []


_APP = """
import sys, time
from core.sky.associations import GroupingSettings
from core.sky.job import CHECKS, prepare, submit_request
from tests.sky.samples import sky_with_groups
submitted = submit_request(prepare(CHECKS, sky_with_groups(), GroupingSettings(eps_pc=30.0, min_samples=6), None))
print(submitted.id, flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_a_job_outlives_the_app_that_started_it(local):
    """The app and all that it started in its session are killed before the job can have begun."""
    command = [sys.executable, "-c", _APP]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as app:
        job_id = app.stdout.readline().strip()
        os.killpg(app.pid, signal.SIGKILL)
    submitted = job.find_job(job_id)
    assert submitted.state().state in (job.QUEUED, job.RUNNING)
    limit = time.monotonic() + PATIENCE_S
    while submitted.state().state not in job.ENDED:
        assert time.monotonic() < limit, (job.jobs_dir() / launch.LOG_FILE).read_text()[-2000:]
        time.sleep(0.1)
    assert (submitted.state().state, submitted.state().message) == (job.FINISHED, "done")
    assert find_result(prepare(CHECKS, sky_with_groups(), SETTINGS, None)) is not None


def test_a_job_whose_runner_was_killed_is_called_interrupted(local):
    asked = job.create_job("train", "test", {})
    assert not launch.is_interrupted(asked), "it waits for its turn"
    asked.write_state(job.JobState(job.RUNNING, started=1.0))
    assert launch.is_interrupted(asked)
    with runner.runner_lock() as mine:
        assert mine
        assert not launch.is_interrupted(asked)
    asked.write_state(job.JobState(job.FINISHED, started=1.0, ended=2.0))
    assert not launch.is_interrupted(asked)


def test_a_task_that_could_not_have_a_progress_file_is_refused():
    with pytest.raises(ValueError, match="task name 'a/b'"):
        Task("a/b", print)
