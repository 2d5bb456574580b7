"""How much of a file may come into memory: what small files cannot honestly hold is refused before it is decoded."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from core.errors import FileTooLargeError, TruncatedFileError

MAX_COLUMNS = 5_000
"""The widest tables of spectra have a column per sample and per error (686), joined catalogues some hundreds."""
MAX_RATIO = 250
"""Spectra pack 2 to 30 times; what unpacks to much more than this is made to fill the memory."""
FREE_BYTES = 256 << 20
"""So much any file may hold in memory, whatever its size."""
CheckBytes = Callable[[int], None]
"""Called with the bytes that a reader is about to hold; raises where they are too many."""


def check_columns(n_columns: int, origin: str) -> None:
    """FileTooLargeError for a table of more columns than `MAX_COLUMNS`."""
    if n_columns > MAX_COLUMNS:
        raise FileTooLargeError(
            f"{origin}: the table has {n_columns:,} columns, at most {MAX_COLUMNS:,} are read. Give a file of the "
            "columns that are needed: source_id, the spectra, positions and magnitudes"
        )


def check_growth(n_bytes: int, stored: int, what: str) -> None:
    """FileTooLargeError for what would take more than `FREE_BYTES` and more than `MAX_RATIO` times what is stored."""
    if n_bytes > FREE_BYTES and n_bytes > MAX_RATIO * max(stored, 1):
        raise FileTooLargeError(
            f"{what} is refused: it would take {n_bytes / 1024**2:,.0f} MiB in memory, more than {MAX_RATIO} times "
            f"the {stored:,} bytes that are stored. Leave that column out, or write its values once"
        )


def check_packed(path: Path) -> None:
    """FileTooLargeError for a gzip file that unpacks to hundreds of times its size; other files pass."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return
    n_bytes, stored = 0, path.stat().st_size
    try:
        with gzip.open(path) as stream:
            while piece := stream.read(1 << 24):
                n_bytes += len(piece)
                check_growth(n_bytes, stored, f"{path.name}: the packed file")
    except (EOFError, OSError, zlib.error) as error:
        raise TruncatedFileError(
            f"{path.name}: the gzip file breaks off or is damaged ({error}). Fetch it again"
        ) from error


def held_bytes(table: pa.Table) -> int:
    """Bytes of a table once its dictionaries are written out, as most of what works on it does."""
    return table.nbytes + sum(_written_out(chunk) for column in table.itercolumns() for chunk in column.chunks)


def _written_out(array: pa.Array) -> int:
    import pyarrow.compute as pc

    kind = array.type
    if not pa.types.is_dictionary(kind) or not len(array):
        return 0
    if not (pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)):
        return 8 * len(array)
    lengths = pc.take(pc.binary_length(array.dictionary), array.indices)
    return (pc.sum(lengths).as_py() or 0) + 8 * len(array)


@contextmanager
def memory_named(origin: str) -> Iterator[None]:
    """A lack of memory inside becomes a FileTooLargeError that names the file."""
    try:
        yield
    except MemoryError as error:
        raise FileTooLargeError(
            f"{origin}: there is not enough memory to read it. Close other files and programs, or give it in parts"
        ) from error
