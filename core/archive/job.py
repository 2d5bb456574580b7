"""The download of many spectra as a job: one task, whose finished chunks wait on disk for the next attempt."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.archive.bulk import PATIENT, fetch_spectra
from core.archive.client import ArchiveClient
from core.errors import JobError
from core.gaia.releases import find_release
from core.jobs.job import Job
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled
from core.settings import current_settings

KIND = "fetch"


def input_dir() -> Path:
    """Where spectra lie that the page Survey lists as its input."""
    return current_settings().local_dir / "spectra"


def submit_fetch(ids: np.ndarray, release: str, title: str) -> Job:
    """Queue the download of the spectra of many ids into a Parquet file of `input_dir`, named by the time.

    Errors as `core.jobs.launch.submit`.
    """
    name = f"list-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    wanted = [str(int(item)) for item in np.unique(np.asarray(ids, dtype=np.int64))]
    request = {"ids": wanted, "release": release, "out": str((input_dir() / f"{name}.parquet").resolve())}
    return submit(KIND, title, request)


class FetchWork:
    """A download at work; see `core.jobs.work.Work`."""

    def __init__(self, request: dict) -> None:
        out = Path(request["out"])
        try:
            ids = np.array([int(item) for item in request["ids"]], dtype=np.int64)
        except ValueError as error:
            raise JobError(f"the download's list of ids is damaged ({error}): paste it again") from error
        self.n_earlier = int(out.is_file())
        arguments = {"ids": ids, "release": request["release"], "out": str(out)}
        self.tasks = [] if self.n_earlier else [Task("fetch", fetch_task, arguments)]
        self._result: dict[str, int] | None = None
        self._fault = ""

    def done(self, task: Task, result: Any) -> None:
        """Keep how many came."""
        self._result = result

    def failed(self, task: Task, error: Exception) -> None:
        """Keep why."""
        self._fault = str(error) or type(error).__name__

    def close(self, *, complete: bool, message: str) -> str:
        """What came, in a sentence."""
        if self._result is None:
            return self._fault or message
        return f"{self._result['delivered']:,} spectra of {self._result['asked']:,} stars"


def open_fetch_work(request: dict) -> FetchWork:
    """The work of a download job."""
    return FetchWork(request)


def fetch_task(reporter: Reporter, ids: np.ndarray, release: str, out: str) -> dict[str, int]:
    """On a worker: download, chunk by chunk; a later attempt goes on behind the last finished chunk."""

    def progress(done: int, total: int, text: str) -> None:
        if reporter.should_cancel():
            raise TaskCancelled(text)
        reporter.event("progress", done=done, total=total, now=text)

    Path(out).parent.mkdir(parents=True, exist_ok=True)
    client = ArchiveClient(policy=PATIENT, release=find_release(release))
    result = fetch_spectra(ids, Path(out), client=client, progress=progress)
    return {"asked": result.n_asked, "delivered": result.n_delivered}
