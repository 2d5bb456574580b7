"""Is a file what was written? Its length and SHA-256, as they are kept beside it, against the file as it is now."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Mark:
    """A file as it was when it was written.

    Attributes
    ----------
    sha256 : str
    n_bytes : int
    written_ns : int
        Its modification time: a file that still has it, and its length, is not read again to be checked.
    """

    sha256: str
    n_bytes: int
    written_ns: int = 0


def mark_of(path: Path) -> Mark:
    """The mark of a file; OSError where it cannot be read."""
    found = path.stat()
    return Mark(_digest(str(path), found.st_size, found.st_mtime_ns), found.st_size, found.st_mtime_ns)


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, computed once in a process for as long as the file is not changed."""
    return mark_of(path).sha256


def difference(path: Path, mark: Mark, *, thoroughly: bool = False) -> str:
    """What sets a file apart from its mark, as words; '' where it is whole.

    A file of the mark's length and time is believed to be whole, unless it is asked `thoroughly`.
    """
    try:
        found = path.stat()
        if found.st_size != mark.n_bytes:
            return f"it has {found.st_size:,} bytes and was written with {mark.n_bytes:,}"
        if found.st_mtime_ns == mark.written_ns and not thoroughly:
            return ""
        digest = _digest(str(path), found.st_size, found.st_mtime_ns)
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    return "" if digest == mark.sha256 else "its SHA-256 is not the one that it was written with"


def readable_rows(path: Path) -> int | None:
    """Rows of a Parquet file, every one of them decoded; None where it is damaged or not there.

    For files of which no hash was kept: a page that was changed and still decodes goes unnoticed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return sum(batch.num_rows for batch in pq.ParquetFile(path).iter_batches(4096))
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return None


@lru_cache(maxsize=4096)
def _digest(path: str, n_bytes: int, modified_ns: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
