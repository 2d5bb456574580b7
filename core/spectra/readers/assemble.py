"""Batches of any file format to SpectrumSet: ids, units, grid, calibration of coefficients, notes on bad rows."""

import numpy as np
import pyarrow as pa

from core.errors import (
    MissingColumnError,
    ReadError,
    SampleCountError,
    SourceIdError,
    TruncatedFileError,
    UnitError,
)
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.array_text import fault_of, is_number
from core.spectra.readers.arrays import is_text, matrix, single_array
from core.spectra.readers.batch import COEFFICIENT_COLUMNS, Batch
from core.spectra.readers.coefficients import attach_flux, read_coefficients
from core.spectra.readers.data_release import release_of_batch, without_release
from core.spectra.readers.faults import Faults
from core.spectra.readers.file_names import id_in_name
from core.spectra.readers.metadata import ERROR_NOTE, metadata_frame
from core.spectra.readers.sample_rows import has_sample_rows, one_row_per_star
from core.spectra.readers.sampling import check_rows, check_stated
from core.spectra.readers.source_ids import parse_source_ids
from core.spectra.readers.units import flux_factor
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows

ADVISORY_NOTES = ("duplicate source_id", ERROR_NOTE)
"""Notes about a file as a whole or about errors alone: made anew on reading, never taken over from a `note` column."""


def holds_spectra(names: list[str] | set[str]) -> bool:
    """Do the (canonical) columns hold sampled or continuous spectra?"""
    return "flux" in names or holds_coefficients(names)


def holds_coefficients(names: list[str] | set[str]) -> bool:
    """Do the (canonical) columns hold the coefficients of both bands?"""
    return all(name in names for name in COEFFICIENT_COLUMNS) or "xp_coefficients" in names


def assemble(
    batch: Batch, faults: Faults, *, with_errors: bool = True, prefer: str = "sampled", release: str | None = None
) -> SpectrumSet:
    """One SpectrumSet row per star of the batch, in order; rows that cannot be used have NaN flux and a note.

    Parameters
    ----------
    batch : Batch
        Whole stars (see `sample_rows.whole_stars`).
    faults : Faults
        Collects what is wrong, for the case that it is wrong with every row of the file.
    with_errors : bool
        Whether flux errors are read and computed.
    prefer : 'sampled' or 'continuous'
        Which flux a star gets that has both.
    release : str or None
        Key of the data release, where the caller knows it.

    Raises
    ------
    MissingColumnError, UnitError, SourceIdError, MixedReleasesError, CalibrationError
        The whole table is unusable.
    """
    if has_sample_rows(batch.table):
        batch = one_row_per_star(batch)
    n = batch.table.num_rows
    problems: dict[int, ReadError] = {}
    of, stated = release_of_batch(batch, release)
    source_id = _ids(batch, n, problems)
    flux, flux_error = _sampled(batch, problems, with_errors)
    coefficients = read_coefficients(batch, problems, with_errors, of)
    if flux is None and coefficients is None:
        raise MissingColumnError(
            f"{batch.origin}: no spectra found. Expected a column 'flux' (XP_SAMPLED) or 'bp_coefficients' and "
            f"'rp_coefficients' (XP_CONTINUOUS), found {', '.join(batch.table.column_names[:20])}"
        )
    for row, text in batch.row_errors.items():
        problems[row] = TruncatedFileError(text)
    metadata, note = metadata_frame(batch, ADVISORY_NOTES)
    metadata = without_release(metadata)
    flux, flux_error, notes = attach_flux(flux, flux_error, coefficients, metadata, with_errors, prefer, of, problems)
    unusable = sorted(problems)
    flux[unusable] = np.nan
    if flux_error is not None:
        flux_error[unusable] = np.nan
    note = _joined_notes(note, notes, problems)
    if problems:
        first = problems[unusable[0]]
        faults.remember(type(first)(f"{batch.origin}: row {unusable[0] + 1}: {first}"))
    faults.add_rows(n, len(problems))
    whole = SpectrumSet(source_id, flux, flux_error, coefficients, metadata, note, of.key, stated)
    return note_bad_rows(whole, duplicates=False)


def _ids(batch: Batch, n: int, problems: dict[int, ReadError]) -> np.ndarray:
    if "source_id" in batch.table.column_names:
        column = single_array(batch.table, "source_id")
    elif "source_id" in batch.parameters:
        column = pa.array([batch.parameters["source_id"]] * n, pa.string())
    elif n == 1 and (named := id_in_name(batch.origin)) is not None:
        column = pa.array([named] * n, pa.string())
    else:
        raise MissingColumnError(
            f"{batch.origin}: no column 'source_id', found {', '.join(batch.table.column_names[:20])}. "
            "Add the Gaia source ids as a column of 64-bit integers, or put the id of a file of one star into its "
            "name, as in 'Gaia DR3 5937083312263887616.csv'"
        )
    source_id, bad = parse_source_ids(column, batch.origin)
    problems.update({row: SourceIdError(text) for row, text in bad.items()})
    return source_id


def _sampled(
    batch: Batch, problems: dict[int, ReadError], with_errors: bool
) -> tuple[np.ndarray | None, np.ndarray | None]:
    names = batch.table.column_names
    if "flux" not in names:
        return None, None
    _refuse_band_rows(batch)
    check_stated(batch.sampling, batch.origin)
    column = single_array(batch.table, "flux")
    flux, counts = matrix(column, N_SAMPLES)
    order = check_rows(batch, problems)
    for row in np.flatnonzero((counts != N_SAMPLES) & (counts != -1)):
        problems.setdefault(int(row), _count_problem(column, int(row), int(counts[row])))
    unit = batch.units.get("flux")
    factor = flux_factor(unit, "flux", batch.origin)
    if order is not None:
        flux = np.take_along_axis(flux, order, axis=1)
    if np.any(factor != 1.0) or not flux.flags.writeable:
        flux = flux * factor
    if "flux_error" not in names or not with_errors:
        return flux, None
    flux_error, _ = matrix(single_array(batch.table, "flux_error"), N_SAMPLES)
    if order is not None:
        flux_error = np.take_along_axis(flux_error, order, axis=1)
    error_unit = batch.units.get("flux_error", unit)
    return flux, flux_error * flux_factor(error_unit, "flux_error", batch.origin)


def _count_problem(column: pa.Array, row: int, count: int) -> ReadError:
    text = column[row].as_py() if count == -2 else ""
    if count == -2 and not is_number(text):
        return SampleCountError(fault_of(text, "flux"))
    if count == -2 or (count == 1 and not is_text(column.type) and not pa.types.is_nested(column.type)):
        return SampleCountError(
            f"flux is one number, expected a list of {N_SAMPLES}; in a table of one row per sample the column of the "
            "samples' wavelengths is called wavelength (nm)"
        )
    return SampleCountError(f"flux has {count} samples, expected {N_SAMPLES} (336 to 1020 nm in steps of 2 nm)")


def _refuse_band_rows(batch: Batch) -> None:
    """Refuse internally calibrated spectra (GaiaXPy's `convert`): one row for BP and one for RP."""
    band = next((name for name in batch.table.column_names if name.lower() in ("xp", "band")), None)
    if band is None or not is_text(batch.table.schema.field(band).type):
        return
    first = next((value.as_py().strip().upper() for value in batch.table[band].combine_chunks() if value.is_valid), "")
    if first in ("BP", "RP"):
        raise UnitError(
            f"{batch.origin}: column {band!r} says {first}: internally calibrated spectra of one band, electrons per "
            "second "
            "over pseudo-wavelength, are no flux. Calibrate the coefficients: python -m core calibrate IN "
            "OUT.parquet, or "
            "gaiaxpy.calibrate"
        )


def _joined_notes(note: np.ndarray, more: dict[int, str], problems: dict[int, ReadError]) -> np.ndarray:
    for row, text in [*((row, str(problem)) for row, problem in problems.items()), *more.items()]:
        if text not in note[row]:
            note[row] = f"{note[row]}; {text}" if note[row] else text
    return note
