"""FITS binary tables, streamed: astropy reads the headers, rows are read in chunks, so that memory stays bounded."""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from core.errors import MissingColumnError, ReadError, TruncatedFileError
from core.spectra.readers.astropy_columns import to_arrow
from core.spectra.readers.batch import Batch, make_batch, tables_of_stars, wanted_names
from core.spectra.readers.fits_header import facts_of, grid_of

_HEAP_TYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


@dataclass(frozen=True)
class _Table:
    """One binary table: its header, columns (astropy), type of a row, and where rows and heap begin in the file."""

    header: Any
    columns: Any
    row_type: np.dtype
    n_rows: int
    row_start: int
    heap_start: int
    end: int
    units: dict[str, str]
    facts: dict[str, Any]


class FitsSource:
    """Every binary table of a FITS file that holds stars or spectra, one after the other."""

    def __init__(self, file: Path | bytes, origin: str) -> None:
        self.origin = origin
        self._file = file
        self._images = ""
        self._tables = self._read_headers()
        if not self._tables:
            raise MissingColumnError(
                f"{origin}: the FITS file holds no table: {self._images or 'nothing'}. Expected a binary table of XP "
                "spectra "
                "or of stars (XP_SAMPLED, XP_CONTINUOUS, gaia_source)"
            )
        self.names = list(dict.fromkeys(name for table in self._tables for name in table.columns.names))
        self.n_rows: int | None = sum(table.n_rows for table in self._tables)
        self.fraction = 0.0

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        done = 0
        with self._open() as stream:
            for table in self._tables:
                for start in range(0, table.n_rows, chunk_rows):
                    count = min(chunk_rows, table.n_rows - start)
                    done += count
                    self.fraction = done / max(self.n_rows or 0, 1)
                    yield self._batch(stream, table, start, count, columns)

    def _open(self) -> BinaryIO:
        return io.BytesIO(self._file) if isinstance(self._file, bytes) else self._file.open("rb")

    def _read_headers(self) -> list[_Table]:
        from astropy.io import fits

        tables: list[_Table] = []
        grids: list[tuple[float, ...]] = []
        with self._open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            try:
                with fits.open(stream, memmap=False, lazy_load_hdus=True) as hdus:
                    for number, hdu in enumerate(hdus):
                        begin = hdu.fileinfo()["datLoc"]
                        end = begin + hdu.size
                        self._check_end(number, end, size)
                        if (grid := grid_of(hdu, self.origin)) is not None:
                            grids.append(grid)
                        elif isinstance(hdu, fits.BinTableHDU):
                            tables.append(_table(hdu, begin, end, self.origin))
                        elif hdu.size and not self._images:
                            self._images = _image(hdu)
            except ReadError:
                raise
            except Exception as error:  # astropy raises many kinds on damaged headers, VerifyError among them
                raise TruncatedFileError(
                    f"{self.origin}: the FITS file cannot be opened ({error}): it is incomplete or damaged. "
                    "Fetch it again"
                ) from error
        for table in tables if grids else []:
            table.facts["sampling"] = table.facts.get("sampling") or grids[0]
        return tables_of_stars(tables, lambda table: table.columns.names)

    def _check_end(self, number: int, end: int, size: int) -> None:
        if end > size:
            raise TruncatedFileError(
                f"{self.origin}: the FITS file breaks off: part {number} ends at byte {end:,}, the file has "
                f"{size:,} bytes. Fetch it again"
            )

    def _batch(self, stream: BinaryIO, table: _Table, start: int, count: int, columns) -> Batch:
        stream.seek(table.row_start + start * table.row_type.itemsize)
        rows = np.frombuffer(stream.read(count * table.row_type.itemsize), dtype=table.row_type)
        arrays = {}
        for name in wanted_names(table.columns.names, columns):
            column = table.columns[name]
            ragged = column.format.format in "PQ"
            array = self._ragged(stream, table, column, rows[name]) if ragged else _fixed(column, rows[name])
            if array is not None:
                arrays[name] = array
        units = table.units
        facts = {**table.facts, "origin": self.origin}
        return make_batch(pa.table(arrays), units, columns, **facts)

    def _ragged(self, stream: BinaryIO, table: _Table, column, descriptors: np.ndarray) -> pa.Array | None:
        """A variable-length column: (count, offset) per row, values in the heap (FITS standard 4.0, 7.3.5)."""
        if column.format.p_format not in _HEAP_TYPES:
            return None
        kind = np.dtype(_HEAP_TYPES[column.format.p_format])
        lengths, offsets = descriptors[:, 0].astype(np.int64), descriptors[:, 1].astype(np.int64)
        self._check_heap(table, column.name, lengths, offsets, kind.itemsize)
        flat = np.empty(int(lengths.sum()), dtype=kind.newbyteorder("="))
        place = 0
        for length, offset in zip(lengths, offsets, strict=True):
            if length:
                stream.seek(table.heap_start + offset)
                flat[place : place + length] = np.frombuffer(stream.read(int(length) * kind.itemsize), dtype=kind)
                place += length
        bounds = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
        return pa.LargeListArray.from_arrays(bounds, pa.array(flat), mask=pa.array(lengths == 0))

    def _check_heap(self, table: _Table, name: str, lengths: np.ndarray, offsets: np.ndarray, n_bytes: int) -> None:
        """Refuse arrays that lie outside the heap, or that share it: a few bytes could ask for any amount of memory."""
        heap = table.end - table.heap_start
        # as Python's integers: 64-bit ones of a hostile file overflow
        total = sum(lengths.tolist()) * n_bytes
        ends = (offset + length * n_bytes for offset, length in zip(offsets.tolist(), lengths.tolist(), strict=True))
        if min(lengths.min(initial=0), offsets.min(initial=0)) < 0 or total > heap or max(ends, default=0) > heap:
            raise TruncatedFileError(
                f"{self.origin}: the arrays of column {name} do not lie in the table's heap of {heap:,} bytes: the "
                "FITS file is damaged. Fetch it again"
            )


def _table(hdu: Any, begin: int, end: int, origin: str) -> _Table:
    """A table whose header agrees with itself; ValueError otherwise."""
    if not all(hdu.columns.names):
        raise ValueError("a column has no name (TTYPE)")
    row_type = hdu.columns.dtype.newbyteorder(">")
    width, n_rows = hdu.header["NAXIS1"], hdu.header["NAXIS2"]
    if width != row_type.itemsize or (n_rows and not width):
        raise ValueError(f"rows have {width} bytes, their columns {row_type.itemsize}")
    heap_start = begin + int(hdu.header.get("THEAP", width * n_rows))
    if not begin + width * n_rows <= heap_start <= end:
        raise ValueError(f"the heap begins {heap_start - begin:,} bytes behind the first row")
    units, facts = facts_of(hdu.header, hdu.columns, origin)
    return _Table(hdu.header, hdu.columns, row_type, n_rows, begin, heap_start, end, units, facts)


def open_fits(file: Path | bytes, origin: str) -> FitsSource:
    """Open a FITS file (path or content)."""
    return FitsSource(file, origin)


def _fixed(column, values: np.ndarray) -> pa.Array | None:
    """A column of fixed width; TNULL becomes null, TSCAL and TZERO are applied (FITS standard 4.0, 7.3)."""
    if column.format.format == "L":
        values = values == ord("T")
    if column.null is not None and values.dtype.kind in "iu":
        values = np.ma.masked_equal(values, column.null)
    zero, scale = column.bzero or 0, column.bscale or 1
    unsigned = f"u{values.dtype.itemsize}"
    if values.dtype.kind == "i" and scale == 1 and zero == 2 ** (8 * values.dtype.itemsize - 1):
        # unsigned integers are stored with half their range taken off: flipping the top bit is exact, float64 is not
        values = values.astype(values.dtype.newbyteorder("=")).view(unsigned) ^ np.array(zero, dtype=unsigned)
    elif (zero, scale) != (0, 1) and values.dtype.kind in "iuf":
        values = values.astype(np.float64) * scale + zero
    return to_arrow(values)


def _image(hdu: Any) -> str:
    """An image in words; one with a single axis is another instrument's spectrum."""
    if hdu.header.get("XTENSION", "").strip() == "TABLE":
        return "an ASCII table (XTENSION = TABLE) is not read; write it as a binary one: stilts tcopy ofmt=fits"
    shape = getattr(hdu, "shape", ()) or ()
    header = hdu.header
    if len([size for size in shape if size > 1]) == 1:
        first, step = header.get("CRVAL1"), header.get("CDELT1", header.get("CD1_1"))
        where = (
            f", from {first:g} in steps of {step:g}"
            if isinstance(first, int | float) and isinstance(step, int | float)
            else ""
        )
        return f"it is the spectrum of another instrument, an image of {max(shape):,} pixels{where}, and no XP spectrum"
    return f"an image of {' x '.join(map(str, shape))} pixels is no list of spectra"
