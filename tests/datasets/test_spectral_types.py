"""Published types: what they say of kind, class and mass."""

import numpy as np
import pytest

from core.datasets.spectral_types import category_of, label_of, parse_type
from core.errors import LabelError


@pytest.mark.parametrize(
    ("text", "place", "luminosity", "label", "category"),
    [
        ("O8.5IV", 8.5, "IV", "massive", "O"),
        ("B0Iab", 10, "I", "massive", "OB supergiant"),
        ("B0.5V(n) sb2?", 10.5, "V", "massive", "B0-B2"),
        ("B1V+B2V", 11, "V", "massive", "B0-B2"),
        ("B2III/IV", 12, "III", "massive", "B0-B2"),
        ("B2V", 12, "V", None, "B0-B2"),
        ("B2/3Vn", 12.5, "V", None, "B0-B2"),
        ("B3I", 13, "I", "massive", "OB supergiant"),
        ("B3V", 13, "V", None, "B3-B5"),
        ("B8/9II/III", 18.5, "II", "low-mass", "B6-B9"),
        ("B9/A0II", 19.5, "II", "low-mass", "B6-B9"),
        ("A0V", 20, "V", "low-mass", "A"),
        ("kA0.5hA9.5/kF1hF7", 20.5, "", "low-mass", "A"),
        ("G0:I:", 40, "I", None, "G"),
        ("WN9h; WNLh", 0, "", "massive", "Wolf-Rayet"),
    ],
)
def test_types_are_understood(text, place, luminosity, label, category):
    known = parse_type(text)
    assert (known.place, known.luminosity, known.label, known.category) == (place, luminosity, label, category)


@pytest.mark.parametrize("text", ["", "Q3V", "sdO?", "nan", "12"])
def test_what_is_no_type_is_refused_by_name(text):
    with pytest.raises(LabelError, match="no spectral type"):
        parse_type(text)


def test_a_temperature_alone_never_says_massive():
    teffs = np.linspace(3000, 50000, 95)
    assert {label_of(None, None, teff)[0] for teff in teffs} == {"low-mass", None}
    assert label_of(None, None, float("nan"))[0] is None
    assert label_of(None, None, 5000.0, fe_h=float("nan"))[0] is None
    assert label_of(None, None, 5000.0, snr=20.0)[0] is None


def test_a_type_without_a_class_that_the_temperature_contradicts_has_no_label():
    assert label_of("B5", "MK", 19500.0)[0] is None
    assert label_of("B5", "MK", 13000.0)[0] == "low-mass"
    assert label_of("OB", "SED", 6000.0)[0] == "massive"


def test_kinds_follow_from_the_temperature_where_there_is_no_type():
    assert [category_of(None, teff) for teff in (3500, 5000, 9000, 12000, 25000, float("nan"))] == [
        "M", "K", "A", "B6-B9", "B0-B2", None,
    ]  # fmt: skip
