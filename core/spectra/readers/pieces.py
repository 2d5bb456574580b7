"""An open table of spectra, piece by piece: its spectra, and beforehand its ids alone."""

from collections.abc import Iterator

import numpy as np

from core.errors import MissingColumnError, ReadError
from core.gaia.vocabulary import canonical_names
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.arrays import single_array
from core.spectra.readers.assemble import assemble, holds_coefficients, holds_spectra
from core.spectra.readers.batch import COEFFICIENT_COLUMNS, ERROR_COLUMNS, Batch, TableSource, fact_names
from core.spectra.readers.faults import Faults
from core.spectra.readers.sample_rows import count_spectra, has_sample_rows, whole_stars
from core.spectra.readers.source_ids import parse_source_ids
from core.spectra.spectrum_set import SpectrumSet

_SMALLEST_CHUNK = 256
_ID_CHUNK = 1 << 14


def _wanted(table: TableSource, with_errors: bool, facts_only: bool) -> list[str] | None:
    if with_errors and not facts_only:
        return None
    names = fact_names(table.names) if facts_only else list(canonical_names(table.names).values())
    return names if with_errors else [name for name in names if name not in ERROR_COLUMNS]


def pieces(
    table: TableSource,
    chunk_rows: int,
    faults: Faults,
    with_errors: bool,
    prefer: str,
    release: str | None = None,
    facts_only: bool = False,
) -> Iterator[SpectrumSet]:
    """The spectra of an open table, at most `chunk_rows` at a time; see `reading.iter_spectra`."""
    names = set(canonical_names(table.names).values())
    if not holds_spectra(names):
        refuse(table)
    if prefer == "continuous" and not holds_coefficients(names):
        raise MissingColumnError(
            f"{table.origin}: no XP coefficients in the file: expected columns {' and '.join(COEFFICIENT_COLUMNS)}, "
            f"found {', '.join(table.names[:20])}"
        )
    rows = max(chunk_rows, _SMALLEST_CHUNK)
    if {"wavelength", "flux"} <= names:
        rows *= 16  # rows may be samples, 343 of them a star
    for batch in whole_stars(table.batches(_wanted(table, with_errors, facts_only), rows)):
        yield from slices(assemble(batch, faults, with_errors=with_errors, prefer=prefer, release=release), chunk_rows)


def refuse(table: TableSource) -> None:
    """Raise MissingColumnError for a table without spectra."""
    advice = ""
    if len(table.names) >= N_SAMPLES:
        advice = (
            f" and {len(table.names) - 20} more. If each of these columns is one sample, name them flux_336 to "
            "flux_1020 (nm), or flux_0 to flux_342; coefficients bp_coeff_0 ... rp_coeff_54"
        )
    raise MissingColumnError(
        f"{table.origin}: no spectra in the file: expected a column 'flux' (XP_SAMPLED) or 'bp_coefficients' and "
        f"'rp_coefficients' (XP_CONTINUOUS), found {', '.join(table.names[:20])}{advice}"
    )


def slices(spectra: SpectrumSet, chunk_rows: int) -> Iterator[SpectrumSet]:
    """A set in pieces of at most `chunk_rows` rows."""
    for start in range(0, len(spectra), chunk_rows):
        yield spectra if len(spectra) <= chunk_rows else spectra.take(slice(start, start + chunk_rows))


def iter_ids(table: TableSource, *, strict: bool) -> Iterator[np.ndarray]:
    """Ids of a table, one per spectrum; if not strict, those before the place where it is damaged."""
    try:
        yield from _all_ids(table)
    except ReadError:
        if strict:
            raise


def _all_ids(table: TableSource) -> Iterator[np.ndarray]:
    # in a table of one row per sample, flux and wavelength tell where a star begins
    has_wavelength = "wavelength" in canonical_names(table.names).values()
    names = ["source_id", "wavelength", "flux"] if has_wavelength else ["source_id"]
    for batch in whole_stars(table.batches(names, _ID_CHUNK)):
        if "source_id" not in batch.table.column_names:
            continue
        yield _ids_of(batch)


def _ids_of(batch: Batch) -> np.ndarray:
    ids, _ = parse_source_ids(single_array(batch.table, "source_id"), batch.origin)
    if has_sample_rows(batch.table):
        starts, copies = count_spectra(batch.table)
        return np.repeat(ids[starts], copies)
    return ids
