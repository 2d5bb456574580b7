"""CSV and ECSV (each also .gz), streamed by pyarrow in blocks; every column is read as text and typed later."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as arrow_csv
import yaml

from core.errors import EmptyFileError, FileTooLargeError, ReadError, TruncatedFileError, UnsupportedFormatError
from core.spectra.readers.batch import Batch, canonical_names, make_batch, unique_names, wanted_names

_BLOCK_BYTES = 4 << 20
_LONGEST_HEADER = 1 << 20
_DELIMITERS = (",", "\t", ";", "|", " ")
_NULLS = ["", "null", "NULL", "None", "--"]
_FREE_BYTES = 32 << 20
MAX_RATIO = 250
"""Text of spectra packs 2 to 30 times; what unpacks to much more than this is made to fill the memory."""


class CsvSource:
    """A text table with one header line, behind any number of '#' comment lines (among them an ECSV header).

    Parameters
    ----------
    reopen : callable without arguments that returns the file as a new binary stream, unpacked
    origin : str
        The file, for messages.
    size : int
        Bytes of the file as it is stored.
    """

    n_rows: int | None = None

    def __init__(self, reopen: Callable[[], BinaryIO], origin: str, size: int) -> None:
        self._reopen = reopen
        self._size = max(size, 1)
        self.fraction = 0.0
        self.origin = origin
        with reopen() as stream:
            comments, header = _header(_Guarded(stream, origin), origin)
        self._skip = len(comments)
        facts = _ecsv_facts(comments)
        stated = facts.get("delimiter")
        self._delimiter = stated if stated in _DELIMITERS else " " if facts else _sniff(header)
        self.names = _names(header, self._delimiter, origin)
        self._units, self._parameters = _units_and_parameters(facts)
        known = "source_id" in canonical_names(self.names).values()
        if not facts and not known and (self._delimiter == " " or len(self.names) < 2):
            raise UnsupportedFormatError(
                f"{origin}: this is no table: the first line is {header[:80]!r}. Expected a line of column names "
                "such as 'source_id,flux,flux_error'"
            )

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        wanted = wanted_names(self.names, columns)
        skipped: list[arrow_csv.InvalidRow] = []
        with self._reopen() as stream:
            try:
                reader = self._reader(_Guarded(stream, self.origin), wanted, skipped)
                for rows in reader:
                    self.fraction = min(_stored_position(stream) / self._size, 1.0)
                    yield from self._cut(rows, skipped, wanted, columns, chunk_rows)
                if skipped:
                    yield from self._cut(None, skipped, wanted, columns, chunk_rows)
            except pa.ArrowInvalid as error:
                raise TruncatedFileError(
                    f"{self.origin}: the table breaks off or is damaged ({error}). Fetch it again"
                ) from error

    def _reader(self, stream: "_Guarded", wanted: list[str], skipped: list) -> arrow_csv.CSVStreamingReader:
        def note(row: arrow_csv.InvalidRow) -> str:
            skipped.append(row)
            return "skip"

        return arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, skip_rows=self._skip + 1, column_names=self.names
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
        bad = [row for row in skipped if row.text.strip()]
        skipped.clear()
        if bad:
            row_errors = {table.num_rows + i: self._row_error(row) for i, row in enumerate(bad)}
            table = pa.concat_tables([table, self._bad_rows(bad, wanted)])
        facts = {"parameters": self._parameters, "origin": self.origin}
        for start in range(0, table.num_rows, chunk_rows):
            errors = {row - start: text for row, text in row_errors.items() if start <= row < start + chunk_rows}
            piece = table.slice(start, chunk_rows)
            yield make_batch(piece, self._units, columns, row_errors=errors, **facts)

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
        where = f"line {row.number + self._skip}" if row.number is not None else "a line"
        return f"{where} has {row.actual_columns} fields, expected {len(self.names)} (the file may be truncated)"


def open_csv(reopen: Callable[[], BinaryIO], origin: str, size: int) -> CsvSource:
    """Open a CSV or ECSV table from a function that opens its (unpacked) bytes."""
    return CsvSource(reopen, origin, size)


def _stored_position(stream: BinaryIO) -> int:
    """Bytes read of the file as it is stored (a gzip stream knows the packed file beneath it)."""
    return (getattr(stream, "fileobj", None) or stream).tell()


class _Loader(yaml.SafeLoader):
    """YAML's safe loader without merge keys ('<<'): some of them in a row double as often as there are lines."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave the mapping as it is written."""


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


def _header(stream: _Guarded, origin: str) -> tuple[list[str], str]:
    """Comment lines, and the line of column names."""
    lines = io.BufferedReader(stream)
    comments: list[str] = []
    size = 0
    while raw := lines.readline(_LONGEST_HEADER):
        size += len(raw)
        # a line that is longer than the limit may end in the middle of a letter; it is refused below
        line = raw.decode("utf-8-sig" if not comments else "utf-8", "replace").rstrip("\r\n")
        if line.startswith("#") or not line.strip():
            comments.append(line)
        else:
            return comments, line
        if size > _LONGEST_HEADER:
            raise ReadError(f"{origin}: no column names within the first {_LONGEST_HEADER:,} bytes")
    raise EmptyFileError(f"{origin}: the file has comments but no table")


def _names(header: str, delimiter: str, origin: str) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    except csv.Error as error:  # a name of 128 kB, or line ends of carriage returns alone
        raise UnsupportedFormatError(
            f"{origin}: the line of column names cannot be read ({error}). Expected a line such as "
            "'source_id,flux,flux_error', and every line ended as on Unix or Windows"
        ) from error
    return unique_names(names, origin)


def _sniff(header: str) -> str:
    return max(_DELIMITERS, key=lambda sign: (header.count(sign) > 0 and sign != " ", header.count(sign)))


def _ecsv_facts(comments: list[str]) -> dict:
    """The YAML block of an ECSV header, or {} where there is none (or none that can be read)."""
    text = [re.sub(r"^# ?", "", line) for line in comments]
    start = next((i for i, line in enumerate(text) if line.startswith("%ECSV")), None)
    if start is None:
        return {}
    try:
        facts = _Loader("\n".join(text[start + 1 :])).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError):  # no YAML; an impossible date; thousands of brackets
        return {"delimiter": ","}
    return facts if isinstance(facts, dict) else {"delimiter": ","}


def _units_and_parameters(facts: dict) -> tuple[dict[str, str], dict[str, str]]:
    columns = facts.get("datatype")
    items = [item for item in columns if isinstance(item, dict)] if isinstance(columns, list) else []
    units = {_word(item["name"]): _word(item.get("unit")) for item in items if "name" in item}
    meta = facts.get("meta")
    parameters = {}
    if isinstance(meta, dict):
        if "source_id" in meta:
            parameters["source_id"] = _word(meta["source_id"])
        place = meta.get("spatialLocation")
        if isinstance(place, list) and len(place) == 2:
            parameters.update(ra=_word(place[0]), dec=_word(place[1]))
    return units, parameters


def _word(value: object) -> str:
    """Text of a single value; '' for a list, which a few lines of YAML can make endless."""
    is_huge = isinstance(value, int) and abs(value) >= 2**63
    return str(value) if isinstance(value, str | int | float) and not is_huge else ""
