"""Who works on a folder or file: locks that die with their owner, and the one request that a folder belongs to."""

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.atomic import atomic_path, storage_errors
from core.errors import ExplorerError, UsageError

REQUEST_FILE = "request.json"
_PROBE_S, _PROBES = 0.004, 4
_ASKING = threading.Lock()
PATIENCE_S = 0.5
"""For so long one who wants a lock waits for those who only ask whether it is held."""


@contextmanager
def locked(path: Path, *, patience_s: float = PATIENCE_S) -> Iterator[bool]:
    """Hold an advisory lock: True, or False where another process holds it longer than `patience_s` (inf: wait).

    The system lifts it when its owner dies, however it dies; the file stays.

    Raises
    ------
    StorageError
        The file cannot be made.
    """
    lock = FileLock(path, is_singleton=False)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=-1 if patience_s == float("inf") else patience_s, poll_interval=_PROBE_S)
        except Timeout:
            mine = False
        else:
            mine = True
    try:
        yield mine
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock; False too where there is no such file or it may not be opened."""
    if not path.is_file():
        return False
    # Who asks holds it for an instant. Two who ask at once are not taken for an owner: threads of a process take turns,
    # processes come back after pauses of their own.
    for probe in range(_PROBES):
        with _ASKING, suppress(Timeout, OSError), FileLock(path, timeout=0, is_singleton=False):
            return False
        if probe < _PROBES - 1:
            time.sleep(_PROBE_S * (probe + 1) * (1.0 + os.getpid() % 11 / 11.0))
    return _may_write(path)


def _may_write(path: Path) -> bool:
    try:
        with path.open("r+b"):
            return True
    except OSError:  # who may not write here cannot know
        return False


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What two requests disagree on, as words: 'seed (1 there, 2 now)'."""
    names = [*now, *(name for name in before if name not in now)]
    return [
        f"{name} ({before.get(name)!r} there, {now.get(name)!r} now)"
        for name in names
        if before.get(name) != now.get(name)
    ]


def claim(folder: Path, request: Mapping[str, Any], what: str, *, error: type[ExplorerError] = UsageError) -> None:
    """Begin resumable work in a folder, or go on with what the same request has finished before.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    request : mapping
        Whatever the outcome depends on, as values of JSON.
    what : str
        For the message: what the folder holds ('an unfinished download').
    error : ExplorerError
        Raised where the folder belongs to another request, or its note cannot be read.

    Raises
    ------
    StorageError
        The folder cannot be written to.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / REQUEST_FILE
    if path.exists():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as fault:
            raise error(f"{path} cannot be read ({fault}): delete {folder}, or choose another output") from fault
        if different := differences(before if isinstance(before, dict) else {}, dict(request)):
            raise error(
                f"{folder} holds {what} of something else: {', '.join(different)}. Finish that one, delete the folder, "
                "or choose another output"
            )
        return
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(dict(request), indent=2), encoding="utf-8")
