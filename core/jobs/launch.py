"""Submitting a job, and seeing to it that a runner is there: all that a page or a command needs."""

import os
import subprocess
import sys

from core import quota
from core.atomic import storage_errors
from core.errors import JobError, StorageError
from core.jobs import runner
from core.jobs.job import RUNNING, Job, admission, create_job, jobs_dir, unfinished_jobs
from core.settings import PROJECT_ROOT, current_settings

LOG_FILE = "runner.log"
_LARGEST_LOG = 2_000_000


def submit(kind: str, title: str, request: dict, *, n_tasks: int = 0, n_stars: int = 0) -> Job:
    """Put a job into the queue and return at once; a runner is started unless one is there.

    Parameters
    ----------
    n_tasks, n_stars : int
        Its size, as far as it is known, for the limits on what users may start.

    Raises
    ------
    QuotaError, ReadOnlyError, DiskSpaceError
        As `core.quota.check_new_job`.
    """
    with admission():
        quota.check_new_job([job.owner for job in unfinished_jobs()], n_tasks=n_tasks, n_stars=n_stars)
        job = create_job(kind, title, request)
    ensure_runner()
    return job


def use_scheduler(address: str) -> None:
    """Let the runner that this process starts send its tasks to a Dask scheduler ('' for a cluster of its own).

    Raises
    ------
    JobError
        A runner is at work, and it has chosen already.
    """
    if address != current_settings().dask_scheduler_address and runner.is_running():
        raise JobError(
            "a runner is at work with another scheduler: wait until its jobs are done (it then ends by itself)"
        )
    os.environ["DASK_SCHEDULER_ADDRESS"] = address


def is_interrupted(job: Job) -> bool:
    """Whether a job's runner has died: it was at work, and nobody is now. `ensure_runner` lets it go on."""
    try:
        return job.state().state == RUNNING and not runner.is_running()
    except StorageError:
        return False  # who may not write here cannot know


def ensure_runner() -> bool:
    """Start a runner if there are unfinished jobs and none is running; True if it was started.

    The runner is a detached process with a session of its own: it outlives the page, the browser and the app.

    Raises
    ------
    StorageError
        The folder of jobs cannot be written to.
    """
    if current_settings().read_only or not unfinished_jobs() or runner.is_running():
        return False
    log_path = jobs_dir() / LOG_FILE
    mode = "wb" if log_path.exists() and log_path.stat().st_size > _LARGEST_LOG else "ab"
    with storage_errors(log_path), log_path.open(mode) as log:
        subprocess.Popen(
            [sys.executable, "-m", "core.jobs.runner"],
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return True
