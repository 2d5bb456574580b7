"""No-U-turn sampling: known densities come out, the star's gradient is the derivative of its energy."""

import numpy as np
import pytest

from core.parameters.choices import FitSettings, bare, model_of
from core.parameters.fit import fit_families
from core.parameters.nuts import effective_size, sample, split_r_hat
from core.parameters.observation import NO_MODEL_ERROR, observe
from core.parameters.sampling import importance, no_u_turn
from core.parameters.star_posterior import StarPosterior
from validation.drawn_stars import drawn_stars


def test_a_correlated_normal_density_comes_out():
    covariance = np.array([[4.0, 1.9, 0.0], [1.9, 1.0, 0.1], [0.0, 0.1, 0.25]])
    precision, mean = np.linalg.inv(covariance), np.array([1.0, -2.0, 3.0])

    def potential(x):
        off = x - mean
        return 0.5 * np.einsum("ni,ij,nj->n", off, precision, off), off @ precision

    # The expected covariance is wrong on purpose: the warm-up has to find it.
    found = sample(potential, np.zeros((4, 3)), np.eye(3), np.random.default_rng(1), n_draws=700)
    draws = found.draws.reshape(-1, 3)
    assert found.r_hat.max() < 1.02
    assert found.divergent == 0
    assert found.effective.min() > 600
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=4 * np.sqrt(np.diag(covariance) / found.effective).max())
    np.testing.assert_allclose(np.cov(draws, rowvar=False), covariance, atol=0.5)


def test_r_hat_and_effective_size_tell_chains_that_disagree():
    rng = np.random.default_rng(2)
    good = rng.standard_normal((4, 800, 1))
    apart = good + np.arange(4)[:, None, None]
    assert split_r_hat(good)[0] < 1.01
    assert split_r_hat(apart)[0] > 1.3
    walk = np.cumsum(good, axis=1)
    assert effective_size(good)[0] > 2000
    assert effective_size(walk)[0] < 200


@pytest.fixture(scope="module")
def star():
    settings = bare(FitSettings(families=("normal",)))
    model = model_of("normal", settings)
    _, spectra = drawn_stars(model, 1, 15.0, 4)
    seen = observe(spectra, NO_MODEL_ERROR)
    return fit_families(spectra, settings, seen)[0], seen


def test_the_gradient_of_a_star_is_the_derivative_of_its_energy(star):
    fit, seen = star
    target = StarPosterior(fit.model, seen)
    u = target.place(fit.draws.theta[0, :3], fit.draws.log_scale[0, :3])
    np.testing.assert_allclose(target.parameters(u)[0], fit.draws.theta[0, :3], rtol=1e-2, atol=0.05)
    _, gradient = target(u)
    root = target.root(fit.solution.theta[0], fit.solution.hessian[0])
    for along in root.T:  # directions in which the energy changes by about one
        up, down = target(u + 0.05 * along)[0], target(u - 0.05 * along)[0]
        np.testing.assert_allclose((up - down) / 0.1, gradient @ along, rtol=0.02, atol=0.15)


def test_chains_agree_with_each_other_and_with_importance_sampling(star):
    fit, seen = star
    found = no_u_turn(fit, 0, seen, np.random.default_rng(3), n_draws=60)
    other = importance(fit, 0, seen, np.random.default_rng(3))
    assert found.r_hat < 1.15  # of 60 draws; 400 reach 1.013
    low, high = fit.model.bounds(found.theta)
    assert ((found.theta >= low - 1e-6) & (found.theta <= high + 1e-6)).all()
    spread = other.theta.std(axis=0)
    assert (np.abs(found.theta.mean(axis=0) - other.theta.mean(axis=0)) < 0.6 * spread + 1e-4).all()


def test_larger_errors_widen_the_posterior_as_much(star):
    fit, seen = star
    narrow, wide = (
        importance(fit, 0, seen.with_errors(np.array([factor])), np.random.default_rng(5)).theta.std(axis=0)
        for factor in (1.0, 1.5)
    )
    assert 1.1 < (wide / narrow)[0] < 1.6  # the prior holds the rest
