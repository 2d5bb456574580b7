"""A job on disk: what was asked for, how far it is, who may stop it. Every process and browser window sees the same.

jobs/<id>/job.json           what was asked for; written once
jobs/<id>/state.json         queued, running, finished, failed or cancelled; written by the runner
jobs/<id>/events/<task>.jsonl  progress of one task, appended by the worker that does it
jobs/<id>/cancel             exists when somebody asked for the end
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from core import quota
from core.atomic import atomic_path, storage_errors
from core.claims import locked
from core.errors import JobError
from core.records import read_record
from core.settings import current_settings

QUEUED, RUNNING, FINISHED, FAILED, CANCELLED = "queued", "running", "finished", "failed", "cancelled"
ENDED = (FINISHED, FAILED, CANCELLED)
_JOB_FILE, _STATE_FILE, _CANCEL_FILE, _EVENTS = "job.json", "state.json", "cancel", "events"
_ADMISSION_FILE = "admission.lock"
ADMISSION_S = 20.0
"""So long one waits for others who start jobs at the same time."""
_TASK_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class JobState:
    """How far a job is.

    Attributes
    ----------
    state : str
        'queued', 'running', 'finished', 'failed' or 'cancelled'.
    n_tasks, n_done : int
        Tasks of the job, those of earlier attempts included, and how many are done.
    message : str
        What happens now, or how it ended; an error message after a failure.
    started, ended : float or None
        Unix times.
    """

    state: str = QUEUED
    n_tasks: int = 0
    n_done: int = 0
    message: str = ""
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class Job:
    """What was asked for.

    Attributes
    ----------
    id : str
        Name of the folder; sorts by the time of submission.
    kind : str
        A name of `core.jobs.work.KINDS`.
    title : str
        One line for lists.
    request : dict
        Plain values that the kind understands.
    created : str
        UTC time, ISO 8601.
    owner : str
        Who asked for it, where the app knows its users ('session:...' for one who is not logged in); '' otherwise.
    """

    id: str
    kind: str
    title: str
    request: dict
    created: str
    owner: str = ""

    @property
    def folder(self) -> Path:
        """Where everything of this job stands."""
        return jobs_dir() / self.id

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked for the end."""
        return (self.folder / _CANCEL_FILE).exists()

    def state(self) -> JobState:
        """How far it is, as its runner wrote it last."""
        try:
            return read_record(self.folder / _STATE_FILE, JobState, JobError, "start it again")
        except FileNotFoundError:
            return JobState()
        except JobError as error:
            return JobState(FAILED, message=str(error))

    def write_state(self, state: JobState) -> None:
        """For the runner alone."""
        _write_json(self.folder / _STATE_FILE, asdict(state))

    def events_file(self, task: str) -> Path:
        """Where a task's progress is appended."""
        return self.folder / _EVENTS / f"{task}.jsonl"


def jobs_dir() -> Path:
    """The folder of all jobs of this machine."""
    return current_settings().local_dir / "jobs"


def create_job(kind: str, title: str, request: dict) -> Job:
    """Put a job into the queue. It is done when a runner finds it: see `core.jobs.launch.submit`."""
    now = datetime.now(UTC)
    job_id, created = f"{now:%Y%m%d-%H%M%S-%f}", now.isoformat(timespec="seconds")
    job = Job(job_id, kind, title, request, created, quota.acting_user())
    with atomic_path(job.folder) as beside:
        beside.mkdir()
        (beside / _EVENTS).mkdir()
        _write_json(beside / _JOB_FILE, asdict(job))
    return job


def find_job(job_id: str) -> Job:
    """The job of an id; JobError when there is none or its file is unreadable."""
    path = jobs_dir() / job_id / _JOB_FILE
    if not job_id or Path(job_id).name != job_id:
        raise JobError(f"{job_id!r} is no job id; the page Train lists those there are")
    try:
        return read_record(path, Job, JobError, "delete its folder")
    except FileNotFoundError as error:
        raise JobError(f"there is no job {job_id!r}; the page Train lists those there are") from error


def find_jobs() -> list[Job]:
    """Every readable job, the oldest first."""
    jobs = []
    for path in sorted(jobs_dir().glob(f"[!.]*/{_JOB_FILE}")):
        try:
            jobs.append(find_job(path.parent.name))
        except JobError:
            continue  # an unreadable job must not keep the others from being done
    return jobs


def unfinished_jobs() -> list[Job]:
    """Jobs that a runner still has to do, the oldest first."""
    return [job for job in find_jobs() if job.state().state not in ENDED]


def cancel(job: Job) -> None:
    """Ask for the end: running tasks stop at their next opportunity, what is finished stays."""
    _refuse_strangers(job)
    if job.state().state not in ENDED:
        (job.folder / _CANCEL_FILE).touch()


def requeue(job: Job) -> None:
    """Put an ended job into the queue again; its kind goes on from what is finished."""
    _refuse_strangers(job)
    with admission():
        quota.check_new_job([item.owner for item in unfinished_jobs()])
        if job.state().state in ENDED:
            (job.folder / _CANCEL_FILE).unlink(missing_ok=True)
            (job.folder / _STATE_FILE).unlink(missing_ok=True)


@contextmanager
def admission() -> Iterator[None]:
    """One at a time counts the unfinished jobs and adds one: two who ask at once do not both take the last place.

    Raises
    ------
    JobError
        Others have been at it for longer than `ADMISSION_S`.
    """
    with locked(jobs_dir() / _ADMISSION_FILE, patience_s=ADMISSION_S) as mine:
        if not mine:
            raise JobError(f"others have been starting jobs for {ADMISSION_S:.0f} s: try again in a moment")
        yield


def delete(job: Job) -> None:
    """Forget an ended job (its results, in the run store for instance, stay); JobError while it is not ended."""
    _refuse_strangers(job)
    if job.state().state not in ENDED:
        raise JobError(f"job {job.id} has not ended; cancel it first")
    shutil.rmtree(job.folder)


def _refuse_strangers(job: Job) -> None:
    quota.refuse_when_read_only("changing a job")
    if not quota.may_change(job.owner):
        raise JobError(f"job {job.id} is another user's: only who started it may change it")


def append_event(path: Path, event: dict) -> None:
    """Append one line to a task's progress, in one write, so that readers see whole lines (but perhaps the last)."""
    line = json.dumps({"time": round(time.time(), 3), **event}).encode() + b"\n"
    with storage_errors(path):
        path.parent.mkdir(exist_ok=True)
        with path.open("a+b") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    line = b"\n" + line  # its last writer was stopped in the middle of a line
            file.write(line)


def read_events(job: Job) -> dict[str, list[dict]]:
    """Events by task, in order, of each task's latest attempt."""
    events = {}
    for path in sorted((job.folder / _EVENTS).glob("*.jsonl")):
        rows: list[dict] = []
        for line in path.read_bytes().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # its writer was killed in the middle of the line
            if not isinstance(row, dict):
                continue
            rows = [row] if row.get("event") == "started" else [*rows, row]
        events[path.stem] = rows
    return events


def check_task_name(name: str) -> str:
    """The name, if it can be a file name."""
    if not _TASK_NAME.fullmatch(name):
        raise ValueError(f"task name {name!r}: letters, digits, '_', '.' and '-' only")
    return name


def _write_json(path: Path, content: dict) -> None:
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(content, indent=1), encoding="utf-8")
