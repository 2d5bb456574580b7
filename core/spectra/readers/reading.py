"""Reading files: opening, streaming, duplicates across pieces, zips and folders."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import EmptyFileError, FileTooLargeError, ReadError
from core.spectra.readers.assemble import assemble, holds_coefficients
from core.spectra.readers.batch import (
    ERROR_COLUMNS,
    TableSource,
    canonical_names,
    make_batch,
)
from core.spectra.readers.csv_table import ReadBeside
from core.spectra.readers.datalink_zip import read_zip
from core.spectra.readers.faults import Faults, OnLeftOut, SizeLimit
from core.spectra.readers.folders import files_in
from core.spectra.readers.formats import MAX_WHOLE_BYTES, open_table
from core.spectra.readers.limits import CheckBytes, memory_named
from core.spectra.readers.opening import good_pieces, opened_tables
from core.spectra.readers.parquet import ParquetSource
from core.spectra.readers.pieces import iter_ids, pieces, slices
from core.spectra.readers.scattered import gathered
from core.spectra.spectrum_set import SpectrumSet, concatenate, require_one_release
from core.spectra.validation import DuplicateIds, note_duplicates

DEFAULT_CHUNK_ROWS = 4096
MAX_UPLOAD_BYTES = MAX_WHOLE_BYTES


def read_spectra(
    path: str | Path,
    *,
    max_rows: int | None = None,
    with_errors: bool = True,
    prefer: str = "sampled",
    release: str | None = None,
    on_left_out: OnLeftOut | None = None,
) -> SpectrumSet:
    """All spectra of a file (or of a folder of files) of any readable format.

    Parameters
    ----------
    path : str or Path
        Parquet, CSV, ECSV, FITS, VOTable (.gz of each) or a DataLink zip; the content decides, not the suffix.
    max_rows : int or None
        Stop after this many rows.
    with_errors, prefer, release, on_left_out
        As in `iter_spectra`.

    Returns
    -------
    SpectrumSet
        One row per star in file order. Rows that cannot be used keep their place, with NaN flux and a note.

    Raises
    ------
    ReadError
        One of its kinds, when nothing in the file can be used.
    """
    parts: list[SpectrumSet] = []
    n_rows = 0
    for part in iter_spectra(path, with_errors=with_errors, prefer=prefer, release=release, on_left_out=on_left_out):
        parts.append(part)
        n_rows += len(part)
        if max_rows is not None and n_rows >= max_rows:
            break
    whole = concatenate(parts)
    return whole if max_rows is None else whole.take(slice(0, max_rows))


def iter_spectra(
    path: str | Path,
    chunk_rows: int = DEFAULT_CHUNK_ROWS,
    *,
    with_errors: bool = True,
    prefer: str = "sampled",
    facts_only: bool = False,
    release: str | None = None,
    on_progress: Callable[[float], None] | None = None,
    on_left_out: OnLeftOut | None = None,
) -> Iterator[SpectrumSet]:
    """The spectra of a file (or of a folder of files) in pieces of at most `chunk_rows` rows.

    Parquet, CSV and FITS are streamed in bounded memory at any size; ids are read beforehand once, so that duplicates
    are noted wherever they stand (8 bytes per row).

    Parameters
    ----------
    path : str or Path
    chunk_rows : int
    with_errors : bool
        Whether flux errors are read and computed; without them reading is much faster.
    prefer : 'sampled' or 'continuous'
        Which flux a star gets that has both products.
    facts_only : bool
        Whether columns of other names than those of the vocabulary are passed over, unread.
    release : str or None
        Key of the data release ('dr3', 'dr4'); None: what the file says, or its number of coefficients.
    on_progress : callable or None
        Called with the fraction of the input that was read (0 to 1), before each piece.
    on_left_out : callable or None
        Called with each file of a folder (or zip) that is not read, and why. Without it the first damaged file is
        raised; files that are no tables of spectra are passed over either way.

    Raises
    ------
    ReadError
        One of its kinds. A problem that single rows have (a wrong number of samples, a spoiled id) is raised after the
        last piece, and only if every row of the file has one.
    MixedReleasesError
        The input is of several data releases.
    """
    if chunk_rows < 1:
        raise ValueError(f"chunk_rows is {chunk_rows}, expected at least 1")
    path = Path(path)
    opened = opened_tables(path, on_left_out)
    faults = Faults()
    tables = [table for _, table in opened if table is not None]
    duplicates = DuplicateIds(ids for table in tables for ids in iter_ids(table, strict=not path.is_dir()))
    n_rows, first_release = 0, ""
    sizes = np.array([item.stat().st_size for item, _ in opened], dtype=np.float64)
    for number, (item, table) in enumerate(opened):
        if table is None:
            found = _zip_pieces(item, chunk_rows, with_errors, prefer, release, on_left_out)
        else:
            found = pieces(table, chunk_rows, faults, with_errors, prefer, release, facts_only)
        found = _naming_memory(found, str(item))
        for piece in good_pieces(found, item, path, on_left_out, faults):
            first_release = first_release or piece.release
            require_one_release([first_release, piece.release], str(path))
            n_rows += len(piece)
            if on_progress is not None:
                part = sizes[number] * (1.0 if table is None else table.fraction)
                on_progress(float((sizes[:number].sum() + part) / max(sizes.sum(), 1)))
            yield note_duplicates(piece, duplicates) if table is not None else piece
    faults.raise_if_no_row_is_good()
    if not n_rows:
        raise EmptyFileError(f"{path}: the table has columns but no row")


def iter_partition(
    path: str | Path,
    row_groups: Sequence[int] | None = None,
    chunk_rows: int = DEFAULT_CHUNK_ROWS,
    *,
    release: str | None = None,
) -> Iterator[SpectrumSet]:
    """The spectra of one file, or of some row groups of a Parquet file, without flux errors; see `iter_spectra`.

    Ids are not read beforehand: duplicates go unnoticed.
    """
    path = Path(path)
    table = open_table(path, str(path)) if row_groups is None else ParquetSource(path, str(path), row_groups)
    if table is None:
        yield from _zip_pieces(path, chunk_rows, False, "sampled", release)
        return
    table = gathered(table) if row_groups is None else table
    faults = Faults()
    found = pieces(table, chunk_rows, faults, False, "sampled", release, facts_only=True)
    yield from _naming_memory(found, str(path))
    faults.raise_if_no_row_is_good()


def spectra_of_table(
    table: pa.Table, origin: str, release: str | None = None, *, with_errors: bool = False
) -> SpectrumSet:
    """The spectra of a table in memory, without flux errors unless they are wanted; columns as in a Parquet file."""
    errors = [] if with_errors else [name for name in table.column_names if name in ERROR_COLUMNS]
    batch = make_batch(table.drop_columns(errors), {}, None, origin=origin)
    return assemble(batch, Faults(), with_errors=with_errors, release=release)


def read_bytes(
    name: str,
    data: bytes,
    *,
    release: str | None = None,
    beside: dict[str, bytes] | None = None,
    on_left_out: OnLeftOut | None = None,
    check_bytes: CheckBytes | None = None,
) -> SpectrumSet:
    """The spectra in an uploaded file, by its name (for messages) and content; nothing is written to disk.

    Parameters
    ----------
    name : str
    data : bytes
    release : str or None
        As in `iter_spectra`.
    beside : dict of str to bytes or None
        Files uploaded together with it, by name: GaiaXPy's `..._sampling.csv` belongs to a table of spectra.
    on_left_out : callable or None
        Called with each file of a zip that is not read, and why.
    check_bytes : callable or None
        Asked whether the spectra may hold so many bytes in memory, piece by piece; raises where they may not.

    Raises
    ------
    FileTooLargeError
        The upload is larger than `MAX_UPLOAD_BYTES`, or has more rows than a file of its size has spectra, or would
        fill the memory (see `limits`).
    ReadError
        As `read_spectra`.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise FileTooLargeError(
            f"{name} has {len(data) / 1024**2:,.0f} MiB, uploads may have {MAX_UPLOAD_BYTES / 1024**2:,.0f} MiB. "
            "Classify larger files from the command line: python -m core classify FILE --out OUT.parquet"
        )
    with memory_named(name):
        table = open_table(data, name, None if beside is None else beside.get)
        if table is None:
            return _read_zip(data, name, True, "sampled", release, on_left_out, check_bytes)
        limit = SizeLimit(name, len(data), check_bytes)
        return _noting_duplicates(_read_table(gathered(table), True, "sampled", limit, release))


def count_rows(path: str | Path) -> int | None:
    """Rows of a file as far as that is known without reading it (Parquet, FITS, VOTable), else None."""
    total = 0
    for item in files_in(Path(path)):
        table = open_table(item, str(item))
        if (
            table is None
            or table.n_rows is None
            or {"wavelength", "flux"} <= set(canonical_names(table.names).values())
        ):
            return None
        total += table.n_rows
    return total


def _read_table(
    table: TableSource, with_errors: bool, prefer: str, limit: SizeLimit, release: str | None = None
) -> SpectrumSet:
    faults = Faults()
    parts = []
    for piece in pieces(table, DEFAULT_CHUNK_ROWS, faults, with_errors, prefer, release):
        limit.count(len(piece), piece.n_bytes)
        parts.append(piece)
    faults.raise_if_no_row_is_good()
    if not parts:
        raise EmptyFileError(f"{table.origin}: the table has columns but no row")
    return concatenate(parts)


def _naming_memory(found: Iterator[SpectrumSet], origin: str) -> Iterator[SpectrumSet]:
    with memory_named(origin):
        yield from found


def _noting_duplicates(whole: SpectrumSet) -> SpectrumSet:
    return note_duplicates(whole, DuplicateIds([whole.source_id]))


def _zip_pieces(
    path: Path,
    chunk_rows: int,
    with_errors: bool,
    prefer: str,
    release: str | None = None,
    on_left_out: OnLeftOut | None = None,
) -> Iterator[SpectrumSet]:
    yield from slices(_read_zip(path, str(path), with_errors, prefer, release, on_left_out), chunk_rows)


def _read_zip(
    file: Path | bytes,
    origin: str,
    with_errors: bool,
    prefer: str,
    release: str | None = None,
    on_left_out: OnLeftOut | None = None,
    check_bytes: CheckBytes | None = None,
) -> SpectrumSet:
    limit = SizeLimit(origin, len(file) if isinstance(file, bytes) else file.stat().st_size, check_bytes)

    def read_member(data: bytes, name: str, read_beside: ReadBeside) -> tuple[SpectrumSet, bool] | None:
        table = open_table(data, name, read_beside)
        if table is None:
            raise ReadError(f"{name}: a zip inside a zip is not read. Unpack it")
        names = set(canonical_names(table.names).values())
        if prefer == "continuous" and "flux" in names and not holds_coefficients(names):
            return None
        table = gathered(table)
        return _read_table(table, with_errors, prefer, limit, release), "flux" in names

    return _noting_duplicates(read_zip(file, origin, read_member, on_left_out))
