"""Files that appear whole or not at all: written beside their place, then renamed; and what keeps them from it."""

import errno
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import StorageError

_ADVICE: tuple[tuple[frozenset[int], str], ...] = (
    (
        frozenset({errno.ENOSPC, errno.EDQUOT}),
        "make room and do it again: what was finished is kept, half a file is not",
    ),
    (frozenset({errno.EFBIG}), "its disk or a limit allows no file of that size: choose another place"),
    (
        frozenset({errno.EROFS, errno.EACCES, errno.EPERM}),
        "choose a place that this program may write to (for its own files: EXPLORER_DATA_DIR)",
    ),
    (
        frozenset({errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG}),
        "choose another place",
    ),
    (frozenset({errno.EIO}), "look after the disk, then do it again: what was finished is kept"),
)
_OF_A_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""Error numbers that mean a disk even where the error names no file."""
_HOST = re.sub(r"\W", "-", socket.gethostname())[:32]


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a sibling path to write to; rename it to `path` on success, delete it on any failure.

    The sibling keeps the suffix of `path` (writers choose their format by it) and may be a file or a folder that the
    caller creates. An existing file at `path` is replaced; an existing folder is not. What a process of this machine
    that was killed had begun to write to `path` is deleted.

    Raises
    ------
    StorageError
        `path` cannot be written; what stood there before is untouched.
    """
    path = Path(path)
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise StorageError(
            f"{str(path)!r} cannot be written: its name is no UTF-8 text; choose another name"
        ) from error
    beside = path.with_name(f".{path.stem}.{_HOST}.{os.getpid()}.{threading.get_ident()}.partial{path.suffix}")
    with storage_errors(path, beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        _delete_leftovers(path)
        try:
            yield beside
            os.replace(beside, path)
        finally:
            _delete(beside)


@contextmanager
def storage_errors(path: str | os.PathLike, beside: Path | None = None) -> Iterator[None]:
    """Turn an OSError about writing to `path` (or to `beside`, its sibling) into a StorageError that says what to do.

    An OSError about anything else, a file that is read for instance, passes as it is.
    """
    try:
        yield
    except OSError as error:
        trouble = storage_error(error, Path(path), beside)
        if trouble is None or trouble is error:
            raise
        raise trouble from error


def storage_error(error: OSError, path: Path | None = None, beside: Path | None = None) -> StorageError | None:
    """The StorageError that `error` means; None where it is about something else.

    With `path`, an error that names a file must name `path`, something below it, or one of its folders (or `beside`).
    """
    if isinstance(error, StorageError):
        return error
    advice = next((text for numbers, text in _ADVICE if error.errno in numbers), None)
    named = error.filename
    if advice is None or error.errno is None or (named is None and not _means_a_place(error, path, beside)):
        return None
    if named is not None and path is not None and not _concerns(named, path, beside):
        return None
    place = path or (named if isinstance(named, str | os.PathLike) else "a temporary file")
    return StorageError(f"{place} cannot be written: {os.strerror(error.errno)}; {advice}")


def _means_a_place(error: OSError, *places: Path | None) -> bool:
    """Whether an error without a file name is about a disk; Arrow's errors name the file in their text alone."""
    return error.errno in _OF_A_DISK or any(place is not None and str(place) in str(error) for place in places)


def _concerns(named, *places: Path | None) -> bool:
    if not isinstance(named, str | bytes | os.PathLike):
        return False  # the number of an open file
    file = Path(os.fsdecode(named))
    return any(
        place is not None and (file == place or file in place.parents or place in file.parents) for place in places
    )


def _delete_leftovers(path: Path) -> None:
    """Delete what processes of this machine began to write to `path` and did not live to finish."""
    begin, end = f".{path.stem}.{_HOST}.", f".partial{path.suffix}"
    for name in os.listdir(path.parent):
        if name.startswith(begin) and end in name:
            pid = name[len(begin) :].partition(".")[0]
            if pid.isdigit() and not _lives(int(pid)):
                _delete(path.with_name(name))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):  # what cannot be deleted must not hide why it could not be written
        path.unlink(missing_ok=True)
