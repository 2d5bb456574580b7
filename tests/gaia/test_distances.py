"""Distances: posteriors against direct integration, laws, and parallaxes that say nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from core.errors import UsageError
from core.gaia.distances import MEAN_ZERO_POINT_MAS, METHODS, distances, parallax_zero_point
from core.sky.star_places import star_places

POSTERIORS = [name for name in METHODS if name != "inverse"]
parallaxes = st.floats(-5.0, 50.0)
errors = st.floats(0.005, 2.0)


def one(parallax, error, method="exponential", l_deg=80.0, b_deg=2.0):
    found = distances(np.array([parallax]), np.array([error]), method, l_deg=np.array([l_deg]), b_deg=np.array([b_deg]))
    return found.near_pc[0], found.distance_pc[0], found.far_pc[0]


@pytest.mark.parametrize(("parallax", "error"), [(5.0, 0.02), (1.0, 0.05), (0.5, 0.1), (0.1, 0.1), (-0.3, 0.2)])
def test_quantiles_equal_direct_integration(parallax, error):
    def density(r):
        return r**2 * np.exp(-r / 1350.0 - 0.5 * ((parallax - 1000.0 / r) / error) ** 2)

    peak = 1000.0 / parallax if parallax > 0 else 2700.0
    nodes = [x for x in (0.7 * peak, peak, 1.4 * peak, 3000.0, 8000.0) if x < 30_000]
    total = quad(density, 1.0, 30_000.0, points=nodes, limit=500)[0]
    for value, level in zip(one(parallax, error), (0.1587, 0.5, 0.8413), strict=True):
        below = quad(density, 1.0, value, points=[x for x in nodes if x < value] or None, limit=500)[0]
        assert below / total == pytest.approx(level, abs=0.003)


@pytest.mark.parametrize("method", POSTERIORS)
@given(parallax=parallaxes, error=errors)
def test_every_finite_parallax_has_an_ordered_posterior(method, parallax, error):
    near, middle, far = one(parallax, error, method)
    assert 0 < near <= middle <= far <= 30_001


@pytest.mark.parametrize("method", METHODS)
def test_sharp_parallaxes_are_inverted(method):
    near, middle, far = one(5.0, 0.001, method)
    assert middle == pytest.approx(200.0, rel=1e-4)
    assert (far - near) / 2 == pytest.approx(0.04, rel=0.02)


@pytest.mark.parametrize("method", POSTERIORS)
def test_a_larger_parallax_is_nearer(method):
    values = np.linspace(-1.0, 5.0, 60)
    same = np.full(60, 50.0)
    found = distances(values, np.full(60, 0.2), method, l_deg=same, b_deg=0 * same)
    assert (np.diff(found.distance_pc) < 0).all()


def test_the_disc_prior_keeps_stars_near_the_plane():
    low, high = one(0.2, 0.15, "disc", b_deg=0.0)[1], one(0.2, 0.15, "disc", b_deg=40.0)[1]
    assert high < 0.6 * low


def test_what_has_no_distance():
    found = distances(np.array([-0.1, 0.0, np.nan, 2.0]), np.full(4, 0.1), "inverse")
    assert np.isnan(found.distance_pc).tolist() == [True, True, True, False]
    for error in (0.0, np.nan, -1.0):
        assert np.isnan(one(1.0, error)).all()
    with pytest.raises(UsageError, match="parallax_error"):
        distances(np.ones(2), None, "exponential")
    with pytest.raises(UsageError, match="'guess' are unknown"):
        distances(np.ones(2), np.ones(2), "guess")


def test_samples_follow_the_interval():
    found = distances(np.full(20_000, 0.5), np.full(20_000, 0.08), "exponential")
    drawn = found.sample(np.random.default_rng(2))
    assert np.quantile(drawn, [0.1587, 0.5, 0.8413]) == pytest.approx(
        [found.near_pc[0], found.distance_pc[0], found.far_pc[0]], rel=0.02
    )


def test_an_interval_without_an_end_is_no_exact_distance():
    """1 / parallax where the error exceeds the parallax."""
    table = pd.DataFrame({"ra": 10.0, "dec": 5.0, "parallax": [0.2, 0.2, 10.0], "parallax_error": [0.5, np.nan, 0.01]})
    places = star_places(table, "inverse")
    assert np.isinf(places.distance.far_pc).tolist() == [True, False, False]
    error, distance = places.distance_error_pc, places.distance.distance_pc
    assert error[0] == distance[0]
    assert error[1] == 0
    assert 0 < error[2] < 0.01 * distance[2]
    assert places.take(np.array([0])).has_distance_errors
    assert not places.take(np.array([1])).has_distance_errors
    draws = np.array([places.distance.sample(np.random.default_rng(seed)) for seed in range(400)])
    assert draws[:, 0].max() > 1.5 * distance[0]
    assert np.isfinite(draws).all()
    assert (draws[:, 1] == distance[1]).all()


def test_the_zero_point_is_the_stars_own_where_its_columns_are_there():
    columns = {"parallax": np.array([1.0, 1.0]), "phot_g_mean_mag": np.array([8.0, 17.0])}
    assert (parallax_zero_point(columns) == MEAN_ZERO_POINT_MAS).all()
    columns |= {
        "nu_eff_used_in_astrometry": np.array([1.7, 1.4]),
        "pseudocolour": np.full(2, np.nan),
        "ecl_lat": np.array([10.0, -40.0]),
        "astrometric_params_solved": np.array([31, 31]),
    }
    own = parallax_zero_point(columns)
    assert (own != MEAN_ZERO_POINT_MAS).all()
    assert (np.abs(own) < 0.1).all()
