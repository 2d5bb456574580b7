"""What a kind of job must provide, and the table of the kinds."""

import importlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.errors import JobError
from core.jobs.job import Job, append_event, check_task_name


class TaskCancelled(Exception):
    """Raised by a task's function that stopped because `Reporter.should_cancel` said so."""


class Reporter:
    """A worker's connection to its job: both directions go through files, so that it needs no Dask."""

    def __init__(self, events_file: Path) -> None:
        self._file = events_file
        self._cancel = events_file.parent.parent / "cancel"

    def event(self, event: str, **values: Any) -> None:
        """Tell how far the task is."""
        append_event(self._file, {"event": event, **values})

    def should_cancel(self) -> bool:
        """Whether the task should stop at its next opportunity."""
        return self._cancel.exists()


class Silent(Reporter):
    """Of a task that belongs to no job: it tells nobody, and nobody stops it."""

    def __init__(self) -> None:
        super().__init__(Path())

    def event(self, event: str, **values: Any) -> None:
        """Nobody listens."""

    def should_cancel(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Task:
    """A part of a job that one worker does.

    Attributes
    ----------
    name : str
        Unique in its job; also the name of its progress file: letters, digits, '_', '.' and '-' only.
    function : callable
        Module-level function, called on a worker as function(reporter, **arguments). It returns something small that
        is not None, or raises `TaskCancelled`.
    arguments : dict
    """

    name: str
    function: Callable[..., Any]
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_task_name(self.name)


class Work(Protocol):
    """A job at work, in the runner."""

    tasks: list[Task]
    """What is left to do, in order."""
    n_earlier: int
    """Tasks that earlier attempts have finished."""

    def done(self, task: Task, result: Any) -> None:
        """A task has been finished: put its result where it belongs."""

    def failed(self, task: Task, error: Exception) -> None:
        """A task has failed for good; the others go on."""

    def close(self, *, complete: bool, message: str) -> str:
        """The end, in whatever way, with a message for the user; returns the message to keep. Frees what is held."""


KINDS: dict[str, tuple[str, str]] = {
    "train": ("core.training.job", "open_training"),
    "calibrate": ("core.training.speed", "open_calibration"),
    "survey": ("core.survey.job", "open_survey_work"),
    "fetch": ("core.archive.job", "open_fetch_work"),
    "associations": ("core.sky.job", "open_association_work"),
    "explain": ("core.explanation.job", "open_explanation_work"),
}
"""Kind of job to (module, function); the function takes the job's request and returns its `Work`."""

WARM_UPS: dict[str, tuple[str, str]] = {
    "train": ("core.training.job", "warm_up"),
    "calibrate": ("core.training.job", "warm_up"),
}
"""Kind of job to (module, function) that loads on a worker what its tasks need, for the kinds where that is slow."""


def warm_up(kind: str) -> None:
    """On a worker: get ready for tasks of a kind in `WARM_UPS`, while the runner still opens the job."""
    module, function = WARM_UPS[kind]
    with suppress(Exception):  # what is wrong is said by the tasks, which load the same
        getattr(importlib.import_module(module), function)()


def open_work(job: Job) -> Work:
    """The job's work; JobError for an unknown kind, and whatever ExplorerError its kind raises."""
    if job.kind not in KINDS:
        raise JobError(f"jobs of kind {job.kind!r} are unknown here; known are {', '.join(KINDS)}")
    module, function = KINDS[job.kind]
    return getattr(importlib.import_module(module), function)(job.request)


def run_task(events_file: str | None, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """On a worker: do a task and report its beginning and end; None if it was cancelled."""
    reporter = Silent() if events_file is None else Reporter(Path(events_file))
    if reporter.should_cancel():
        return None
    reporter.event("started")
    try:
        result = function(reporter, **arguments)
    except TaskCancelled:
        reporter.event("cancelled")
        return None
    except Exception as error:
        with suppress(OSError):  # a full disk must not hide what went wrong
            reporter.event("failed", message=str(error) or type(error).__name__)
        raise
    reporter.event("ended")
    return result
