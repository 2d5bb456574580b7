"""CSV, ECSV and other text tables (each also .gz), streamed by pyarrow in blocks as text that is typed later."""

import codecs
import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from core.errors import FileTooLargeError, TruncatedFileError, UnsupportedFormatError
from core.spectra.readers.batch import Batch, canonical_names, make_batch, wanted_names
from core.spectra.readers.limits import MAX_RATIO
from core.spectra.readers.sampling import sampling_beside
from core.spectra.readers.text_layout import read_layout

_BLOCK_BYTES = 4 << 20
_BYTES_PER_ROW = 1024
"""Whoever asks for a few rows alone has no whole block parsed; a row may be as long as the block."""
_NULLS = ["", "null", "NULL", "None", "--"]
_FREE_BYTES = 32 << 20
_NO_ROW = re.compile(r"#|\[EOD\]|\(\d+ rows?\)\s*$")
_BLANKS = re.compile(rb'("(?:[^"]|"")*")|[ \t]+')
ReadBeside = Callable[[str], bytes | None]
"""Returns the content of the file of that name beside the table, None where there is none."""


class CsvSource:
    """A text table in any layout of `text_layout`.

    Parameters
    ----------
    reopen : callable without arguments that returns the file as a new binary stream, unpacked
    origin : str
        The file, for messages.
    size : int
        Bytes of the file as it is stored.
    read_beside : callable or None
        See `ReadBeside`.
    """

    n_rows: int | None = None

    def __init__(
        self, reopen: Callable[[], BinaryIO], origin: str, size: int, read_beside: ReadBeside | None = None
    ) -> None:
        self._reopen = reopen
        self._size = max(size, 1)
        self.fraction = 0.0
        self.origin = origin
        with reopen() as stream:
            self._layout = read_layout(_Guarded(stream, origin), origin)
        self.names = self._layout.names
        self._delimiter = "\t" if self._layout.any_blanks else self._layout.delimiter
        header = self._layout.header
        sampling = header.sampling
        if sampling is None and read_beside is not None:
            sampling = sampling_beside(read_beside, origin)
        self._facts: dict[str, Any] = {
            "parameters": header.parameters, "sampling": sampling, "origin": origin,
            "descriptions": header.descriptions,
            "frames": {name: frame for name, frame in header.frames.items() if name in self.names},
        }  # fmt: skip

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        wanted = wanted_names(self.names, columns)
        wanted += [mask for name, mask in self._layout.header.masks.items() if name in wanted and mask not in wanted]
        skipped: list[arrow_csv.InvalidRow] = []
        with self._reopen() as stream:
            try:
                block = min(_BLOCK_BYTES, max(_BLOCK_BYTES // 4, chunk_rows * _BYTES_PER_ROW))
                reader = self._reader(_Guarded(stream, self.origin), wanted, skipped, block)
                for rows in reader:
                    self.fraction = min(_stored_position(stream) / self._size, 1.0)
                    yield from self._cut(rows, skipped, wanted, columns, chunk_rows)
                if skipped:
                    yield from self._cut(None, skipped, wanted, columns, chunk_rows)
            except pa.ArrowInvalid as error:
                raise TruncatedFileError(
                    f"{self.origin}: the rows of the table cannot be told apart ({error}): a quotation mark that is "
                    "not "
                    "closed, or a line that breaks off"
                ) from error

    def _reader(
        self, stream: "_Guarded", wanted: list[str], skipped: list, block_bytes: int
    ) -> arrow_csv.CSVStreamingReader:
        def note(row: arrow_csv.InvalidRow) -> str:
            skipped.append(row)
            return "skip"

        source = _Tabbed(stream) if self._layout.any_blanks else stream
        return arrow_csv.open_csv(
            source,
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=block_bytes, skip_rows=self._layout.skip, column_names=self.names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()),
                include_columns=wanted,
                null_values=_NULLS,
                strings_can_be_null=True,
            ),
        )

    def _cut(self, rows, skipped: list, wanted: list[str], columns, chunk_rows: int) -> Iterator[Batch]:
        table = pa.table({name: pa.array([], pa.string()) for name in wanted})
        if rows is not None:
            table = pa.Table.from_batches([rows])
        row_errors = {}
        # comments between rows and the end mark of a Starlink table are no rows
        bad = [row for row in skipped if row.text.strip() and not _NO_ROW.match(row.text)]
        skipped.clear()
        if bad:
            row_errors = {table.num_rows + i: self._row_error(row) for i, row in enumerate(bad)}
            table = pa.concat_tables([table, self._bad_rows(bad, wanted)])
        table = _as_declared(_without_masked(table, self._layout.header.masks), self._layout.header.types)
        for start in range(0, table.num_rows, chunk_rows):
            errors = {row - start: text for row, text in row_errors.items() if start <= row < start + chunk_rows}
            piece = table.slice(start, chunk_rows)
            yield make_batch(piece, self._layout.units, columns, row_errors=errors, **self._facts)

    def _bad_rows(self, bad: list, wanted: list[str]) -> pa.Table:
        """Rows that do not split into the columns: their id where it can be seen, nothing else."""
        id_name = next((name for name, word in canonical_names(self.names).items() if word == "source_id"), None)
        place = self.names.index(id_name) if id_name is not None else None
        ids = [self._field(row.text, place) for row in bad]
        return pa.table({name: pa.array(ids if name == id_name else [None] * len(bad), pa.string()) for name in wanted})

    def _field(self, text: str, place: int | None) -> str | None:
        # the last field of a broken row may itself be cut: it is not believed
        fields = text.split(self._delimiter)[:-1]
        return fields[place].strip().strip('"') if place is not None and place < len(fields) else None

    def _row_error(self, row: arrow_csv.InvalidRow) -> str:
        where = f"line {row.number + self._layout.skip - 1}" if row.number is not None else "a line"
        return f"{where} has {row.actual_columns} fields, expected {len(self.names)} (the file may be truncated)"


def open_csv(
    reopen: Callable[[], BinaryIO], origin: str, size: int, read_beside: ReadBeside | None = None
) -> CsvSource:
    """Open a CSV or ECSV table from a function that opens its (unpacked) bytes."""
    return CsvSource(reopen, origin, size, read_beside)


def _stored_position(stream: BinaryIO) -> int:
    """Bytes read of the file as it is stored (a gzip stream knows the packed file beneath it)."""
    return (getattr(stream, "fileobj", None) or stream).tell()


def _without_masked(table: pa.Table, masks: dict[str, str]) -> pa.Table:
    """The table with nulls where a column's mask says True, and without the masks."""
    for name, mask in masks.items():
        if name in table.column_names and mask in table.column_names:
            hidden = pc.fill_null(pc.equal(pc.utf8_lower(pc.utf8_trim_whitespace(table[mask])), "true"), False)
            column = pc.if_else(hidden, None, table[name])
            table = table.set_column(table.column_names.index(name), name, column).drop_columns(mask)
    return table


def _as_declared(table: pa.Table, types: dict[str, str]) -> pa.Table:
    """Whole numbers as such where an ECSV header declares them; a column that holds anything else stays text."""
    for place, name in enumerate(table.column_names):
        if types.get(name, "").startswith(("int", "uint")) and not name.lower().endswith("_id"):
            with contextlib.suppress(pa.ArrowInvalid):
                table = table.set_column(place, name, pc.cast(table[name], pa.int64()))
    return table


class _Tabbed(io.RawIOBase):
    """A stream of lines whose fields are parted by blanks, with one tab in place of each run of blanks."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self._rest = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._ready:
            data = self._stream.read(len(buffer))
            whole, newline, rest = (self._rest + (data or b"")).rpartition(b"\n") if data else (self._rest, b"", b"")
            self._rest = rest
            self._ready = _tabbed(whole + newline)
            if not data:
                break
        data, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _tabbed(block: bytes) -> bytes:
    block = re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", block)
    if b'"' not in block:
        return re.sub(rb"[ \t]+", b"\t", block)
    return _BLANKS.sub(lambda found: found.group(1) or b"\t", block)


class _Guarded(io.RawIOBase):
    """A stream whose broken gzip data, endless gzip data and broken UTF-8 appear as named errors.

    (pyarrow notices broken UTF-8 as well, but not in a row of too few fields: it prints a traceback then and blames
    the number of fields.)
    """

    def __init__(self, stream: BinaryIO, origin: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._n_read = 0
        self.origin = origin

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TruncatedFileError(
                f"{self.origin}: the compressed file breaks off or is damaged ({error}). Fetch it again"
            ) from error
        self._n_read += len(data)
        if self._n_read > _FREE_BYTES and self._n_read > MAX_RATIO * _stored_position(self._stream):
            raise FileTooLargeError(
                f"{self.origin}: the compressed file is refused: it unpacks to more than {MAX_RATIO} times its size. "
                "Unpack it and give the file"
            )
        try:
            self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise UnsupportedFormatError(
                f"{self.origin}: the text is not UTF-8 ({error.reason} near byte {self._n_read - len(data):,}). Save "
                "it as UTF-8"
            ) from error
        buffer[: len(data)] = data
        return len(data)
