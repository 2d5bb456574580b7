"""Tables of stars from files of any format, and the table that grouping them gives."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import MissingColumnError, ReadError, SourceIdError
from core.gaia.releases import find_older, refusal_of
from core.sky.associations import Associations, GroupingSettings, associations_of
from core.sky.star_places import is_older_release, star_places
from core.spectra.readers.arrays import is_text
from core.spectra.readers.batch import ARRAY_COLUMNS, Batch, canonical_names, fact_names
from core.spectra.readers.faults import LeftOut
from core.spectra.readers.limits import CheckBytes, check_growth, held_bytes, memory_named

if TYPE_CHECKING:
    from core.spectra.readers.csv_table import ReadBeside

ADDED_COLUMNS = ("group", "core", "x_pc", "y_pc", "z_pc", "note")
_PLACE_COLUMNS = (
    "ra", "dec", "parallax", "parallax_error", "distance_pc", "pmra", "pmdec", "pmra_error", "pmdec_error",
    "phot_g_mean_mag", "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat", "astrometric_params_solved", "ref_epoch",
)  # fmt: skip
_SAMPLES_AT_LEAST = 100
_PLACES = ("x_pc", "y_pc", "z_pc")
_CHUNK_ROWS = 65_536
_EXPECTED = {
    "ra": "degrees, or sexagesimal hours such as 00:40:09.1",
    "dec": "degrees, or sexagesimal degrees such as +60:53:56",
    "parallax": "milliarcseconds",
    "distance_pc": "parsecs",
}
OLD_RELEASE = "parallax of an earlier release than (E)DR3: no zero point taken off"
"""Note on rows of Gaia DR1 and DR2."""


def read_star_table(
    path: Path,
    on_left_out: Callable[[LeftOut], None] | None = None,
    *,
    columns: Sequence[str] | None = None,
    check_bytes: CheckBytes | None = None,
) -> pa.Table:
    """Read all rows of a table, or of a folder of tables; source_id as int64, numbers as numbers.

    Columns carry their units as the field metadata `unit`. Positions, parallaxes and proper motions are in the units of
    the vocabulary (`core.gaia.vocabulary`), whatever the file has them in.

    Parameters
    ----------
    path : Path
        A table, a folder of tables, or a zip of them.
    on_left_out : callable or None
        Called with each file of a folder or zip that is not read, and why; without it the first damaged one is raised.
    columns : sequence of str or None
        Those that are wanted beside scalars of the vocabulary (`core.gaia.vocabulary`); the others are not even
        decoded. None for all.
    check_bytes : callable or None
        Asked, while a file is read, whether its table may hold so many bytes; raises where it may not.

    Raises
    ------
    ReadError
        One of its kinds: the file cannot be read, has no source_id, or no id that can be read. Single rows whose id
        cannot be read get -1 and a note.
    """
    from core.spectra.readers.datalink_zip import members
    from core.spectra.readers.folders import folder_of
    from core.spectra.readers.formats import is_zip

    if not path.is_dir() and not is_zip(path):
        return _read_file(path, path.name, columns, check_bytes)
    found: list[pa.Table] = []
    left_out: list[LeftOut] = []
    if path.is_dir():
        folder = folder_of(path)
        left_out += [LeftOut(name, reason) for name, reason in folder.left_out.items()]
        left_out += [LeftOut(name, reason, is_damage=True) for name, reason in folder.missing.items()]
        parts = ((name, partial(_read_file, path / name, name, columns, check_bytes)) for name in folder.names)
    else:
        parts = (
            (name, partial(_read_member, content, name, columns, check_bytes, read_beside))
            for name, content, read_beside in members(path, str(path), left_out.append)
        )
    for name, read in parts:
        try:
            found.append(read())
        except ReadError as error:
            left_out.append(LeftOut.of(name, error))
    for item in left_out:
        if on_left_out is not None:
            on_left_out(item)
        elif item.is_damage:
            raise item.error or ReadError(f"{path}: {item.name}: {item.reason}")
    if not found:
        first = next((item.error for item in left_out if item.error is not None), None)
        raise first or ReadError(f"{path}: it holds no table of stars")
    return pa.concat_tables(found, promote_options="permissive").combine_chunks()


def _read_file(path: Path, origin: str, columns: Sequence[str] | None, check_bytes: CheckBytes | None) -> pa.Table:
    with memory_named(origin):
        return _stars_of(path, origin, *_bounded(path, origin, columns, check_bytes))


def _read_member(content, name: str, columns, check_bytes: CheckBytes | None, read_beside) -> pa.Table:
    """A table of a zip, unpacked in memory."""
    with memory_named(name):
        return _stars_of(Path(name), name, *_bounded(content(), name, columns, check_bytes, read_beside))


def _bounded(
    file: Path | bytes,
    origin: str,
    columns: Sequence[str] | None,
    check_bytes: CheckBytes | None,
    read_beside: "ReadBeside | None" = None,
) -> tuple[list[Batch], bool]:
    """The batches of a table that is held as a whole, as long as it holds no more than its size allows.

    And whether it may have a row per sample.
    """
    from core.spectra.readers.formats import open_table

    source = open_table(file, origin, read_beside)
    if source is None:
        raise ReadError(f"{origin}: a zip inside a zip is not read. Unpack it")
    batches: list[Batch] = []
    n_bytes, stored = 0, len(file) if isinstance(file, bytes) else file.stat().st_size
    wanted = None if columns is None else {*columns, *fact_names(source.names)} - {*ARRAY_COLUMNS, "xp_coefficients"}
    for batch in source.batches(None if wanted is None else sorted(wanted), _CHUNK_ROWS):
        batches.append(batch)
        n_bytes += held_bytes(batch.table)
        check_growth(n_bytes, stored, f"{origin}: the table")
        if check_bytes is not None:
            check_bytes(n_bytes)
    if not batches:
        raise ReadError(f"{origin} holds no table of stars")
    return batches, {"wavelength", "flux"} <= set(canonical_names(source.names).values())


def _stars_of(path: Path, origin: str, batches: list[Batch], is_long: bool) -> pa.Table:
    from core.spectra.readers.file_names import id_in_name
    from core.spectra.readers.source_ids import parse_source_ids
    from core.spectra.readers.typed import typed_table

    table = pa.concat_tables([batch.table for batch in batches], promote_options="permissive").combine_chunks()
    if "source_id" not in table.column_names and (is_long or table.num_rows == 1) and (named := id_in_name(origin)):
        table = table.append_column("source_id", pa.array([named] * table.num_rows))
    if "source_id" not in table.column_names:
        if (older := find_older(batches[0].parameters.get("release", ""))) is not None:
            raise SourceIdError(f"{path}: the ids are those of {older.name}; {refusal_of(older.key)}")
        raise MissingColumnError(
            f"{path}: column source_id is missing; it has {', '.join(table.column_names[:12])}. Name the column of "
            "Gaia DR3 "
            "ids source_id"
        )
    column = table["source_id"].combine_chunks() if table.num_rows else pa.array([], pa.int64())
    ids, problems = parse_source_ids(column, origin)
    if problems and len(problems) == table.num_rows:
        raise SourceIdError(f"{path}, row 1: {problems[0]}")
    table = table.set_column(table.column_names.index("source_id"), "source_id", pa.array(ids))
    if is_long and (firsts := _first_rows(ids)) is not None:
        table = table.take(pa.array(firsts))
        problems = {row: problems[first] for row, first in enumerate(firsts.tolist()) if first in problems}
    table = typed_table(table, batches[0].units, batches[0].descriptions)
    _check_numbers(table, origin)
    if problems:
        notes = pa.array([problems.get(row, "") for row in range(table.num_rows)])
        known = _joined(table, np.array(notes.to_pylist(), dtype=object))
        table = (table.drop_columns("note") if "note" in table.column_names else table).append_column("note", [known])
    return table


def _first_rows(ids: np.ndarray) -> np.ndarray | None:
    """The first row of each star of a table that has a row per sample of its spectrum; None for any other table."""
    _, firsts = np.unique(ids, return_index=True)
    return np.sort(firsts) if len(ids) >= _SAMPLES_AT_LEAST * len(firsts) else None


def _check_numbers(table: pa.Table, origin: str) -> None:
    """MissingColumnError for a column that places need and that holds words alone."""
    for name, expected in _EXPECTED.items():
        if name not in table.column_names or not is_text(table[name].type):
            continue
        first = next((value.as_py() for value in table[name] if value.is_valid and value.as_py().strip()), None)
        if first is not None and not pd.to_numeric(table[name].to_pandas(), errors="coerce").notna().any():
            raise MissingColumnError(
                f"{origin}: column {name!r} holds no number: the first value is {first!r}. Expected {expected}"
            )


def cluster_table(
    table: pa.Table, settings: GroupingSettings, method: str | None = None
) -> tuple[Associations, pa.Table]:
    """Group the stars of a table.

    Parameters
    ----------
    table : pyarrow.Table
        source_id and the columns of `star_places.star_places`; a former grouping's columns are replaced.
    settings : GroupingSettings
    method : key of `distances.METHODS` or None

    Returns
    -------
    found : Associations
    result : pyarrow.Table
        source_id, `ADDED_COLUMNS` and the other columns, rows in the table's order.
    """
    settings.check()
    columns = {name: _as_numbers(table[name]) for name in _PLACE_COLUMNS if name in table.column_names}
    frame = pd.DataFrame(columns, index=np.arange(table.num_rows))
    if settings.needs_motion and not {"pmra", "pmdec"} <= set(frame.columns):
        raise MissingColumnError("the space 'position-velocity' needs the columns pmra and pmdec (mas/yr)")
    found = associations_of(star_places(frame, method), settings)
    note = found.note.copy()
    if "parallax" in frame:
        note[is_older_release(frame) & (note == "")] = OLD_RELEASE
    place = found.places.position_pc
    added = {
        "group": pa.array(found.group, mask=~found.took_part),
        "core": pa.array(found.core, mask=~found.took_part),
        **{f"{axis}_pc": pa.array(place[:, i], mask=~np.isfinite(place[:, i])) for i, axis in enumerate("xyz")},
        "note": pa.array(_joined(table, note)),
    }
    kept = {"source_id": table["source_id"], **added}
    kept |= {name: table[name] for name in table.column_names if name not in kept}
    described = {field.name: field.metadata for field in table.schema}
    fields = [
        pa.field(name, column.type, metadata={"unit": "pc"} if name in _PLACES else described.get(name))
        for name, column in kept.items()
    ]
    return found, pa.table(list(kept.values()), schema=pa.schema(fields))


def _as_numbers(column: pa.ChunkedArray) -> np.ndarray:
    return pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _joined(table: pa.Table, note: np.ndarray) -> list[str]:
    """What the rows' notes said before, and what is to be added to them."""
    if "note" not in table.column_names:
        return note.tolist()
    before = ["" if value is None else str(value) for value in table["note"].to_pylist()]
    # Grouping a table for the second time must not say everything twice.
    return [
        old if new in old else "; ".join(filter(None, (old, new)))
        for old, new in zip(before, note.tolist(), strict=True)
    ]
