"""Parquet files that are written piece by piece and appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.errors import UsageError


@contextmanager
def parquet_output(out: str | Path, schema: pa.Schema, source: str | Path) -> Iterator[pq.ParquetWriter]:
    """Yield a writer of `out`, which is renamed into place when all is written.

    Raises
    ------
    UsageError
        `out` does not end in .parquet, is a folder, or is `source`, the file that is being read.
    """
    out = Path(out)
    if out.suffix != ".parquet":
        raise UsageError(f"the output {out} ends in {out.suffix or 'nothing'!r}: give a name that ends in .parquet")
    if out.is_dir():
        raise UsageError(f"the output {out} is a folder: give the name of a file in it")
    if out.resolve() == Path(source).resolve():
        raise UsageError(f"the output {out} is the input: give another name")
    with atomic_path(out) as beside, pq.ParquetWriter(beside, schema, compression="zstd") as writer:
        yield writer
