"""Contributions that cancel: named in pairs, never twice, and only where they matter."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.explanation.summary import CANCEL_SHARE, cancelling


def test_a_pair_that_cancels_is_named_and_a_lone_peak_is_not():
    found = cancelling(list("abcde"), np.array([0.1, 3.0, -2.8, 0.0, 4.0]))
    assert found == [("b", "c", 3.0, -2.8)]


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20))
def test_pairs_are_neighbours_of_opposite_sign_and_none_is_used_twice(sums):
    names = [str(number) for number in range(len(sums))]
    found = cancelling(names, np.array(sums))
    used = [name for one, other, _, _ in found for name in (one, other)]
    assert len(used) == len(set(used))
    for one, other, first, second in found:
        assert int(other) == int(one) + 1
        assert first * second < 0
        assert abs(first + second) < CANCEL_SHARE * max(abs(first), abs(second))
