"""How large the columns of a Parquet file become, from its metadata: asked before any of them is decoded.

The metadata give the values of each column chunk and the bytes of its pages, which settles numbers. Texts may stand in
a dictionary once and be meant a million times: where that could matter, the dictionary alone is read and its longest
text counts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.spectra.readers.limits import check_growth

_WIDTH = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}
_TEXT = "BYTE_ARRAY"
_PREFIXED = "DELTA_BYTE_ARRAY"
_INDEX_BYTES = 4
BATCH_BYTES = 128 << 20
"""What is decoded at a time: 4,096 stars with coefficients, errors and correlations are just below it."""
_BATCH_ROWS = 256
"""Networks take so many rows at a time: larger batches are cut to multiples of it."""


def rows_at_a_time(
    file: pq.ParquetFile,
    source: Path | BinaryIO,
    tops: Sequence[str],
    row_groups: Sequence[int],
    rows: int,
    origin: str,
) -> int:
    """Rows of a batch whose chosen columns stay below `BATCH_BYTES` decoded, at most `rows`.

    Parameters
    ----------
    file : ParquetFile
    source : path or stream
        Where it lies, to be opened once more where a dictionary has to be looked at.
    tops : sequence of str
        The columns that are to be read.
    row_groups : sequence of int
    rows : int
    origin : str
        The file, for messages.

    Raises
    ------
    FileTooLargeError
        Pages that unpack to, or lists that hold, hundreds of times what is stored.
    """
    leaves = _leaves_of(file.schema_arrow, set(tops))
    metadata, schema = file.metadata, file.schema
    longest = _Dictionaries(source, metadata, [schema.column(leaf).path for leaf in leaves], origin)
    most = 0.0
    for group in row_groups:
        chunks = metadata.row_group(group)
        n_rows = max(chunks.num_rows, 1)
        a_row = 0.0
        for leaf in leaves:
            chunk, column = chunks.column(leaf), schema.column(leaf)
            n, size = max(chunk.num_values, 0), max(chunk.total_uncompressed_size, 0)
            stored = max(chunk.total_compressed_size, 1)
            what = f"{origin}: column {column.path!r}"
            check_growth(size, stored, what)
            is_text, is_list = chunk.physical_type == _TEXT, column.max_repetition_level > 0
            width = float(_INDEX_BYTES if is_text else _WIDTH.get(chunk.physical_type, column.length))
            if is_list:
                check_growth(round(n * width), stored, what)
            if is_text and n * size > BATCH_BYTES:
                width += longest.of(group, column.path) if _PREFIXED not in chunk.encodings else size
            whole = n * width + (size if is_text else 0)
            if is_list:
                check_growth(round(whole), stored, what)
            a_row += width + (size / n_rows if is_text else 0) if not is_list else whole / n_rows
        most = max(most, a_row)
    fitting = int(BATCH_BYTES / max(most, 1.0))
    if fitting >= rows:
        return rows
    return max(fitting // _BATCH_ROWS * _BATCH_ROWS or fitting, 1)


class _Dictionaries:
    """The longest texts of dictionaries; the file is opened for them when the first is asked for."""

    def __init__(self, source: Path | BinaryIO, metadata: pq.FileMetaData, paths: list[str], origin: str) -> None:
        self._source, self._metadata, self._paths, self._origin = source, metadata, paths, origin
        self._file: pq.ParquetFile | None = None

    def of(self, group: int, path: str) -> int:
        """Bytes of the longest text in the dictionary of a column chunk; of its first value where it has none."""
        if self._file is None:
            self._file = pq.ParquetFile(
                self._source, metadata=self._metadata, read_dictionary=self._paths, pre_buffer=False
            )
        batch = next(self._file.iter_batches(1, [group], columns=[path], use_threads=False), None)
        return 0 if batch is None else max(map(_longest, batch.columns), default=0)


def _longest(array: pa.Array) -> int:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _longest(array.dictionary)
    if pa.types.is_struct(kind):
        return max((_longest(array.field(i)) for i in range(kind.num_fields)), default=0)
    if pa.types.is_map(kind):
        return max(_longest(array.keys), _longest(array.items))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _longest(array.values)
    if isinstance(array, pa.ExtensionArray):
        return _longest(array.storage)
    try:
        return pc.max(pc.binary_length(array)).as_py() or 0
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return 0


def _leaves_of(schema: pa.Schema, tops: set[str]) -> list[int]:
    """Numbers of the stored columns that make up the chosen ones: names may hold dots, so they are counted."""
    leaves: list[int] = []
    number = 0
    for item in schema:
        n = _count(item.type)
        if item.name in tops:
            leaves += range(number, number + n)
        number += n
    return leaves


def _count(kind: pa.DataType) -> int:
    if isinstance(kind, pa.BaseExtensionType):
        return _count(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return 1
    return sum(_count(kind.field(i).type) for i in range(kind.num_fields)) if kind.num_fields else 1
