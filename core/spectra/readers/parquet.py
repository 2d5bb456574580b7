"""Parquet files, streamed by pyarrow."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ReadError, TruncatedFileError, UnsupportedFormatError
from core.spectra.readers.batch import Batch, make_batch, wanted_names
from core.spectra.readers.data_release import RELEASE_FIELD

_BUFFER_BYTES = 1 << 20


class ParquetSource:
    """A Parquet file, or some of its row groups; units are read from the fields' `unit` metadata."""

    def __init__(self, file: Path | BinaryIO, origin: str, row_groups: Sequence[int] | None = None) -> None:
        self.origin = origin
        self._row_groups = None if row_groups is None else list(row_groups)
        try:
            # small read buffers instead of whole column chunks keep memory bounded for row groups of any size
            self._file = pq.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            schema = self._file.schema_arrow
            names = schema.names
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise TruncatedFileError(
                f"{origin}: the Parquet file cannot be opened ({error}): it is incomplete or damaged. Fetch it again"
            ) from error
        if len(set(names)) < len(names):
            raise ReadError(f"{origin}: two columns have one name. Give each column a name of its own")
        self.names = names
        self.n_rows: int | None = self._file.metadata.num_rows
        self.fraction = 0.0
        said = (schema.metadata or {}).get(RELEASE_FIELD.encode(), b"").decode("utf-8", "replace")
        self._parameters = {RELEASE_FIELD: said} if said else {}
        self._units = {item.name: (item.metadata or {}).get(b"unit", b"").decode("utf-8", "replace") for item in schema}

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""
        names = wanted_names(self.names, columns)
        done = 0
        try:
            for rows in self._file.iter_batches(chunk_rows, self._row_groups, columns=names, use_threads=False):
                done += rows.num_rows
                self.fraction = done / max(self.n_rows or 0, 1)
                yield make_batch(
                    pa.Table.from_batches([rows]), self._units, columns, origin=self.origin, parameters=self._parameters
                )
        except (pa.ArrowInvalid, OSError) as error:
            raise TruncatedFileError(f"{self.origin}: the Parquet file is damaged ({error}). Fetch it again") from error
        except pa.ArrowNotImplementedError as error:
            raise UnsupportedFormatError(f"{self.origin}: a column cannot be read ({error})") from error


def open_parquet(file: Path | BinaryIO, origin: str) -> ParquetSource:
    """Open a Parquet file (path or binary stream)."""
    return ParquetSource(file, origin)
