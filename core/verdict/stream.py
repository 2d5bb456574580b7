"""Classification of a file of any size: read a piece, predict, write, in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import core
from core.gaia.labels import MASSIVE
from core.gaia.releases import DEFAULT
from core.parquet_output import parquet_output
from core.spectra.readers.data_release import RELEASE_FIELD
from core.spectra.readers.faults import LeftOut
from core.verdict.companions import NO_COMPANIONS, load_companions
from core.verdict.ensemble import Ensemble
from core.verdict.verdict import judge

CHUNK_ROWS = 4096
SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.int64(), nullable=False),
        pa.field("probability", pa.float64()),
        pa.field("probability_std", pa.float64()),
        pa.field("label", pa.string()),
        pa.field("note", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class ClassifiedFile:
    """What `classify_file` wrote: counts of rows, their release (and whether the input says it), and files left out."""

    path: Path
    n_rows: int = 0
    n_classified: int = 0
    n_massive: int = 0
    n_noted: int = 0
    release: str = DEFAULT.key
    release_stated: bool = False
    left_out: tuple[LeftOut, ...] = ()

    def counting(self, table: pd.DataFrame) -> "ClassifiedFile":
        """The counts with one more piece."""
        return replace(
            self,
            n_rows=self.n_rows + len(table),
            n_classified=self.n_classified + int(table["probability"].notna().sum()),
            n_massive=self.n_massive + int((table["label"] == MASSIVE).sum()),
            n_noted=self.n_noted + int((table["note"] != "").sum()),
        )


def classify_file(
    path: str | Path,
    ensemble: Ensemble,
    out: str | Path,
    *,
    chunk_rows: int = CHUNK_ROWS,
    on_progress: Callable[[float, int], None] | None = None,
    release: str | None = None,
) -> ClassifiedFile:
    """Classify every spectrum of a file (or folder of files) into a Parquet file of verdicts.

    Rows come out in the order in which they are read, duplicates included; labels of the input are ignored. The output
    appears whole or not at all.

    Parameters
    ----------
    path : path
        Any input of `core.spectra.readers.iter_spectra`.
    ensemble : Ensemble
    out : path ending in .parquet
        Columns: `SCHEMA`; the run is named in the file's metadata.
    on_progress : callable or None
        Called after each piece with (share of the input that is read, rows done).
    release : str or None
        Key of the data release of the input; None: what it says itself.

    Raises
    ------
    UsageError : `out` is no name of a Parquet file, or the input.
    ReadError : nothing in the input can be used.
    """
    from core.spectra.readers import iter_spectra

    share = 0.0

    def read_so_far(value: float) -> None:
        nonlocal share
        share = value

    done = ClassifiedFile(Path(out))
    left_out: list[LeftOut] = []
    pieces = iter_spectra(
        path,
        chunk_rows,
        with_errors=False,
        facts_only=True,
        release=release,
        on_progress=read_so_far,
        on_left_out=left_out.append,
    )
    first = next(pieces, None)
    of = DEFAULT.key if first is None else first.release
    done = replace(done, release=of, release_stated=first is not None and first.release_stated)
    about = provenance(ensemble) | {RELEASE_FIELD: of}
    started = ensemble.run.started
    companions = NO_COMPANIONS if of == ensemble.instrument else load_companions(ensemble.path, started)
    with parquet_output(out, SCHEMA.with_metadata(about), path) as writer:
        for spectra in chain([] if first is None else [first], pieces):
            table = judge(spectra, ensemble, companions).table()
            writer.write_table(to_arrow(table))
            done = done.counting(table)
            if on_progress is not None:
                on_progress(share, done.n_rows)
    return replace(done, left_out=tuple(left_out))


def to_arrow(table: pd.DataFrame) -> pa.Table:
    """Verdicts of `classify` as Arrow, NaN and None as null."""
    arrays = [
        pa.array(table["source_id"].to_numpy(np.int64)),
        pa.array(table["probability"].to_numpy(float), from_pandas=True),
        pa.array(table["probability_std"].to_numpy(float), from_pandas=True),
        pa.array(table["label"].to_numpy(object), pa.string(), from_pandas=True),
        pa.array(table["note"].to_numpy(object), pa.string()),
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def provenance(ensemble: Ensemble) -> dict[str, str]:
    """What classified the rows, for the file's metadata."""
    return {
        "explorer_version": core.__version__,
        "run": ensemble.path.name,
        "model": ensemble.model,
        "members": str(len(ensemble)),
        "trained": ensemble.run.started,
    }
