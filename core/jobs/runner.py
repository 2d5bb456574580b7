"""The process that does the jobs: `python -m core.jobs.runner`, started by `core.jobs.launch`.

One runs per data folder (a file lock says so). It takes every unfinished job, hands all their tasks to Dask, the older
job first, and ends when there has been nothing to do for a while. Whatever kills it, the next one goes on from what is
finished, because everything stands on disk.
"""

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from core.atomic import storage_errors
from core.claims import is_locked, locked
from core.errors import ExplorerError, in_one_line
from core.jobs.cluster import open_client
from core.jobs.executors import submit_tasks
from core.jobs.job import CANCELLED, FAILED, FINISHED, RUNNING, Job, JobState, jobs_dir, unfinished_jobs
from core.jobs.work import WARM_UPS, Task, Work, open_work, warm_up
from core.settings import current_settings

LOCK_FILE = "runner.lock"
_POLL_S, _IDLE_POLL_S = 0.15, 0.3
_MOST_TASKS = 100_000
_ATTEMPTS = 4


@contextmanager
def runner_lock() -> Iterator[bool]:
    """Be the runner of this data folder: True, or False if there is one already."""
    with locked(jobs_dir() / LOCK_FILE) as mine:
        yield mine


def is_running() -> bool:
    """Whether a runner of this data folder lives."""
    path = jobs_dir() / LOCK_FILE
    with storage_errors(path):  # who cannot write here cannot become the runner either, and shall hear why
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    return is_locked(path)


class JobAtWork:
    """One job in the runner: its tasks on the cluster, and what has come back; a job of a lower rank goes first."""

    def __init__(self, job: Job, client, rank: int) -> None:
        self.job = job
        self.state = JobState(RUNNING, message="starting", started=time.time())
        self._client = client
        self._errors: list[str] = []
        self._was_cancelled = False
        self._futures: dict[Any, Task] = {}
        self._work: Work | None = None
        self._written = True
        self._set()
        self._warm_ups = _warm_workers(client, job.kind)
        try:
            self._work = open_work(job)
        except Exception as error:  # whatever is wrong must end this job, not the others
            self._end(FAILED, _words(error))
            return
        tasks = self._work.tasks
        self._set(n_tasks=self._work.n_earlier + len(tasks), n_done=self._work.n_earlier, message="running")
        key, first = f"{job.id}/{self.state.started}", -rank * _MOST_TASKS
        self._futures = submit_tasks(client, tasks, key, events_file=job.events_file, first_priority=first)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do: the job's end stands on disk, or its folder is gone."""
        return self.state.ended is not None and (self._written or not self.job.folder.is_dir())

    def step(self) -> None:
        """Collect what has come back since the last call; say again what the disk did not take."""
        if not self._written:
            self._set()
        if self.state.ended is not None:
            return
        for future in [future for future in self._futures if future.done()]:
            self._collect(future, self._futures.pop(future))
        if not self._futures:
            self._close()

    def _collect(self, future, task: Task) -> None:
        assert self._work is not None
        if future.status == "cancelled" or future.status == "lost":
            raise ConnectionError(f"the Dask scheduler has lost {task.name}")  # the next runner goes on
        error = future.exception() if future.status == "error" else None
        if error is None and future.result() is None:
            self._was_cancelled = True
            return
        try:
            if error is None:
                self._work.done(task, future.result())
                self._set(n_done=self.state.n_done + 1)
                return
            self._work.failed(task, error)
        except Exception as trouble:  # the disk does not take the result: those of the other tasks may fit
            error = error or trouble
        message = f"{task.name}: {_words(error)}"
        logging.getLogger(__name__).error(message)
        self._errors.append(message)

    def _close(self) -> None:
        assert self._work is not None
        state = CANCELLED if self._was_cancelled else FAILED if self._errors else FINISHED
        message = "; ".join(dict.fromkeys(self._errors)) or ("cancelled" if self._was_cancelled else "")
        try:
            message = self._work.close(complete=state == FINISHED, message=message)
        except Exception as error:
            state, message = FAILED, "; ".join(filter(None, (message, _words(error))))
        self._end(state, message)

    def _end(self, state: str, message: str) -> None:
        self._set(state=state, message=message, ended=time.time())

    def _set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        try:
            self.job.write_state(self.state)
        except OSError as error:  # a full disk must not end the runner: it is said as soon as there is room
            if self._written:
                logging.getLogger(__name__).error(str(error))
            self._written = False
        else:
            self._written = True


def _warm_workers(client, kind: str) -> list:
    """Let every worker load what the tasks of a kind need; the futures, which go as soon as nobody holds them."""
    if kind not in WARM_UPS:
        return []
    addresses = client.scheduler_info(n_workers=-1)["workers"]
    return [client.submit(warm_up, kind, workers=[place], pure=False, priority=_MOST_TASKS) for place in addresses]


def _words(error: BaseException) -> str:
    """What went wrong, for the user; a fault of the program leaves its traceback in the runner's log."""
    if isinstance(error, ExplorerError):
        return str(error)
    traceback.print_exception(error)
    return f"{type(error).__name__}: {error}"


def serve(client, idle_s: float) -> None:
    """Do jobs until there has been none for `idle_s` seconds."""
    at_work: dict[str, JobAtWork] = {}
    n_taken = 0
    last_busy = time.monotonic()
    while at_work or time.monotonic() - last_busy < idle_s:
        for job in unfinished_jobs():
            if job.id not in at_work:
                at_work[job.id] = JobAtWork(job, client, n_taken)
                n_taken += 1
        for job_id, active in list(at_work.items()):
            active.step()
            if active.ended:
                del at_work[job_id]
                last_busy = time.monotonic()
        if at_work:
            last_busy = time.monotonic()
        time.sleep(_POLL_S if at_work else _IDLE_POLL_S)


class OneLine(logging.Formatter):
    """A line of the log for each entry: the name of a file or an archive's words must not look like another entry."""

    def format(self, record: logging.LogRecord) -> str:
        """As always, with line ends and control characters written out."""
        return in_one_line(super().format(record))


def main() -> None:
    """Be the runner, unless there is one."""
    logging.basicConfig(level=logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    attempts = 0
    while True:
        with runner_lock() as mine:
            if not mine:
                attempts += 1
                if attempts == _ATTEMPTS:
                    return
                time.sleep(_POLL_S)  # it may be somebody who only asks whether there is a runner
                continue
            with open_client() as client:
                serve(client, current_settings().runner_idle_s)
        if not unfinished_jobs():  # one may have been submitted while the lock was still held
            return


if __name__ == "__main__":
    main()
