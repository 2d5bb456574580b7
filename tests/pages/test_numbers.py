"""Numbers as they are shown: never a bare zero or one, never a misleading digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.parts.choice import number_of_query
from ui.parts.numbers import percent, probability_text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.123, "12.3\u00a0%"), (1.0, "100.0\u00a0%"), (0.0009, "below 0.1\u00a0%"), (0, "below 0.1\u00a0%")],
)
def test_per_cent(fraction, text):
    assert percent(fraction) == text


def test_the_prevalence_keeps_its_second_digit():
    assert percent(0.0003, 2) == "0.03\u00a0%"


@given(probability=st.floats(0, 1), spread=st.one_of(st.none(), st.floats(0, 0.5)))
def test_a_probability_is_never_shown_as_certainty_and_is_right_to_its_digits(probability, spread):
    text = probability_text(probability, spread)
    number = text.split(" ")[0] if text[0] not in "<>" else text[2:]
    if text[0] in "<>":
        assert abs(probability - float(number)) <= 1.001e-4
    else:
        assert 0 < float(number) < 1
        assert abs(probability - float(number)) <= 0.5001 * 10.0 ** -len(number.split(".")[1])
        assert ("±" in text) is (spread is not None)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.7", 0.7), ("7", 1.0), ("-1", 0.01), ("nan", 0.5), ("inf", 0.5), ("-inf", 0.5), ("half", 0.5), (None, 0.5)],
)
def test_a_number_of_the_address_lies_between_its_limits_or_is_the_usual_one(monkeypatch, text, number):
    monkeypatch.setattr("ui.state.st.query_params", {} if text is None else {"threshold": text})
    assert number_of_query("threshold", 0.5, (0.01, 1.0)) == number
