"""A survey's files as DuckDB is asked for them."""

from collections.abc import Sequence
from pathlib import Path

from core.sql import this_file
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


def listed(files: Sequence[Path]) -> str:
    """Files as a list of SQL texts."""
    quoted = (this_file(path).replace("'", "''") for path in files)
    return "[" + ", ".join(f"'{path}'" for path in quoted) + "]"
