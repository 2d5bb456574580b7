"""Distances and absolute magnitudes: limits where the answer is known, and the prior's direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gaia.absolute_magnitude import (
    MEAN_ZERO_POINT_MAS,
    absolute_magnitude,
    distance_quantiles,
    nearer_than,
    parallax_zero_point,
)


@given(st.floats(0.2, 500), st.floats(3, 20))
def test_a_perfect_parallax_gives_the_textbook_formula(parallax, g):
    magnitude = absolute_magnitude(g, parallax, parallax * 1e-4)
    assert magnitude.value == pytest.approx(g + 5 * np.log10(parallax / 100), abs=0.002)
    assert magnitude.error == pytest.approx(5 / np.log(10) * 1e-4, rel=0.2)


@given(st.floats(0.05, 10), st.floats(0.02, 0.8))
def test_extinction_only_brightens(parallax, relative_error):
    plain = absolute_magnitude(12.0, parallax, parallax * relative_error)
    corrected = absolute_magnitude(12.0, parallax, parallax * relative_error, a_g=1.5)
    assert corrected.value == pytest.approx(plain.value - 1.5)
    assert plain.brighter < plain.value < plain.fainter
    assert corrected.corrected
    assert not plain.corrected


@pytest.mark.parametrize("parallax", [-0.5, 0.0, float("nan")])
def test_no_magnitude_without_a_positive_parallax(parallax):
    assert absolute_magnitude(12.0, parallax, 0.1) is None


def test_a_hopeless_parallax_returns_the_prior():
    median = distance_quantiles(0.0, 1000.0)[0, 1]
    assert median == pytest.approx(2.674 * 1350, rel=0.01)  # median of a gamma distribution with shape 3


@given(st.floats(0.1, 5), st.floats(0.005, 0.6), st.floats(30, 20000))
def test_the_two_forms_of_the_posterior_agree(parallax, relative_error, distance):
    error = parallax * relative_error
    probability = nearer_than(distance, parallax, error)[0]
    quantile = distance_quantiles(parallax, error, (0.05, 0.5, 0.95))[0]
    assert 0 <= probability <= 1
    for value, level in zip(quantile, (0.05, 0.5, 0.95), strict=True):
        assert nearer_than(value, parallax, error)[0] == pytest.approx(level, abs=0.03)


def test_nearer_than_grows_with_distance_and_keeps_unknown_rows():
    distances = np.geomspace(10, 50_000, 60)
    probability = nearer_than(distances, np.full(60, 0.5), np.full(60, 0.1))
    assert (np.diff(probability) >= -1e-12).all()
    assert np.isnan(nearer_than(np.array([100.0]), np.array([np.nan]), np.array([0.1]))[0])


def test_the_zero_point_is_small_negative_and_falls_back():
    n = 5
    full = {
        "phot_g_mean_mag": np.linspace(8, 18, n), "nu_eff_used_in_astrometry": np.full(n, 1.6),
        "pseudocolour": np.full(n, np.nan), "ecl_lat": np.linspace(-60, 60, n),
        "astrometric_params_solved": np.array([31, 31, 31, 3, 31]), "parallax": np.ones(n),
    }  # fmt: skip
    zero_point = parallax_zero_point(full)
    assert (zero_point > -0.1).all()
    assert (zero_point < 0.03).all()
    assert zero_point[3] == MEAN_ZERO_POINT_MAS
    assert len(set(zero_point)) > 2
    np.testing.assert_array_equal(parallax_zero_point({"parallax": np.ones(3)}), np.full(3, MEAN_ZERO_POINT_MAS))
