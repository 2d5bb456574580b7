"""SQL over the run store, with DuckDB: the runs and, below them, curves and predictions of all of them."""

from pathlib import Path

import pandas as pd

from core.errors import UsageError
from core.runs.folders import known_runs
from core.runs.table import CORRUPT, run_table
from core.settings import Settings, current_settings
from core.sql import this_file

TABLES = ("curves", "oof", "test")


def query_runs(sql: str, settings: Settings | None = None) -> pd.DataFrame:
    """The result of a query over the tables `runs`, `curves`, `oof` and `test`.

    `runs` is `core.runs.table.run_table`; the others are the Parquet files of all readable runs together, with
    the run's `id` beside the columns of a run folder. Files that cannot be read are left out.

    Raises
    ------
    UsageError
        DuckDB does not understand the query.

    Examples
    --------
    >>> query_runs("SELECT count(*) AS n FROM runs WHERE state = 'corrupt'")["n"][0] >= 0
    True
    """
    import duckdb

    listed = run_table(settings)
    readable = set(listed.loc[listed["state"] != CORRUPT, "id"])
    folders = {place.name: place.path for place in known_runs(settings) if place.name in readable}
    with duckdb.connect() as connection:
        connection.register("runs", listed)
        for name in TABLES:
            connection.register(name, _together(connection, folders, name))
        connection.execute("SET autoinstall_known_extensions = false")
        if (settings or current_settings()).read_only:
            connection.execute("SET enable_external_access = false")  # COPY ... TO writes files
        try:
            return connection.execute(sql).df()
        except duckdb.Error as error:
            raise UsageError(f"the query {sql!r} failed: {error}; tables are runs, {', '.join(TABLES)}") from error


def _together(connection, folders: dict[str, Path], name: str) -> pd.DataFrame:
    """One table of all runs, with the column `id` in front."""
    import duckdb

    parts = []
    for run_id, folder in folders.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            continue
        try:
            part = connection.execute("SELECT * FROM read_parquet(?)", [this_file(path)]).df()
        except duckdb.Error:
            continue  # a broken file must not hide the other runs
        part.insert(0, "id", run_id)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"id": pd.Series(dtype=str)})
