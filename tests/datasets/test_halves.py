"""The half of a star follows from its id alone."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.halves import PARTS, check_halves, part_of, parts_of
from core.errors import LeakError

IDS = st.integers(1, 2**62)


@given(IDS)
def test_the_rule_is_the_documented_one(source_id):
    digits = hashlib.sha1(f"mse-real-2|{source_id}".encode()).hexdigest()[:12]
    assert part_of(source_id) == ("train" if int(digits, 16) % 2 == 0 else "test")
    assert part_of(source_id) == part_of(np.int64(source_id))


@given(st.lists(IDS, max_size=20))
def test_many_ids_get_what_each_gets_alone(ids):
    assert parts_of(np.array(ids, dtype=np.int64)).tolist() == [part_of(value) for value in ids]


def test_about_half_of_the_stars_are_in_each():
    assert abs(np.mean(parts_of(128 * np.arange(1, 4001)) == "test") - 0.5) < 0.04


def test_a_star_in_both_parts_or_in_the_wrong_one_is_a_leak():
    ids = 128 * np.arange(1, 30)
    part = parts_of(ids)
    check_halves(ids, part, "the table")
    twice = np.append(ids, ids[0]), np.append(part, [other for other in PARTS if other != part[0]])
    with pytest.raises(LeakError, match="both parts"):
        check_halves(*twice, "the table")
    wrong = part.copy()
    wrong[4] = next(other for other in PARTS if other != part[4])
    with pytest.raises(LeakError, match=str(ids[4])):
        check_halves(ids, wrong, "the table")
