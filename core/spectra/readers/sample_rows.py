"""Tables with one row per flux sample (wavelength, flux, flux_error) turned into one row per star."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import MissingColumnError, UnsupportedFormatError
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.arrays import single_array, spells_arrays
from core.spectra.readers.batch import Batch
from core.spectra.readers.values import as_floats

_SAMPLE_COLUMNS = ("wavelength", "flux", "flux_error")
_LONGEST_STAR = 1000 * N_SAMPLES


def has_sample_rows(table: pa.Table) -> bool:
    """Does each row hold one sample: a flux and a wavelength that are single numbers?"""
    return all(
        name in table.column_names and not spells_arrays(single_array(table, name)) for name in ("wavelength", "flux")
    )


def whole_stars(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same rows, cut so that no star's samples are spread over two batches.

    Raises
    ------
    UnsupportedFormatError
        One star has more rows than 1,000 spectra would.
    """
    held: Batch | None = None
    for batch in batches:
        if not has_sample_rows(batch.table):
            yield batch
            continue
        if held is not None and held.origin == batch.origin and held.parameters == batch.parameters:
            joined = pa.concat_tables([held.table, batch.table], promote_options="permissive")
            batch = replace(batch, table=joined, row_errors=held.row_errors | _shifted(batch, held.table.num_rows))
        elif held is not None:
            yield held
        last = int(star_starts(batch.table)[-1]) if batch.table.num_rows else 0
        if batch.table.num_rows - last > _LONGEST_STAR:
            raise UnsupportedFormatError(
                f"{batch.origin}: more than {_LONGEST_STAR:,} rows in a row have the same source_id"
            )
        if last:
            errors = {row: text for row, text in batch.row_errors.items() if row < last}
            yield replace(batch, table=batch.table.slice(0, last), row_errors=errors)
        held = replace(batch, table=batch.table.slice(last), row_errors=_shifted(batch, -last))
    if held is not None and held.table.num_rows:
        yield held


def count_spectra(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """First row and number of spectra of each run of rows with one source_id."""
    starts = star_starts(table)
    lengths = np.diff(np.append(starts, table.num_rows))
    return starts, np.where(lengths % N_SAMPLES == 0, lengths // N_SAMPLES, 1)


def one_row_per_star(batch: Batch) -> Batch:
    """Lists of wavelength, flux and flux_error per star, sorted by wavelength; other columns from the first row.

    A run of k x 343 rows of one source_id becomes k spectra (duplicates).
    """
    table = batch.table
    starts, copies = count_spectra(table)
    lengths = np.diff(np.append(starts, table.num_rows))
    star = np.repeat(np.arange(len(starts)), lengths)
    order = _sample_order(star, _numbers(table, "wavelength", batch.origin), copies)
    per_spectrum = np.repeat(lengths // copies, copies)
    offsets = pa.array(np.concatenate([[0], np.cumsum(per_spectrum)]), pa.int64())
    first = pa.array(np.repeat(starts, copies))
    columns = {}
    for name in table.column_names:
        if name in _SAMPLE_COLUMNS:
            values = pa.array(_numbers(table, name, batch.origin)[order])
            columns[name] = pa.LargeListArray.from_arrays(offsets, values)
        else:
            columns[name] = table[name].take(first)
    # A row that could not be split costs the star that it belongs to: the first spectrum of its run.
    first_spectrum = np.cumsum(copies) - copies
    errors = {int(first_spectrum[star[row]]): text for row, text in batch.row_errors.items()}
    return replace(batch, table=pa.table(columns), row_errors=errors)


def _shifted(batch: Batch, by: int) -> dict[int, str]:
    return {row + by: text for row, text in batch.row_errors.items() if row + by >= 0}


def _sample_order(star: np.ndarray, wavelength: np.ndarray, copies: np.ndarray) -> np.ndarray:
    same_star = star[1:] == star[:-1]
    if (copies == 1).all() and np.all((np.diff(wavelength) > 0)[same_star]):
        return np.arange(len(star))
    order = np.lexsort((wavelength, star))
    new = np.append(True, (np.diff(wavelength[order]) != 0) | (np.diff(star[order]) != 0))
    first = np.maximum.accumulate(np.where(new, np.arange(len(star)), 0))
    occurrence = np.empty(len(star), dtype=np.int64)
    occurrence[order] = np.arange(len(star)) - first  # how many times this star had this wavelength before
    occurrence[(copies == 1)[star]] = 0
    return np.lexsort((wavelength, occurrence, star))


def star_starts(table: pa.Table) -> np.ndarray:
    """First row of each run of rows with one source_id, int64 ndarray."""
    if "source_id" not in table.column_names:
        return np.zeros(1, dtype=np.int64)
    ids = pc.fill_null(single_array(table, "source_id").cast(pa.large_string()), "")
    changed = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.flatnonzero(changed) + 1])


def _numbers(table: pa.Table, name: str, origin: str) -> np.ndarray:
    column = single_array(table, name)
    floats = as_floats(column)
    if floats is None:
        first = next((value.as_py() for value in column if value.is_valid and not _is_number(value.as_py())), None)
        raise MissingColumnError(f"{origin}: column {name!r} holds a value that is no number: {first!r}")
    return floats.to_numpy(zero_copy_only=False)


def _is_number(value: object) -> bool:
    found = as_floats(pa.array([value]))
    return found is not None
