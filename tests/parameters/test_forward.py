"""The forward model of the fit: derivatives are those of its values, nothing is extrapolated, laws can be chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ParameterRangeError, UsageError
from core.parameters.dust import dust_law, law_names
from core.parameters.forward import NAMES, ForwardModel
from core.parameters.prior import draw_prior, prior_of
from core.simulation.grid import load_grid
from core.simulation.smooth_grid import hermite_weights, smooth_grid

MODEL = ForwardModel()


@given(st.integers(0, 10_000))
@settings(max_examples=12)
def test_derivatives_are_those_of_the_value(seed):
    theta = draw_prior(MODEL, 1, np.random.default_rng(seed), (4500.0, 35000.0))
    low, high = MODEL.bounds(theta)
    theta = np.clip(theta, low + 0.02 * (high - low), high - 0.02 * (high - low))
    # The edge of the gravities moves with Teff: stay off it.
    step = np.array([1e-3, 4e-3, 4e-3, 4e-3, 1e-3])
    value, jacobian = MODEL.coefficients(theta)
    for k, name in enumerate(NAMES):
        delta = np.zeros(5)
        delta[k] = step[k]
        try:
            up, down = (MODEL.coefficients(theta + sign * delta)[0].astype(float) for sign in (1, -1))
        except ParameterRangeError:
            continue
        numeric = (up - down) / (2 * step[k])
        size = max(np.abs(jacobian[0, k]).max(), 1e-3 * np.abs(value).max())
        assert np.abs(numeric - jacobian[0, k]).max() < 0.03 * size, name


def test_the_smooth_grid_is_the_grid_at_its_nodes():
    nodes = load_grid().nodes("normal")
    teff, logg = nodes.teff[[5, 20, 40]], np.full(3, 4.5)
    np.testing.assert_allclose(
        smooth_grid().flux(teff, logg, np.zeros(3)), load_grid().flux(teff, logg, np.zeros(3)), rtol=1e-4
    )


def test_slopes_do_not_jump_at_nodes():
    nodes = load_grid().nodes("normal")
    near = np.array([4.0 - 1e-6, 4.0 + 1e-6])
    _, slopes = smooth_grid().log_flux(np.full(2, nodes.teff[30]), near, np.zeros(2))
    np.testing.assert_allclose(slopes[0, 1], slopes[1, 1], atol=1e-3)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=9, unique=True), st.floats(0, 1))
def test_interpolation_returns_a_straight_line(nodes, share):
    nodes = np.sort(np.array(nodes))
    if np.diff(nodes).min() < 1e-2:
        return
    x = np.array([nodes[0] + share * (nodes[-1] - nodes[0])])
    index, weight, slope = hermite_weights(nodes, x)
    values = 2.0 * nodes[index] + 1.0
    assert np.allclose((weight * values).sum(axis=1), 2.0 * x + 1.0, atol=1e-6)
    assert np.allclose((slope * values).sum(axis=1), 2.0, atol=1e-4)


def test_outside_the_models_is_refused_not_extrapolated():
    with pytest.raises(ParameterRangeError, match="never extrapolated"):
        smooth_grid().log_flux(np.array([30000.0]), np.array([1.0]), np.array([0.0]))


def test_laws_are_known_or_refused_by_name():
    wavelength = np.ascontiguousarray(smooth_grid().wavelength_nm, dtype=float).tobytes()
    assert {"G23", "F19", "CCM89"} <= set(law_names())
    curve, _ = dust_law("F19", wavelength)(np.array([1 / 3.1]))
    assert 0.9 < np.interp(550.0, smooth_grid().wavelength_nm, curve[0]) < 1.1
    with pytest.raises(UsageError, match="unknown extinction law 'dust'"):
        dust_law("dust", wavelength)


def test_the_prior_is_what_its_gradient_says():
    theta = draw_prior(MODEL, 20, np.random.default_rng(3), (5000.0, 30000.0))
    prior = prior_of(MODEL)
    gradient = prior.gradient(theta)
    for k in range(5):
        delta = np.zeros(5)
        delta[k] = 1e-5
        numeric = (prior.energy(theta + delta) - prior.energy(theta - delta)) / 2e-5
        np.testing.assert_allclose(gradient[:, k], numeric, rtol=1e-3, atol=1e-4)
