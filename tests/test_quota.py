"""Limits of a shared instance and its read-only mode: refused in the core, before anything starts or is written."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core import quota
from core.__main__ import build_app, main
from core.commands import COMMANDS
from core.errors import DiskSpaceError, JobError, QuotaError, ReadOnlyError
from core.jobs import launch
from core.jobs.job import CANCELLED, JobState, cancel, create_job, delete, find_jobs, requeue
from core.runs.settings import resolve_settings
from core.survey.job import submit_survey
from core.training.job import EMBEDDED, submit_training
from models.registry import model_spec

READING = ("models", "runs", "compare", "evaluate", "survey-report", "star")


@pytest.fixture(autouse=True)
def _instance(tmp_path, monkeypatch):
    """An empty instance whose runner never starts."""
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setattr(launch, "ensure_runner", lambda: False)


def submit():
    return launch.submit("train", "a job", {})


def test_a_user_has_so_many_unfinished_jobs_and_the_machine_too(monkeypatch):
    monkeypatch.setenv("EXPLORER_JOBS_PER_USER", "2")
    monkeypatch.setenv("EXPLORER_JOBS", "3")
    with quota.acting_as("ada@example.org"):
        first = submit()
        submit()
        with pytest.raises(QuotaError, match="3 unfinished jobs of yours would be more than the 2 allowed"):
            submit()
        first.write_state(JobState(CANCELLED))
        submit()  # an ended one does not count
    with quota.acting_as("bob@example.org"):
        submit()
        with pytest.raises(QuotaError, match="of all users"):
            submit()
    with pytest.raises(QuotaError, match="of all users"):
        submit()
    assert len(find_jobs()) == 4


def test_the_size_of_a_users_job_is_limited(monkeypatch):
    monkeypatch.setenv("EXPLORER_JOB_STARS", "5000")
    monkeypatch.setenv("EXPLORER_JOB_TASKS", "4")
    deep = model_spec("deep")
    five_folds = [(deep, resolve_settings(deep, "quick"))]
    with quota.acting_as("session:1"):
        with pytest.raises(QuotaError, match="5,001 stars drawn by one job"):
            submit_survey("simulated:survey:5001:1", "run", "big", "big")
        with pytest.raises(QuotaError, match="5 folds in one job"):
            submit_training(EMBEDDED, five_folds, "run", "big")
        assert find_jobs() == []
        submit_survey("simulated:survey:5000:1", "run", "small", "small")
    submit_training(EMBEDDED, five_folds, "run", "the owner of the machine has no such limit")
    assert [job.owner for job in find_jobs()] == ["session:1", ""]


def test_a_named_users_job_is_theirs_alone():
    with quota.acting_as("ada@example.org"):
        job = submit()
    with quota.acting_as("bob@example.org"):
        for change in (cancel, requeue, delete):
            with pytest.raises(JobError, match="another user's"):
                change(job)
    assert not job.is_cancelled
    with quota.acting_as("ada@example.org"):
        cancel(job)
    assert job.is_cancelled


def test_a_job_of_nobody_by_name_may_be_ended_by_anybody():
    with quota.acting_as("session:a window that was closed"):
        job = submit()
    with quota.acting_as("session:another window"):
        cancel(job)
    assert job.is_cancelled


def test_resuming_counts_as_a_job(monkeypatch):
    monkeypatch.setenv("EXPLORER_JOBS", "1")
    ended = create_job("train", "ended", {})
    ended.write_state(JobState(CANCELLED))
    submit()
    with pytest.raises(QuotaError):
        requeue(ended)


def test_a_read_only_instance_starts_changes_and_saves_nothing(monkeypatch, tmp_path):
    job = submit()
    monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    before = sorted(tmp_path.rglob("*"))
    for forbidden in (submit, lambda: cancel(job), lambda: requeue(job), lambda: delete(job)):
        with pytest.raises(ReadOnlyError, match="read-only demonstration"):
            forbidden()
    with pytest.raises(ReadOnlyError):
        quota.check_new_sample(0, 10)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_read_only_instance_starts_no_runner_for_what_is_left(monkeypatch):
    monkeypatch.undo()  # the real ensure_runner
    monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    monkeypatch.setattr(launch, "unfinished_jobs", lambda: pytest.fail("looked for work"))
    assert launch.ensure_runner() is False


def test_samples_are_limited_in_number_and_size(monkeypatch):
    monkeypatch.setenv("EXPLORER_SAMPLES", "2")
    monkeypatch.setenv("EXPLORER_SAMPLE_STARS", "100")
    quota.check_new_sample(1, 100)
    with pytest.raises(QuotaError, match="3 saved samples"):
        quota.check_new_sample(2, 100)
    with pytest.raises(QuotaError, match="101 stars"):
        quota.check_new_sample(1, 101)


def test_opened_files_are_limited_in_number_and_size(monkeypatch):
    monkeypatch.setenv("EXPLORER_UPLOADS", "2")
    monkeypatch.setenv("EXPLORER_UPLOAD_MB", "2")
    monkeypatch.setenv("EXPLORER_SESSION_MB", "3")
    quota.check_upload(1, 1_000_000, 2_000_000)
    for n_open, held, size, reason in (
        (2, 0, 1, "3 opened files"),
        (0, 0, 2_000_001, "bytes in an opened file"),
        (1, 1_000_001, 2_000_000, "of a session"),
    ):
        with pytest.raises(QuotaError, match=reason):
            quota.check_upload(n_open, held, size)
    with pytest.raises(QuotaError, match="close one first"):
        quota.check_session(3_000_001)


def test_the_last_megabytes_of_the_disk_are_left_alone(monkeypatch):
    monkeypatch.setenv("EXPLORER_DISK_RESERVE_MB", str(10**9))
    with pytest.raises(DiskSpaceError, match="EXPLORER_DISK_RESERVE_MB"):
        submit()
    with pytest.raises(DiskSpaceError):
        quota.check_new_sample(0, 10)
    assert find_jobs() == []


def test_of_many_who_start_jobs_at_once_as_many_get_in_as_are_allowed(monkeypatch):
    monkeypatch.setenv("EXPLORER_JOBS", "4")

    def ask(_: int) -> bool:
        try:
            submit()
        except QuotaError:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        admitted = sum(pool.map(ask, range(40)))
    assert admitted == len(find_jobs()) == 4
    ended = find_jobs()[:2]
    for item in ended:
        item.write_state(JobState(CANCELLED))
    submit()  # one place is left, and two ended jobs want it
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(_may_requeue, ended))
    assert sorted(results) == [False, True]


def _may_requeue(item) -> bool:
    try:
        requeue(item)
    except QuotaError:
        return False
    return True


def test_of_many_who_save_samples_at_once_as_many_are_saved_as_are_allowed(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_SAMPLES", "3")

    def save(number: int) -> bool:
        path = tmp_path / "samples" / f"{number}.parquet"
        try:
            with quota.place_for_sample(path, 10):
                path.write_text("stars")
        except QuotaError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(save, range(20))) == 3


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_commands_that_write_refuse_in_read_only_mode(name, monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    registered = {item.name: item.callback for item in build_app().registered_commands}
    if name in READING:
        assert not hasattr(registered[name], "__wrapped__")
        return
    with pytest.raises(ReadOnlyError, match=f"`{name}` is switched off"):
        registered[name]()
    assert not (tmp_path / "local").exists()


def test_a_refused_command_says_so_and_writes_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    out = tmp_path / "stars.parquet"
    assert main(["simulate", "--population", "survey", "--stars", "5", "--out", str(out)]) == 1
    assert "`simulate` is switched off" in capsys.readouterr().err
    assert not out.exists()
