"""Long tables whose rows of one star do not stand together: read as a whole and put in order."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import UnsupportedFormatError
from core.gaia.vocabulary import canonical_names
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.arrays import single_array
from core.spectra.readers.batch import Batch, TableSource
from core.spectra.readers.sample_rows import has_sample_rows, star_starts

MOST_ROWS = 20_000_000
"""Rows that are put in order in memory (58,000 stars, some 2 GB)."""
_PEEKED_ROWS = 1024
_CHUNK_ROWS = 1 << 16


def gathered(table: TableSource) -> TableSource:
    """The same table, with the rows of each star together where it has a row per sample in another order."""
    if not {"wavelength", "flux"} <= set(canonical_names(table.names).values()):
        return table
    batches = table.batches(["source_id", "wavelength", "flux"], _PEEKED_ROWS)
    first = next(batches, None)
    batches.close()  # type: ignore[attr-defined]
    if first is None or "source_id" not in first.table.column_names or not has_sample_rows(first.table):
        return table
    runs = np.diff(star_starts(first.table))
    return table if not len(runs) or np.median(runs) >= N_SAMPLES else _Gathered(table)


class _Gathered:
    """A long table in memory, stars in the order in which they first appear."""

    def __init__(self, table: TableSource) -> None:
        self.origin = table.origin
        parts: list[Batch] = []
        n_rows = 0
        for batch in table.batches(None, _CHUNK_ROWS):
            parts.append(batch)
            n_rows += batch.table.num_rows
            if n_rows > MOST_ROWS:
                raise UnsupportedFormatError(
                    f"{table.origin}: the rows of a star do not stand together, and there are more than {MOST_ROWS:,} "
                    "of "
                    "them: too many to be put in order here. Sort the table by source_id"
                )
        whole = pa.concat_tables([part.table for part in parts], promote_options="permissive").combine_chunks()
        ids = single_array(whole, "source_id").cast(pa.large_string())
        codes, _ = pd.factorize(ids.to_numpy(zero_copy_only=False), use_na_sentinel=False)
        order = np.argsort(codes, kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        errors: dict[int, str] = {}
        begin = 0
        for part in parts:
            errors |= {int(place[begin + row]): text for row, text in part.row_errors.items()}
            begin += part.table.num_rows
        self._whole = replace(parts[0], table=whole.take(pa.array(order)), row_errors=errors)
        self.names = whole.column_names
        self.n_rows: int | None = whole.num_rows
        self.fraction = 0.0

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (None for all)."""
        table = self._whole.table
        if columns is not None:
            table = table.select([name for name in table.column_names if name in columns])
        for start in range(0, table.num_rows, chunk_rows):
            errors = {
                row - start: text for row, text in self._whole.row_errors.items() if 0 <= row - start < chunk_rows
            }
            self.fraction = min(1.0, (start + chunk_rows) / max(table.num_rows, 1))
            yield replace(self._whole, table=table.slice(start, chunk_rows), row_errors=errors)
