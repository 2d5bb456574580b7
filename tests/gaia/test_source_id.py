"""Reading source ids: what is one, what is none, and what was damaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SourceIdError
from core.gaia.source_id import (
    N_PIXELS,
    approximate_position,
    check_source_id,
    healpix_of,
    looks_like_source_id,
    parse_source_id,
)

REAL_ID = 5937083312263887616
valid_ids = st.integers(1, N_PIXELS * 2**28 - 1).map(lambda k: k * 128)
long_ids = st.integers(10**16, N_PIXELS * 2**28 - 1).map(lambda k: k * 128)


@given(valid_ids)
def test_every_valid_id_is_read_back_exactly_in_every_spelling(source_id):
    for text in (f"{source_id}", f"Gaia DR3 {source_id}", f" gaia dr3 {source_id} ", f"GAIA EDR3 {source_id}"):
        assert looks_like_source_id(text) or len(str(source_id)) < 8
        assert parse_source_id(text) == source_id


@given(long_ids)
def test_an_id_that_went_through_a_float_is_refused(source_id):
    with pytest.raises(SourceIdError, match=r"float|digits"):
        parse_source_id(repr(float(source_id)))


@given(long_ids)
def test_an_id_rounded_to_fifteen_digits_is_refused_unless_it_could_be_one(source_id):
    digits = len(str(source_id))
    rounded = round(source_id, 15 - digits)  # integers round exactly
    if rounded % 128 and rounded % 10_000 == 0:
        with pytest.raises(SourceIdError, match="last digits"):
            parse_source_id(str(rounded))


@pytest.mark.parametrize("value", [0, -1, N_PIXELS << 35, 2**63, 10**20])
def test_numbers_outside_the_sky_are_refused(value):
    with pytest.raises(SourceIdError, match=str(abs(value))):
        check_source_id(value)


@pytest.mark.parametrize("text", ["9" * 31, "9" * 5000, "1" * 5000 + ".5"])
def test_endless_digits_are_no_id_and_are_not_repeated_in_full(text):
    with pytest.raises(SourceIdError) as caught:
        parse_source_id(text)
    assert len(str(caught.value)) < 300


def test_an_id_of_another_release_is_refused_with_the_way_out():
    with pytest.raises(SourceIdError, match="dr2_neighbourhood"):
        parse_source_id(f"Gaia DR2 {REAL_ID}")


@pytest.mark.parametrize("text", ["Gaia BH1", "HD 37022", "47 Tuc", "Theta1 Ori C", "12 -95", "BD+60 2522", ""])
def test_names_and_coordinates_are_no_ids(text):
    assert not looks_like_source_id(text)


def test_the_id_carries_the_position():
    ra, dec = approximate_position(REAL_ID)
    assert abs(ra[0] - 251.5192) < 0.02
    assert abs(dec[0] + 51.5054) < 0.02


def test_healpix_levels_nest():
    ids = np.array([REAL_ID, 3017364132050194688])
    for level in range(12):
        np.testing.assert_array_equal(healpix_of(ids, level), healpix_of(ids, level + 1) // 4)
    assert healpix_of(REAL_ID) == healpix_of(ids)[0]
