"""Batch: a piece of a table on its way from any file format to a SpectrumSet, and the names of its columns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from core.errors import ReadError

ID_NAMES = (
    "source_id",
    "sourceid",
    "gaia_source_id",
    "gaia_dr3_source_id",
    "dr3_source_id",
    "gaia_dr3_id",
    "source",
    "designation",
)
"""Column names under which Gaia source ids are found, best first."""

BANDS = ("bp", "rp")
COEFFICIENT_COLUMNS = tuple(f"{band}_coefficients" for band in BANDS)
ERROR_COLUMNS = (
    "flux_error",
    *(f"{band}_coefficient_errors" for band in BANDS),
    *(f"{band}_coefficient_correlations" for band in BANDS),
)
"""Columns that only flux errors need: skipped where they are not wanted."""
ARRAY_COLUMNS = ("flux", "wavelength", *COEFFICIENT_COLUMNS, *ERROR_COLUMNS)
SCALAR_COLUMNS = tuple(f"{band}_{name}" for band in BANDS for name in ("standard_deviation", "n_relevant_bases"))

_METADATA_COLUMNS = """
solution_id ra dec parallax parallax_error pmra pmdec pmra_error pmdec_error ruwe phot_g_mean_mag phot_bp_mean_mag
phot_rp_mean_mag bp_rp label category note error_note
"""
_KNOWN = {*ARRAY_COLUMNS, *SCALAR_COLUMNS, *_METADATA_COLUMNS.split()}
_ALIASES = {"wavelength_nm": "wavelength", "lambda": "wavelength", "flux_err": "flux_error", "e_flux": "flux_error"}
_UNIT_IN_NAME = re.compile(r"^(\w+)\s*[\[(](.+)[\])]$")


@dataclass(frozen=True)
class Batch:
    """Rows of one table under canonical column names.

    Attributes
    ----------
    table : pyarrow.Table
        Array columns are lists (or text that spells a list), scalars anything; unknown values are null.
    units : dict of str to str
        Units that the file states, by column.
    parameters : dict of str to str
        Facts stated once for the whole table: 'source_id', 'ra', 'dec'.
    origin : str
        The file or zip member, for messages.
    row_errors : dict of int to str
        Rows that could not be split into columns, and why.
    """

    table: pa.Table
    units: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    origin: str = "table"
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


def canonical_names(names: Sequence[str]) -> dict[str, str]:
    """Canonical name for each of a file's column names; unknown names stay as they are.

    >>> canonical_names(["SOURCE_ID", "Flux", "my_column"])
    {'SOURCE_ID': 'source_id', 'Flux': 'flux', 'my_column': 'my_column'}
    """
    bare = {name: _bare(name)[0] for name in names}
    found = {word: name for name, word in reversed(bare.items())} | {name: name for name in names}
    id_word = next((word for word in ID_NAMES if word in found), None)
    renamed: dict[str, str] = {}
    for name, word in bare.items():
        word = _ALIASES.get(word, word)
        free = word in _KNOWN and word not in renamed.values() and (word == name or word not in bare)
        renamed[name] = word if free else name
    if id_word is not None:
        renamed[found[id_word]] = "source_id"
    return renamed


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
        if name in unique and _bare(name)[0] in {*_KNOWN, *_ALIASES, *ID_NAMES}:
            raise ReadError(f"{origin}: two columns are called {name!r}. Give each column a name of its own")
        numbered = name
        while numbered in unique:
            count[name] = count.get(name, 1) + 1
            numbered = f"{name}_{count[name]}"
        unique[numbered] = None
    return list(unique)


def units_in_names(names: Sequence[str]) -> dict[str, str]:
    """Units written into column names, as in 'flux [W m-2 nm-1]', by canonical name."""
    canonical = canonical_names(names)
    return {canonical[name]: unit for name in names if (unit := _bare(name)[1])}


def make_batch(table: pa.Table, units: dict[str, str], columns: Sequence[str] | None, **facts) -> Batch:
    """A Batch under canonical names from a table and units under the file's own names."""
    canonical = canonical_names(table.column_names)
    stated = {canonical[name]: unit for name, unit in units.items() if unit and name in canonical}
    stated = {**units_in_names(table.column_names), **stated}
    table = table.rename_columns([canonical[name] for name in table.column_names])
    if columns is not None:
        table = table.select([name for name in table.column_names if name in columns])
    return Batch(table, stated, **facts)


def wanted_names(names: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    """The file's own names of the chosen canonical columns, in the file's order."""
    if columns is None:
        return list(names)
    return [name for name, word in canonical_names(names).items() if word in columns]


def _bare(name: str) -> tuple[str, str | None]:
    match = _UNIT_IN_NAME.match(name.strip())
    word, unit = match.groups() if match else (name.strip(), None)
    word = word.lower()
    return (word, unit) if word in _KNOWN or word in _ALIASES else (name.strip().lower(), None)
