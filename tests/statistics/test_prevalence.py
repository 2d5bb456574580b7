"""Bayes at another prior, purity, thresholds and the prevalence of unlabelled samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.statistics.prevalence import estimate_prevalence, operating_curve, purity, reweight

PRIORS = st.floats(1e-6, 1 - 1e-6)


@given(probability=st.floats(0.0, 1.0), prior=PRIORS)
def test_reweighting_there_and_back_is_the_identity(probability, prior):
    there = reweight(np.array(probability), prior)
    assert reweight(there, 0.5, from_prior=prior) == pytest.approx(probability, abs=1e-6)


@given(low=st.floats(0.01, 0.98), step=st.floats(0.001, 0.01), prior=PRIORS)
def test_reweighting_keeps_the_order(low, step, prior):
    first, second = reweight(np.array([low, low + step]), prior)
    assert first <= second


def test_an_even_verdict_becomes_the_prior():
    assert reweight(np.array(0.5), 0.001) == pytest.approx(0.001)


def test_unknown_probabilities_stay_unknown():
    assert np.isnan(reweight(np.array([np.nan]), 0.1)).all()


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, 50.0])
def test_a_prior_outside_zero_and_one_is_refused_with_its_value(prior):
    with pytest.raises(UsageError, match=str(prior)):
        reweight(np.array([0.5]), prior)


def test_the_published_false_positive_rate_means_a_purity_of_under_two_percent():
    assert purity(2345 / 2382, 140 / 2346, 0.001) == pytest.approx(0.0162, abs=2e-4)


def test_purity_counted_on_a_drawn_sky_agrees_with_the_formula():
    rng = np.random.default_rng(5)
    massive = rng.random(400_000) < 0.02
    called = np.where(massive, rng.random(massive.size) < 0.9, rng.random(massive.size) < 0.05)
    assert purity(0.9, 0.05, 0.02) == pytest.approx(massive[called].mean(), abs=0.01)


@given(seed=st.integers(0, 1000), threshold=st.floats(0.0, 1.0))
def test_rates_at_a_threshold_equal_those_counted_by_hand(seed, threshold):
    rng = np.random.default_rng(seed)
    truth = np.append(rng.random(60) < 0.5, [True, False])
    score = np.round(rng.random(62), 1)
    point = operating_curve(truth, score).at(threshold, 0.1)
    assert point.completeness == pytest.approx(np.mean(score[truth] >= threshold))
    assert point.false_positive_rate == pytest.approx(np.mean(score[~truth] >= threshold))


def test_the_threshold_for_a_wanted_purity_reaches_it_and_no_looser_one_does():
    rng = np.random.default_rng(3)
    truth = rng.random(5000) < 0.5
    score = np.clip(rng.normal(np.where(truth, 0.8, 0.2), 0.2), 0, 1)
    curve = operating_curve(truth, score)
    chosen = curve.for_purity(0.5, 0.01)
    assert chosen is not None
    assert chosen.purity >= 0.5
    looser = purity(curve.completeness, curve.false_positive_rate, 0.01)[curve.threshold < chosen.threshold]
    assert (looser < 0.5).all()


def test_a_purity_that_no_threshold_reaches_gives_none():
    curve = operating_curve(np.array([True, False]), np.array([0.5, 0.5]))
    assert curve.for_purity(0.9, 0.001) is None


@pytest.mark.parametrize("prevalence", [0.5, 0.1, 0.01])
def test_the_prevalence_of_a_calibrated_sample_is_recovered(prevalence):
    rng = np.random.default_rng(1)
    massive = rng.random(200_000) < prevalence
    log_odds = rng.normal(np.where(massive, 4.5, -4.5), 3.0)  # equal-variance normals: log odds = 2 mu x / sigma^2
    probability = 1 / (1 + np.exp(-log_odds))
    assert estimate_prevalence(probability) == pytest.approx(massive.mean(), rel=0.1)
