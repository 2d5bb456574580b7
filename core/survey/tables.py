"""A survey's files as DuckDB is asked for them."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from core.survey.columns import SCHEMA
from core.survey.index import CANDIDATES
from core.survey.merged_index import Index


def candidate_rows(index: Index) -> str:
    """SQL for all possible candidates with the number of their part."""
    tables = [] if index.merged is None else [f"SELECT * FROM read_parquet({listed([index.merged])})"]
    number = r"CAST(regexp_extract(filename, '(\d+)[.]parquet$', 1) AS INTEGER) AS part"
    for files, condition in ((index.single, "true"), (index.bare, CANDIDATES)):
        if files:
            rows = f"read_parquet({listed(files)}, filename = true) WHERE {condition}"
            tables.append(f"SELECT * EXCLUDE (filename), {number} FROM {rows}")
    return " UNION ALL BY NAME ".join(tables)


def columns_of(file: Path) -> str:
    """All columns, also of parts that an earlier version wrote: see `core.survey.index.with_all_columns`."""
    there = set(pq.read_schema(file).names)
    absent = {"sky_probability": "probability"}
    return ", ".join(name if name in there else f"{absent.get(name, 'NULL')} AS {name}" for name in SCHEMA.names)


def listed(files: Sequence[Path]) -> str:
    """Files as a list of SQL texts."""
    quoted = (str(path).replace("'", "''") for path in files)
    return "[" + ", ".join(f"'{path}'" for path in quoted) + "]"
