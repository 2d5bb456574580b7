"""Hostile strings never end a literal, and only checked numbers reach a query."""

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.archive import adql
from core.errors import SourceIdError, UsageError
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_SOURCE_COLUMNS
from core.gaia.releases import DR3

HOSTILE = [
    "x'; DROP TABLE basic; --",
    "' OR '1'='1",
    "a''b",
    "\\'; SELECT 1 --",
    "/* */ '",
    "Barnard's star",
    "'",
    "''",
    "%' UNION SELECT * FROM ident --",
    "\u2019 OR 1=1",
]
_LITERAL = re.compile(r"'(?:[^']|'')*'")
names = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(min_codepoint=32, exclude_characters="\x7f\ufffd"), max_size=120)
)


@given(names)
def test_a_name_stays_inside_its_literal(name):
    query = adql.simbad_query(name)
    frame, literal = adql.simbad_query("x"), adql.text_literal(name)
    assert query == frame.replace("'x'", literal)
    assert _LITERAL.fullmatch(literal)
    assert literal[1:-1].replace("''", "'") == name


@pytest.mark.parametrize("name", HOSTILE)
def test_a_database_reads_the_literal_back_as_the_name(name):
    assert duckdb.sql(f"SELECT {adql.text_literal(name)}").fetchall() == [(name,)]


@given(names)
def test_astroquery_accepts_the_query_as_balanced(name):
    assert adql.simbad_query(name).count("'") % 2 == 0


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\x7fb", "x" * 121])
def test_control_characters_and_long_names_are_refused(name):
    with pytest.raises(UsageError):
        adql.simbad_query(name)


@pytest.mark.parametrize("bad", ["1; DROP TABLE x", "1 OR 1=1", "1)", -5, 2**63])
def test_only_ids_reach_an_id_list(bad):
    with pytest.raises((SourceIdError, UsageError, ValueError)):
        adql.stars_query([bad])
    with pytest.raises((SourceIdError, UsageError, ValueError)):
        adql.neighbours_query([bad], DR3.neighbours[0])


@pytest.mark.parametrize("bad", ["1 OR 1=1", float("nan"), float("inf")])
def test_only_finite_numbers_reach_a_cone(bad):
    with pytest.raises((UsageError, ValueError)):
        adql.cone_query(bad, 0.0, 1.0, 2000.0)
    with pytest.raises((UsageError, ValueError)):
        adql.cone_query(0.0, bad, 1.0, 2000.0)


@given(st.floats(0, 360), st.floats(-90, 90))
def test_coordinates_are_written_without_loss(ra, dec):
    found = re.search(r"CIRCLE\(([^,]+), ([^,]+),", adql.cone_query(ra, dec, 5.0, 2000.0))
    assert (float(found.group(1)), float(found.group(2))) == (ra, dec)


def test_one_query_asks_for_every_column_of_both_tables():
    query = adql.stars_query([5937083312263887616])
    assert all(f"g.{name}" in query for name in GAIA_SOURCE_COLUMNS)
    assert all(f"a.{name}" in query for name in ASTROPHYSICAL_COLUMNS)
    assert query.count("SELECT") == 1
