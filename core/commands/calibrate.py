"""`python -m core calibrate`: XP coefficients of any readable file to sampled flux and errors in Parquet."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.errors import UsageError
from core.spectra.readers.faults import LeftOut, OnLeftOut
from core.spectra.spectrum_set import SpectrumSet

_MOST_NOTES = 5


def calibrate(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="XP_CONTINUOUS spectra: Parquet, CSV, ECSV, FITS, VOTable (each also .gz), a DataLink zip, or "
            "a folder of such files.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.parquet",
            help="Parquet file to write: source_id, flux and flux_error (343 samples, 336 to 1020 nm in steps of 2 nm, "
            "in W m-2 nm-1), the input's other columns, and a note on each row that lacks something.",
        ),
    ],
    errors: Annotated[
        bool, typer.Option(help="Compute flux errors from the coefficients' errors and correlations.")
    ] = True,
    float32: Annotated[bool, typer.Option(help="Write 32-bit numbers: 7 digits in half the space.")] = False,
    chunk_rows: Annotated[int, typer.Option(help="Rows held in memory at a time.", min=1)] = 4096,
) -> None:
    """Calibrate XP coefficients to sampled flux and flux error, in bounded memory for files of any size."""
    if out.suffix.lower() != ".parquet":
        raise UsageError(f"the output {out} has another suffix than .parquet, the only format that is written in parts")
    from core.commands.left_out import tell_left_out

    left_out: list[LeftOut] = []
    n_rows, notes = calibrate_file(
        source,
        out,
        with_errors=errors,
        dtype="float32" if float32 else "float64",
        chunk_rows=chunk_rows,
        on_left_out=left_out.append,
    )
    print(f"{n_rows:,} spectra written to {out}, {notes.total():,} of them with a note")
    for note, n in notes.most_common(_MOST_NOTES):
        print(f"  {n:,}: {note}")
    tell_left_out(left_out)


def calibrate_file(
    source: Path,
    out: Path,
    *,
    with_errors: bool = True,
    dtype: str = "float64",
    chunk_rows: int = 4096,
    on_left_out: OnLeftOut | None = None,
) -> tuple[int, Counter[str]]:
    """Calibrate all coefficients of a file to a Parquet file; returns the number of rows, and of rows by their note.

    Raises
    ------
    ReadError
        The input has no coefficients or cannot be read; no output file is left then.
    """
    from core.commands.row_progress import row_progress
    from core.spectra.readers import iter_spectra
    from core.spectra.writers import ParquetWriter

    notes: Counter[str] = Counter()
    with row_progress("calibrating") as move, ParquetWriter(out, dtype=dtype) as writer:
        parts = iter_spectra(
            source,
            chunk_rows,
            with_errors=with_errors,
            prefer="continuous",
            on_progress=lambda fraction: move(fraction, writer.n_rows),
            on_left_out=on_left_out,
        )
        for part in parts:
            part = _product(part)
            notes.update(note for note in part.note.tolist() if note)
            writer.write(part)
        move(1.0, writer.n_rows)
    return writer.n_rows, notes


def _product(part: SpectrumSet) -> SpectrumSet:
    """What the output file holds of a set: no coefficients, always errors, and one note for all that is missing."""
    flux_error = np.full(part.flux.shape, np.nan) if part.flux_error is None else part.flux_error
    metadata = part.metadata.drop(columns="error_note", errors="ignore")
    product = replace(part, flux_error=flux_error, coefficients=None, metadata=metadata)
    if "error_note" in part.metadata:
        text = part.metadata["error_note"].to_numpy(object)
        for reason in sorted({item for item in text if item}):
            product = product.with_notes(text == reason, reason)
    return product
