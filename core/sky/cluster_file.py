"""Tables of stars from files of any format, and the table that grouping them gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import MissingColumnError, ReadError, SourceIdError
from core.sky.associations import Associations, Settings, associations_of
from core.sky.star_places import star_places

ADDED_COLUMNS = ("group", "core", "x_pc", "y_pc", "z_pc", "note")
_PLACE_COLUMNS = (
    "ra", "dec", "parallax", "parallax_error", "distance_pc", "pmra", "pmdec", "pmra_error", "pmdec_error",
    "phot_g_mean_mag", "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat", "astrometric_params_solved",
)  # fmt: skip
_CHUNK_ROWS = 65_536


def read_star_table(path: Path) -> pa.Table:
    """Read all rows and columns of a table; source_id as int64.

    Raises
    ------
    ReadError
        One of its kinds: the file cannot be read, has no source_id, or no id that can be read. Single rows whose id
        cannot be read get -1 and a note.
    """
    from core.spectra.readers.formats import open_table
    from core.spectra.readers.source_ids import parse_source_ids

    source = open_table(path, path.name)
    if source is None:
        raise ReadError(f"{path} is a zip of several files; unpack it and give one table of stars")
    parts = [batch.table for batch in source.batches(None, _CHUNK_ROWS)]
    if not parts:
        raise ReadError(f"{path} holds no table of stars")
    table = pa.concat_tables(parts, promote_options="permissive").combine_chunks()
    if "source_id" not in table.column_names:
        raise MissingColumnError(f"{path}: column source_id is missing; it has {', '.join(table.column_names[:12])}")
    column = table["source_id"].combine_chunks() if table.num_rows else pa.array([], pa.int64())
    ids, problems = parse_source_ids(column, path.name)
    if problems and len(problems) == table.num_rows:
        raise SourceIdError(f"{path}, row 1: {problems[0]}")
    table = table.set_column(table.column_names.index("source_id"), "source_id", pa.array(ids))
    if problems:
        notes = pa.array([problems.get(row, "") for row in range(table.num_rows)])
        known = _joined(table, np.array(notes.to_pylist(), dtype=object))
        table = (table.drop_columns("note") if "note" in table.column_names else table).append_column("note", [known])
    return table


def cluster_table(table: pa.Table, settings: Settings, method: str | None = None) -> tuple[Associations, pa.Table]:
    """Group the stars of a table.

    Parameters
    ----------
    table : pyarrow.Table
        source_id and the columns of `star_places.star_places`; a former grouping's columns are replaced.
    settings : Settings
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
    place = found.places.position_pc
    added = {
        "group": pa.array(found.group, mask=~found.took_part),
        "core": pa.array(found.core, mask=~found.took_part),
        **{f"{axis}_pc": pa.array(place[:, i], mask=~np.isfinite(place[:, i])) for i, axis in enumerate("xyz")},
        "note": pa.array(_joined(table, found.note)),
    }
    others = {name: table[name] for name in table.column_names if name not in (*ADDED_COLUMNS, "source_id")}
    return found, pa.table({"source_id": table["source_id"], **added, **others})


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
