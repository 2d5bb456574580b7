"""Disks that are full or closed, and processes that are killed, in the middle of what the program does."""

import functools
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT
from tests.archive.conftest import _archive, archive, client  # noqa: F401
from tests.survey.conftest import run_dir, stars  # noqa: F401
from tests.training.conftest import small_data  # noqa: F401

FULL = "cannot be written: "
"""What every message about a disk says; the reason and the next step follow."""
CLOSED = Path("/sys/kernel/of-somebody-else")
"""Not even the root user may make it."""


class FullDisk:
    """The limit on the size of this process's files: on reaching it, the next write fails as on a full disk."""

    def __init__(self) -> None:
        self._usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, n_bytes: int = 64) -> None:
        """From now on a file may be no longer than this."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, self._usual[1]))

    def make_room(self) -> None:
        """As it was."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._usual)

    @contextmanager
    def full(self, n_bytes: int = 64) -> Iterator[None]:
        """Full inside."""
        self.fill(n_bytes)
        try:
            yield
        finally:
            self.make_room()


@pytest.fixture
def disk() -> Iterator[FullDisk]:
    """A disk that can be filled and emptied again."""
    found = FullDisk()
    yield found
    found.make_room()


@pytest.fixture(params=["a file in the way", "a closed folder"])
def no_place(request, tmp_path) -> Path:
    """A place where no folder can be made."""
    if request.param == "a closed folder":
        if not CLOSED.parent.is_dir():
            pytest.skip(f"{CLOSED.parent} is not there on this system")
        return CLOSED / "results"
    (tmp_path / "a file").write_text("in the way")
    return tmp_path / "a file" / "results"


def run_and_kill(code: str, *arguments: object) -> None:
    """Run Python code that kills itself: as `kill -9` from outside, but at a known moment."""
    command = [sys.executable, "-c", f"import os, signal, sys\n{code}", *map(str, arguments)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


KILL = "os.kill(os.getpid(), signal.SIGKILL)"


@functools.cache
def _mounting() -> list[str]:
    """The command that lets a process have mounts of its own, [] where this system does not allow it."""
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ["unshare", "--mount", *root]
    script = 'mount -t tmpfs -o size=64k none "$0"'
    try:
        done = subprocess.run([*command, "sh", "-c", script, "/mnt"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return command if done.returncode == 0 else []


def run_on_small_disk(folder: Path, kilobytes: int, code: str, *arguments: object) -> str:
    """Standard output of Python code for which `folder` is a file system of this size; it is gone afterwards."""
    if not _mounting():
        pytest.skip("this system lets no process mount a file system of its own (unshare --mount)")
    folder.mkdir()
    script = 'mount -t tmpfs -o "size=$1k" none "$0" && shift && exec "$@"'
    command = [*_mounting(), "sh", "-c", script, folder, kilobytes, sys.executable, "-c", code, folder, *arguments]
    done = subprocess.run(list(map(str, command)), cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
