"""Pasted lists: every spelling of an id, names, circles; what cannot be read is named and the rest is kept."""

import numpy as np
import pytest

from core.errors import UsageError
from core.star.typed_list import LONGEST_TEXT, read_typed_list

LIST = """source_id, ra, dec
# my stars
Gaia DR3 4295806720, Gaia DR3 4295806848
4295806720
5937083312263887616,12.3,3
Gaia DR2 3349752230893885568
Gaia EDR3 4295806976
HD 37022
05 35 16.46 -05 23 22.8
cone 83.82 -5.39 0.5
5.937e18
99999999999999999999
5937083312263880000
HD 37022
"""


def test_every_spelling_is_understood_and_every_fault_has_its_line():
    found = read_typed_list(LIST)
    assert found.ids.tolist() == [4295806720, 4295806848, 5937083312263887616, 4295806976]
    assert found.older["dr2"].tolist() == [3349752230893885568]
    assert found.names == ("HD 37022", "05 35 16.46 -05 23 22.8")
    assert [(cone.ra, cone.dec, cone.radius_deg) for cone in found.cones] == [(83.82, -5.39, 0.5)]
    assert found.n_repeated == 2
    assert set(found.problems) == {"line 11", "line 12", "line 13"}
    assert "floating-point" in found.problems["line 11"]
    assert "lost its last digits" in found.problems["line 13"]


def test_of_a_query_only_the_circle_is_taken():
    query = (
        "SELECT source_id, ra\nFROM gaiadr3.gaia_source\n"
        "WHERE 1=CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 83.8, -5.4, 0.1)); DROP TABLE x"
    )
    found = read_typed_list(query)
    assert len(found.cones) == 1
    assert not len(found.ids)
    assert found.names == ()


def test_a_hundred_thousand_ids_keep_their_order():
    ids = 128 * (np.arange(100_000)[::-1] + 10**8)
    assert read_typed_list("\n".join(map(str, ids))).ids.tolist() == ids.tolist()


@pytest.mark.parametrize("text", ["cone 83 -95 1", "cone 83 -5 50"])
def test_an_impossible_circle_is_named(text):
    assert "circle" in read_typed_list(text).problems["line 1"]


def test_too_long_a_text_is_refused_and_nothing_is_nothing():
    with pytest.raises(UsageError, match="open it as a file"):
        read_typed_list("1" * (LONGEST_TEXT + 1))
    assert read_typed_list("source_id\n\n# nothing").is_empty
