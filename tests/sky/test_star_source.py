"""Names of columns are names, whatever SQL would read in them."""

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sky.sky_cells import Field, map_stars
from core.sky.star_source import PLACE_COLUMNS, Cuts, source_of_files, source_of_table
from core.sql import quoted

STARS = {"source_id": [1, 2, 3], "ra": [10.0, 20.0, 30.0], "dec": [0.0, 1.0, 2.0]}


@pytest.mark.parametrize("name", PLACE_COLUMNS)
def test_every_column_that_a_map_can_use_is_read_by_its_name(name, tmp_path):
    """`group` is a reserved word, and `cluster` writes a column of that name."""
    table = pd.DataFrame({**STARS, **({} if name in STARS else {name: [0.1, 0.6, 0.9]})})
    path = tmp_path / "stars.parquet"
    table.to_parquet(path)
    for source in (source_of_files([path], "stars", ""), source_of_table(pa.table(dict(table)), "stars", "", "key")):
        assert len(source.select()) == len(source.sample(3)) == source.count() == 3
        assert name in source.select().columns
        assert map_stars(source, Cuts(), Field()).n_stars == 3
        assert map_stars(source, Cuts(), Field(), cells=True).n_stars == 3


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_any_name_survives_as_a_name(name):
    with duckdb.connect() as connection:
        answer = connection.execute(f"SELECT 1 AS {quoted(name)}" if name else "SELECT 1 AS x").description
    assert answer[0][0] == (name or "x")


@pytest.mark.parametrize("name", ["group", "select", 'a"b', "a b", "é", "1; DROP TABLE stars", "ra) --", "*"])
def test_columns_of_any_name_beside_those_that_are_used_change_nothing(name, tmp_path):
    path = tmp_path / "stars.parquet"
    pd.DataFrame({**STARS, name: [1.0, 2.0, 3.0]}).to_parquet(path)
    source = source_of_files([path], "stars", "")
    assert source.select()["source_id"].tolist() == STARS["source_id"]
    assert map_stars(source, Cuts(), Field()).n_stars == 3
