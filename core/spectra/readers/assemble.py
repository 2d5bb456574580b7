"""Batches of any file format to SpectrumSet: ids, units, grid, calibration of coefficients, notes on bad rows."""

import re

import numpy as np
import pyarrow as pa

from core.errors import (
    MissingColumnError,
    ReadError,
    SampleCountError,
    SourceIdError,
    TruncatedFileError,
    WavelengthGridError,
)
from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM
from core.spectra.readers.arrays import flat_lists, matrix, single_array
from core.spectra.readers.batch import COEFFICIENT_COLUMNS, Batch
from core.spectra.readers.coefficients import attach_flux, read_coefficients
from core.spectra.readers.data_release import release_of_batch, without_release
from core.spectra.readers.faults import Faults
from core.spectra.readers.metadata import ERROR_NOTE, metadata_frame
from core.spectra.readers.sample_rows import has_sample_rows, one_row_per_star
from core.spectra.readers.source_ids import parse_source_ids
from core.spectra.readers.units import flux_factor, wavelength_factor
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows

_GRID_TOLERANCE_NM = 0.01
_ID_IN_NAME = re.compile(r"Gaia[ _]E?DR\d+[ _](\d{5,19})\.[^/]*$")
ADVISORY_NOTES = ("duplicate source_id", ERROR_NOTE)
"""Notes about a file as a whole or about errors alone: made anew on reading, never taken over from a `note` column."""


def holds_spectra(names: list[str] | set[str]) -> bool:
    """Do the (canonical) columns hold sampled or continuous spectra?"""
    return "flux" in names or all(name in names for name in COEFFICIENT_COLUMNS)


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
    elif named := _ID_IN_NAME.search(batch.origin):
        column = pa.array([named.group(1)] * n, pa.string())
    else:
        raise MissingColumnError(
            f"{batch.origin}: no column 'source_id', found {', '.join(batch.table.column_names[:20])}. "
            "Add the Gaia source ids as a column of 64-bit integers"
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
    _check_grid(batch, problems)
    flux, counts = matrix(single_array(batch.table, "flux"), N_SAMPLES)
    for row in np.flatnonzero((counts != N_SAMPLES) & (counts != -1)):
        problems.setdefault(int(row), _count_problem(int(counts[row])))
    unit = batch.units.get("flux")
    factor = flux_factor(unit, "flux", batch.origin)
    if np.any(factor != 1.0) or not flux.flags.writeable:
        flux = flux * factor
    if "flux_error" not in names or not with_errors:
        return flux, None
    flux_error, _ = matrix(single_array(batch.table, "flux_error"), N_SAMPLES)
    error_unit = batch.units.get("flux_error", unit)
    return flux, flux_error * flux_factor(error_unit, "flux_error", batch.origin)


def _count_problem(count: int) -> ReadError:
    if count == -2:
        return SampleCountError("flux is no complete list of numbers (the file may be truncated)")
    return SampleCountError(f"flux has {count} samples, expected {N_SAMPLES} (336 to 1020 nm in steps of 2 nm)")


def _check_grid(batch: Batch, problems: dict[int, ReadError]) -> None:
    if "wavelength" not in batch.table.column_names:
        return
    column = single_array(batch.table, "wavelength")
    factor = wavelength_factor(batch.units.get("wavelength"), batch.origin)
    wavelength, counts = matrix(column, N_SAMPLES)
    off = ~(np.abs(wavelength * factor - WAVELENGTH_NM) <= _GRID_TOLERANCE_NM).all(axis=1) & (counts >= 0)
    for row in np.flatnonzero(off):
        grid, _ = flat_lists(column.slice(row, 1))
        if not _on_grid_points(grid * factor):
            problems.setdefault(int(row), _grid_problem(grid * factor))


def _on_grid_points(grid: np.ndarray) -> bool:
    nearest = np.abs(grid[:, None] - WAVELENGTH_NM[None, :]).min(axis=1, initial=np.inf)
    return bool((nearest <= _GRID_TOLERANCE_NM).all() and (np.diff(grid) > _GRID_TOLERANCE_NM).all())


def _grid_problem(grid: np.ndarray) -> WavelengthGridError:
    finite = np.sort(grid[np.isfinite(grid)])
    found = f"{len(grid)} samples"
    if len(finite) > 1:
        found += f" from {finite[0]:g} to {finite[-1]:g} nm in steps of {np.median(np.diff(finite)):g} nm"
        if finite[0] <= WAVELENGTH_NM[0] and finite[-1] >= WAVELENGTH_NM[-1]:
            found += " (which covers 336 to 1020 nm but is another grid)"
    return WavelengthGridError(
        f"the spectrum has {found}, expected {N_SAMPLES} samples from 336 to 1020 nm in steps of 2 nm. Spectra are not "
        "interpolated: fetch XP_SAMPLED, calibrate XP_CONTINUOUS, or state the unit if the wavelengths are not in nm"
    )


def _joined_notes(note: np.ndarray, more: dict[int, str], problems: dict[int, ReadError]) -> np.ndarray:
    for row, text in [*((row, str(problem)) for row, problem in problems.items()), *more.items()]:
        if text not in note[row]:
            note[row] = f"{note[row]}; {text}" if note[row] else text
    return note
