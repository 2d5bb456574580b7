"""Batch: a piece of a table on its way from any file format to a SpectrumSet, and the names of its columns."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa

from core.errors import ReadError
from core.gaia.releases import find_older
from core.gaia.sample_columns import are_places, sample_columns
from core.gaia.units import factor, is_length
from core.gaia.vocabulary import (
    DISTANCES_WITH_A_UNIT,
    GUESSED_ID_WORDS,
    SMALLEST_ID,
    UNITS,
    canonical_names,
    is_known,
    meaning,
    word_of,
)
from core.spectra.readers.arrays import is_list, is_text, single_array, with_text
from core.spectra.readers.joined_coefficients import split_coefficients
from core.spectra.readers.positions import angle_degrees, with_positions
from core.spectra.readers.releases import RELEASE_WORDS, release_of_names, release_of_rows
from core.spectra.readers.values import as_floats

__all__ = ["Batch", "TableSource", "canonical_names", "make_batch", "tables_of_stars", "unique_names", "wanted_names"]

BANDS = ("bp", "rp")
COEFFICIENT_COLUMNS = tuple(f"{band}_coefficients" for band in BANDS)
ERROR_COLUMNS = (
    "flux_error",
    *(f"{band}_coefficient_errors" for band in BANDS),
    *(f"{band}_coefficient_correlations" for band in BANDS),
)
"""Columns that only flux errors need: skipped where they are not wanted."""
ARRAY_COLUMNS = ("flux", "wavelength", *COEFFICIENT_COLUMNS, *ERROR_COLUMNS)
_EVIDENCE = frozenset({*RELEASE_WORDS, *GUESSED_ID_WORDS, "xp", "band"})
"""Columns beside the vocabulary that tell what ids and spectra are."""
SCALAR_COLUMNS = tuple(f"{band}_{name}" for band in BANDS for name in ("standard_deviation", "n_relevant_bases"))

_OF_STARS = frozenset({"source_id", "flux", "xp_coefficients", *COEFFICIENT_COLUMNS})
Table = TypeVar("Table")


@dataclass(frozen=True)
class Batch:
    """Rows of one table under canonical column names.

    Attributes
    ----------
    table : pyarrow.Table
        Array columns are lists (or text that spells a list), scalars anything; unknown values are null.
    units : dict of str to str
        Units of the values, by column: those of the vocabulary where they were applied; as stated for flux, wavelength
        and columns that pass through.
    parameters : dict of str to str
        Facts stated once for the whole table: 'source_id', 'ra', 'dec', 'release' (its key, which
        `data_release.release_of_batch` judges).
    sampling : tuple of float or None
        Wavelengths in nm of the samples of every spectrum, where the file states them once.
    origin : str
        The file or zip member, for messages.
    descriptions : dict of str to str
        What the file says of its columns in words.
    row_errors : dict of int to str
        Rows that could not be split into columns, and why.
    """

    table: pa.Table
    units: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    sampling: tuple[float, ...] | None = None
    origin: str = "table"
    descriptions: dict[str, str] = field(default_factory=dict)
    row_errors: dict[int, str] = field(default_factory=dict)


class TableSource(Protocol):
    """A file that hands out its rows in batches; every format module has an `open_...` that returns one."""

    origin: str
    """The file, for messages."""
    names: list[str]
    """Column names as the file spells them."""
    n_rows: int | None
    """Rows in the file where that is known without reading it."""
    fraction: float
    """How much of the file the running `batches` has handed out, 0 to 1."""

    def batches(self, columns: Sequence[str] | None, chunk_rows: int) -> Iterator[Batch]:
        """Batches of at most `chunk_rows` rows with the chosen columns (canonical names; None for all)."""


def unique_names(names: Sequence[str], origin: str) -> list[str]:
    """Names of columns, each once: later columns with a name that nothing is read from get a number.

    Raises
    ------
    ReadError
        Two columns have one name that something is read from.

    >>> unique_names(["source_id", "", ""], "table.csv")
    ['source_id', '', '_2']
    """
    unique: dict[str, None] = {}
    count: dict[str, int] = {}
    for name in names:
        if name in unique and is_known(name):
            raise ReadError(f"{origin}: two columns are called {name!r}. Give each column a name of its own")
        numbered = name
        while numbered in unique:
            count[name] = count.get(name, 1) + 1
            numbered = f"{name}_{count[name]}"
        unique[numbered] = None
    return list(unique)


def make_batch(
    table: pa.Table,
    units: dict[str, str],
    columns: Sequence[str] | None,
    *,
    frames: dict[str, str] | None = None,
    **facts,
) -> Batch:
    """A Batch under canonical names, in the vocabulary's units, from a table and units under the file's own names.

    Parameters
    ----------
    table : pyarrow.Table
    units : dict of str to str
        As the file states them; units in column names ('ra [h]') are found here.
    columns : sequence of str or None
        Canonical names to keep.
    frames : dict of str to str
        Coordinate systems that the file states, by its own column names; '' for all columns.
    **facts
        Further fields of the Batch.

    Raises
    ------
    UnitError
        A stated unit does not convert to that of the column.
    ReadError
        A column of one sample each holds a word.
    """
    origin = facts.get("origin", "table")
    table = with_text(table)
    canonical = _without_wrong_guess(table, canonical_names(table.column_names))
    canonical |= _distance(canonical, units)
    stated = {canonical[name]: unit for name, unit in units.items() if unit and name in canonical}
    stated = {canonical[name]: unit for name in table.column_names if (unit := meaning(name)[1])} | stated
    said = facts.get("descriptions", {})
    facts["descriptions"] = {canonical[name]: text for name, text in said.items() if text and name in canonical}
    facts["parameters"] = _with_release(facts.get("parameters", {}), table.column_names)
    if len(set(canonical.values())) < len(canonical):
        table, facts["sampling"] = _joined_samples(table, canonical, facts.get("sampling"), origin)
    else:
        table = table.rename_columns([canonical[name] for name in table.column_names])
    if columns is not None:
        table = table.select([name for name in table.column_names if name in columns])
    table = _in_units_of_the_vocabulary(table, stated, origin)
    table = with_positions(table, _frame(frames or {}, canonical), origin)
    table = split_coefficients(table)
    stated |= {
        name: UNITS[name] for name in table.column_names if name in stated and name in UNITS and _is_scalar(name)
    }
    table, facts["parameters"] = _with_epoch(table, facts["parameters"])
    return Batch(table, stated, **facts)


def tables_of_stars(tables: list[Table], names_of: Callable[[Table], list[str]]) -> list[Table]:
    """Those of a file's tables that have ids or spectra; all where none has.

    Others beside them (a log, a filter's curve) hold no stars: their rows would be stars without an id.
    """
    found = [table for table in tables if _OF_STARS & set(canonical_names(names_of(table)).values())]
    return found or tables


def wanted_names(names: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    """The file's own names of the chosen canonical columns, in the file's order."""
    if columns is None:
        return list(names)
    return [name for name, word in canonical_names(names).items() if word in columns]


def fact_names(names: Sequence[str]) -> list[str]:
    """The canonical names of those columns that mean something here, whatever else a file holds."""
    return [
        word
        for name, word in canonical_names(names).items()
        if name != word or is_known(name) or word_of(name) in _EVIDENCE or name.startswith("true_")
    ]


def _distance(canonical: dict[str, str], units: dict[str, str]) -> dict[str, str]:
    """The column of distances whose unit the file states beside its name, where nothing else gives a distance."""
    if {"distance_pc", "parallax"} & set(canonical.values()):
        return {}
    found = next((name for name in canonical if word_of(name) in DISTANCES_WITH_A_UNIT), None)
    return {found: "distance_pc"} if found is not None and is_length(units.get(found, "")) else {}


def _frame(frames: dict[str, str], canonical: dict[str, str]) -> str:
    """Coordinate system of the column that is read as ra."""
    own = next((name for name, word in canonical.items() if word == "ra"), "")
    return frames.get(own, frames.get("", ""))


def _is_scalar(name: str) -> bool:
    return name not in ("flux", "flux_error", "wavelength")


def _in_units_of_the_vocabulary(table: pa.Table, stated: dict[str, str], origin: str) -> pa.Table:
    for place, name in enumerate(table.column_names):
        target = UNITS.get(name)
        if target is None or not _is_scalar(name) or is_list(table.schema.field(name).type):
            continue
        unit = stated.get(name)
        if unit is None and not is_text(table.schema.field(name).type):
            continue
        column = single_array(table, name)
        if target == "deg":
            values = angle_degrees(column, name, unit, origin)
        else:
            scale = factor(unit, target, name, origin)
            values = column if scale == 1.0 and not is_text(column.type) else as_floats(column)
            if values is not None and scale != 1.0:
                unknown = values.is_null().to_numpy(zero_copy_only=False)
                values = pa.array(values.to_numpy(zero_copy_only=False) * scale, mask=unknown)
        if values is not None and values is not column:
            table = table.set_column(place, name, values)
    return table


def _joined_samples(table: pa.Table, canonical: dict[str, str], sampling, origin: str):
    """Columns of one sample each joined to arrays, and the wavelengths that their names state."""
    samples = sample_columns(table.column_names)
    groups: dict[str, list[str]] = {}
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for name in table.column_names:
        if name in samples and canonical[name] == samples[name][0]:
            groups.setdefault(canonical[name], []).append(name)
        else:
            columns[canonical[name]] = table[name]
    for array, names in groups.items():
        names = sorted(names, key=lambda name: samples[name][1])
        numbers = np.array([samples[name][1] for name in names])
        parts = []
        for name in names:
            floats = as_floats(single_array(table, name))
            if floats is None:
                raise ReadError(
                    f"{origin}: column {name!r} is a sample of the spectra and holds a value that is no number"
                )
            parts.append(floats.to_numpy(zero_copy_only=False))
        flat = np.column_stack(parts).ravel() if table.num_rows else np.empty(0)
        columns[array] = pa.FixedSizeListArray.from_arrays(pa.array(flat), len(names))
        if array == "flux" and not are_places(numbers):
            sampling = tuple(numbers.tolist())
    return pa.table(columns), sampling


def _without_wrong_guess(table: pa.Table, canonical: dict[str, str]) -> dict[str, str]:
    """Ids under a name that anything could have are believed only if they look like Gaia's."""
    name = next((name for name, word in canonical.items() if word == "source_id"), None)
    if name is None or word_of(name) not in GUESSED_ID_WORDS:
        return canonical
    first = next((value.as_py() for value in table[name] if value.is_valid), None)
    text = str(first).strip()
    digits = re.sub(r"(?i)^gaia[ _]*(e?dr[ _]*\d)?[ _:]*", "", text)
    is_id = digits.isascii() and digits.isdigit() and (digits != text or int(digits[:20]) >= SMALLEST_ID)
    return canonical if is_id else canonical | {name: name}


def _with_release(parameters: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    if "release" in parameters:
        return parameters
    release = release_of_names(names)
    return {**parameters, "release": release} if release else parameters


def _with_epoch(table: pa.Table, parameters: dict[str, str]) -> tuple[pa.Table, dict[str, str]]:
    """A table of an older release has its reference epoch: that is how all that follows knows it."""
    key = parameters.get("release") or release_of_rows(table)
    release = find_older(key)
    if release is None:
        return table, parameters
    if "ref_epoch" not in table.column_names and "parallax" in table.column_names:
        table = table.append_column("ref_epoch", pa.array(np.full(table.num_rows, release.reference_epoch)))
    return table, {**parameters, "release": key}
