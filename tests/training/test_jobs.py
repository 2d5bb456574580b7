"""Training as jobs: real runner and worker processes, tiny data; what survives a kill, a cancellation, bad requests."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.datasets.training_data import read_training_data, sha256_of
from core.device import Device
from core.errors import JobError
from core.jobs import cluster, job, launch, runner
from core.runs.protocol import make_fold_map
from core.runs.run import read_run
from core.runs.settings import resolve_settings
from core.runs.store import finished_folds
from core.training.fit import member_seed, weights_hash
from core.training.job import (
    BASELINE_TASK,
    NetworkRequest,
    TrainingRequest,
    TrainingWork,
    run_names,
    split_task_name,
    submit_training,
    task_name,
)
from core.verdict.out_of_distribution import load_out_of_distribution, store_out_of_distribution
from models.registry import model_spec
from tests.training.conftest import labelled_spectra

PATIENCE_S = 280


@pytest.fixture
def local(tmp_path, monkeypatch):
    """A data folder of its own, whose runner is gone afterwards."""
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EXPLORER_RUNNER_IDLE_S", "0.5")
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    yield tmp_path
    for pid in runner_pids(tmp_path):
        os.kill(pid, signal.SIGTERM)


@pytest.fixture
def stars(local) -> Path:
    """Labelled spectra as Parquet."""
    spectra = labelled_spectra(240)
    table = spectra.metadata.assign(source_id=spectra.source_id, flux=list(spectra.flux))
    table.to_parquet(local / "stars.parquet")
    return local / "stars.parquet"


def wait_for(condition, what: str) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        log = job.jobs_dir() / launch.LOG_FILE
        assert time.monotonic() < limit, f"{what} did not happen; {log.read_text()[-3000:] if log.exists() else ''}"
        time.sleep(0.05)


def settings(spec, **explicit):
    return resolve_settings(spec, "quick", **{"n_folds": 4, "epochs": 2, "batch_size": 32, **explicit})


def submit(stars: Path, *keys: str, name: str = "first", **explicit):
    baselines = explicit.pop("baselines", False)
    choices = [(model_spec(key), settings(model_spec(key), **explicit)) for key in keys]
    return submit_training(stars, choices, name, "test", baselines=baselines)


def processes(*needles: str) -> list[int]:
    """Ids of the processes whose command line and environment hold all of these texts."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            text = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
        except OSError:
            continue
        if all(needle.encode() in text for needle in needles):
            found.append(int(place.name))
    return found


def runner_pids(folder: Path) -> list[int]:
    return processes("core.jobs.runner", f"EXPLORER_DATA_DIR={folder}")


def worker_pids(folder: Path) -> list[int]:
    return processes("multiprocessing.spawn", f"EXPLORER_DATA_DIR={folder}")


def epochs_told(submitted) -> int:
    return sum(row["event"] == "epoch" for rows in job.read_events(submitted).values() for row in rows)


def hashes(folder: Path) -> dict[int, str]:
    return {fold: sha256_of(folder / f"member_{fold:02d}.onnx") for fold in finished_folds(folder)}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_jobs_train_every_fold_tell_every_epoch_and_name_what_cannot_be_done(stars, local):
    pd.read_parquet(stars).assign(label="massive").to_parquet(local / "one_class.parquet")
    (local / "runs" / "blocked").mkdir(parents=True)
    (local / "runs" / "blocked" / "wide").write_text("a file where a folder must be")
    bad = {
        "missing.parquet": submit(local / "missing.parquet", "wide", name="missing"),
        "all 240 stars are labelled 'massive'": submit(local / "one_class.parquet", "wide", name="one_class"),
        "blocked": submit(stars, "wide", name="blocked"),
        "'dance'": launch.submit("dance", "no such kind", {}),
    }
    good = submit(stars, "wide", "deep", n_folds=2, baselines=True)
    assert good.state().state == job.QUEUED
    wait_for(lambda: good.state().state in job.ENDED, "the end of the job")
    for reason, failed in bad.items():
        assert failed.state().state == job.FAILED
        assert reason in failed.state().message
    state = good.state()
    assert (state.state, state.n_tasks, state.n_done, state.message) == (job.FINISHED, 5, 5, "")
    events = job.read_events(good)
    assert events.pop(BASELINE_TASK)[-1]["event"] == "ended"
    baselines = pd.read_parquet(local / "runs" / "first" / "wide" / "baselines.parquet")
    assert set(baselines["baseline"]) == {"gradient_boosting", "logistic", "metadata"}
    assert {split_task_name(name) for name in events} == {(key, fold) for key in ("wide", "deep") for fold in (0, 1)}
    for rows in events.values():
        assert [row["epoch"] for row in rows if row["event"] == "epoch"] == [1, 2]
    for name in run_names(good).values():
        run = read_run(local / "runs" / name)
        assert (run.state, run.folds_done) == ("finished", [0, 1])
        assert "tensorflow" in run.device
        assert len({member.weights_hash for member in run.members}) == 2
        # a worker's other threads draw random numbers too: the first weights must be those of the seed all the same
        first = [weights_hash(model_spec(run.model).build(seed=member_seed(run.seed, fold))) for fold in (0, 1)]
        assert [member.initial_weights_hash for member in run.members] == first
        curves = pd.read_parquet(local / "runs" / name / "curves.parquet")
        told = [row["val_loss"] for row in events[task_name(name.split("/")[1], 1)] if row["event"] == "epoch"]
        np.testing.assert_allclose(curves.loc[curves["fold"] == 1, "val_loss"], told, atol=1e-6)
    wait_for(lambda: not runner.is_running(), "the runner's end when nothing is left to do")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_worker_and_runner_lose_nothing_that_was_finished(stars, local):
    submitted = submit(stars, "wide", n_folds=4, epochs=30, patience=30)
    folder = local / "runs" / "first" / "wide"
    wait_for(lambda: len(worker_pids(local)) > 1 and epochs_told(submitted), "the first epochs")
    os.kill(max(worker_pids(local)), signal.SIGKILL)
    wait_for(lambda: finished_folds(folder), "the first fold")
    assert submitted.state().state == job.RUNNING, "another worker goes on"
    for pid in runner_pids(local):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not runner.is_running() and not worker_pids(local), "the death of runner and workers")
    kept = hashes(folder)
    assert 0 < len(kept) < 4
    assert submitted.state().state == job.RUNNING, "nobody could say that it ended"
    assert launch.ensure_runner(), "what an app does when it starts"
    wait_for(lambda: submitted.state().state in job.ENDED, "the end of the job")
    assert (submitted.state().state, submitted.state().n_done) == (job.FINISHED, 4)
    assert kept.items() <= hashes(folder).items(), "no finished fold is trained again"
    assert read_run(folder).folds_done == [0, 1, 2, 3]
    for rows in job.read_events(submitted).values():
        assert [row["epoch"] for row in rows if row["event"] == "epoch"] == list(range(1, 31))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_cancelled_job_stops_and_the_next_has_its_turn(stars, local):
    submitted = submit(stars, "wide", epochs=4000, patience=4000)
    other = submit(stars, "wide", name="second", epochs=1, only_folds=1)
    wait_for(lambda: epochs_told(submitted) > 4, "some epochs")
    job.cancel(submitted)
    wait_for(lambda: submitted.state().state in job.ENDED, "the end of the job")
    assert submitted.state().state == job.CANCELLED
    run = read_run(local / "runs" / "first" / "wide")
    assert (run.state, run.error, run.folds_done) == ("failed", "cancelled", [])
    wait_for(lambda: other.state().state == job.FINISHED, "the next job's turn")


def test_the_out_of_distribution_model_of_a_network_is_that_of_its_training_stars(stars, local):
    choice = settings(model_spec("wide"))
    networks = [NetworkRequest(key="wide", settings=choice, folder="wide")]
    work = TrainingWork(TrainingRequest(data=str(stars), out=str(local / "runs" / "first"), networks=networks))
    work.close(complete=False, message="cancelled")
    data = read_training_data(stars)
    folds = make_fold_map(data, n_folds=choice.n_folds, validation=choice.validation, seed=choice.seed)
    store_out_of_distribution(local / "expected", data.flux, np.flatnonzero(folds.fold >= 0))
    found, expected = (
        load_out_of_distribution(local / "runs" / "first" / "wide"),
        load_out_of_distribution(local / "expected"),
    )
    np.testing.assert_array_equal(found.score(data.flux), expected.score(data.flux))


def test_who_asks_for_the_runner_sees_one_while_it_lives(local):
    with runner.runner_lock() as mine:
        assert mine
        assert runner.is_running()
    assert not runner.is_running()


def test_jobs_stand_on_disk_for_every_window(local):
    first, second = (job.create_job("train", title, {"n": 1}) for title in ("one", "two"))
    assert [found.id for found in job.find_jobs()] == [first.id, second.id]
    assert job.find_job(second.id) == second
    (local / "jobs" / "broken").mkdir()
    (local / "jobs" / "broken" / "job.json").write_text("{")
    assert len(job.find_jobs()) == 2
    for wrong in ("", "..", "nothing", "broken", "../jobs"):
        with pytest.raises(JobError):
            job.find_job(wrong)


def test_a_job_ends_once_and_may_be_asked_for_again(local):
    asked = job.create_job("train", "one", {})
    assert job.unfinished_jobs() == [asked]
    job.cancel(asked)
    assert asked.is_cancelled
    asked.write_state(job.JobState(job.CANCELLED, ended=1.0))
    assert job.unfinished_jobs() == []
    job.requeue(asked)
    assert not asked.is_cancelled
    assert asked.state().state == job.QUEUED
    asked.write_state(job.JobState(job.FINISHED, ended=1.0))
    job.delete(asked)
    assert job.find_jobs() == []


def test_events_of_the_latest_attempt_count_and_a_torn_line_is_passed_over(local):
    asked = job.create_job("train", "one", {})
    path = asked.events_file("wide.fold00")
    for event in ("started", "epoch", "started", "epoch"):
        job.append_event(path, {"event": event})
    with path.open("a") as file:
        file.write(json.dumps({"event": "epoch"})[:9])
    assert [row["event"] for row in job.read_events(asked)["wide.fold00"]] == ["started", "epoch"]


@pytest.mark.parametrize(
    ("threads", "gpus", "gib", "expected"),
    [
        (2, (), 16, (2, 1)),
        (16, (), 8, (4, 4)),
        (1, (), 1, (1, 1)),
        (16, ("H100",), 128, (1, 16)),
        (64, (), 512, (32, 2)),
    ],
)
def test_workers_suit_the_machine(threads, gpus, gib, expected):
    assert cluster.plan_workers(Device(threads, gpus), gib) == expected
