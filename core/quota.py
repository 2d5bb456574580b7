"""What users of a shared instance may do: read-only mode, and limits on jobs, samples, opened files and the disk.

Limits are settings (docs/settings.md). A refusal says which limit, what it is and what to do; nothing has been started
or written by then. The command line belongs to whoever owns the machine: there only the read-only mode, the number of
unfinished jobs and the reserve of the disk count.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from core.claims import locked
from core.errors import DiskSpaceError, QuotaError, ReadOnlyError
from core.settings import current_settings

MB = 1_000_000
SAMPLE_WAIT_S = 60.0
"""So long one who wants to save a sample waits for another to be drawn."""
_user: ContextVar[str] = ContextVar("user", default="")


@contextmanager
def acting_as(user: str) -> Iterator[None]:
    """What is asked for inside is asked for by `user` ('' is the owner of the machine, who has no limits of a user)."""
    token = _user.set(user)
    try:
        yield
    finally:
        _user.reset(token)


def acting_user() -> str:
    """Who asks; '' outside of `acting_as`."""
    return _user.get()


def refuse_when_read_only(what: str) -> None:
    """ReadOnlyError where `EXPLORER_READ_ONLY` is set; `what` begins the sentence: 'starting a job'."""
    if current_settings().read_only:
        raise ReadOnlyError(
            f"{what} is switched off: this is a read-only demonstration. Everything can be looked at; install the "
            "program to use it with data of your own"
        )


def check_new_job(owners: list[str], *, n_tasks: int = 0, n_stars: int = 0) -> None:
    """Whether one more job may be queued.

    Parameters
    ----------
    owners : list of str
        The owner of every job that has not ended.
    n_tasks, n_stars : int
        Its folds to train and its stars to draw, as far as they are known; they count only for users.

    Raises
    ------
    ReadOnlyError, QuotaError, DiskSpaceError
    """
    settings, user = current_settings(), acting_user()
    refuse_when_read_only("starting a job")
    _limit(len(owners) + 1, settings.most_jobs, "unfinished jobs of all users", "wait until one has ended")
    if user:
        mine = owners.count(user) + 1
        _limit(mine, settings.most_jobs_per_user, "unfinished jobs of yours", "wait until one has ended, or cancel it")
        _limit(n_tasks, settings.most_job_tasks, "folds in one job", "choose fewer networks or folds")
        _limit(n_stars, settings.most_job_stars, "stars drawn by one job", "choose fewer stars")
    check_disk(settings.local_dir)


@contextmanager
def place_for_sample(path: Path, n_stars: int) -> Iterator[None]:
    """Draw and save a sample inside: its place among the others of its folder is counted and taken by one at a time.

    Raises
    ------
    ReadOnlyError, QuotaError, DiskSpaceError
        As `check_new_sample`; QuotaError too where another sample is being drawn for longer than `SAMPLE_WAIT_S`.
    """
    refuse_when_read_only("saving a sample")
    with locked(path.parent / ".drawing.lock", patience_s=SAMPLE_WAIT_S) as mine:
        if not mine:
            raise QuotaError("another sample is being drawn: try again when it is saved")
        check_new_sample(len(list(path.parent.glob("[!.]*.parquet"))), n_stars)
        yield


def check_new_sample(n_samples: int, n_stars: int) -> None:
    """Whether a sample of `n_stars` may be saved beside `n_samples` others; errors as `check_new_job`."""
    settings = current_settings()
    refuse_when_read_only("saving a sample")
    advice = "browse one of those that are saved, or ask whoever runs this program to delete some"
    _limit(n_samples + 1, settings.most_samples, "saved samples", advice)
    _limit(n_stars, settings.most_sample_stars, "stars in a sample drawn here", "choose fewer stars")
    check_disk(settings.local_dir)


def check_upload(n_open: int, bytes_open: int, n_bytes: int) -> None:
    """Whether a session may open a file of `n_bytes` beside `n_open` files that hold `bytes_open`; else QuotaError."""
    settings = current_settings()
    _limit(n_open + 1, settings.most_uploads, "opened files", "close one first")
    _limit(n_bytes, settings.upload_mb * MB, "bytes in an opened file", "use `python -m core classify` for large files")
    check_session(bytes_open + n_bytes)


def check_session(n_bytes: int) -> None:
    """Whether the opened files of a session may hold `n_bytes` in memory; else QuotaError."""
    most = current_settings().session_mb * MB
    _limit(n_bytes, most, "bytes in the opened files of a session", "close one first, or open fewer stars")


def check_disk(folder: Path) -> None:
    """DiskSpaceError when less than the reserve is free where `folder` is or will be."""
    reserve = current_settings().disk_reserve_mb * MB
    place = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free < reserve:
        raise DiskSpaceError(
            f"{free / MB:,.0f} MB are free at {place.name or place}, and {reserve / MB:,.0f} MB are kept free "
            "(EXPLORER_DISK_RESERVE_MB): nothing was started. Delete samples, runs or surveys first"
        )


def may_change(owner: str) -> bool:
    """Whether the acting user may cancel, resume or forget a job: their own, and those without a named owner."""
    user = acting_user()
    return not user or not owner or owner.startswith(ANONYMOUS) or owner == user


ANONYMOUS = "session:"
"""Begins the name of a user who is not logged in. Such a name ends with the browser's window, so it owns nothing."""


def _limit(value: int, most: int, what: str, advice: str) -> None:
    if value > most:
        raise QuotaError(f"{value:,} {what} would be more than the {most:,} allowed here: {advice}")
