"""Metrics against scikit-learn's, their intervals, and the cases in which nothing is defined."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest
from sklearn import metrics as theirs

from core.errors import UsageError
from core.statistics.intervals import bootstrap_metrics, rate_interval, rate_intervals
from core.statistics.metrics import FIGURES, binary_metrics


def drawn(seed: int, n: int = 300, digits: int = 2):
    """Labels of both classes and rounded (hence tied) probabilities."""
    rng = np.random.default_rng(seed)
    label = np.append(rng.random(n) < 0.4, [True, False])
    return label, np.round(np.clip(rng.normal(np.where(label, 0.7, 0.4), 0.25), 0, 1), digits)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), threshold=st.sampled_from([0.0, 0.3, 0.5, 0.77, 1.0]))
def test_every_figure_equals_scikit_learns(seed, threshold):
    label, probability = drawn(seed)
    called = probability >= threshold
    ours = binary_metrics(label, probability, threshold)
    assert ours.accuracy == pytest.approx(theirs.accuracy_score(label, called))
    assert ours.f1 == pytest.approx(theirs.f1_score(label, called, zero_division=0))
    assert ours.completeness == pytest.approx(theirs.recall_score(label, called))
    if called.any():
        assert ours.precision == pytest.approx(theirs.precision_score(label, called))
    assert ours.roc_auc == pytest.approx(theirs.roc_auc_score(label, probability))
    assert ours.average_precision == pytest.approx(theirs.average_precision_score(label, probability))
    assert ours.brier == pytest.approx(theirs.brier_score_loss(label, probability))
    assert ours.log_loss == pytest.approx(theirs.log_loss(label, probability))


@pytest.mark.parametrize(
    ("label", "probability"),
    [
        ([], []),
        ([1, 1], [1.0, 0.2]),
        ([0, 0], [0.0, 0.9]),
        ([0, 1, 0], [0.5, 0.5, 0.5]),
        ([1, 0], [np.nan, np.nan]),
        ([1, 0], [0.0, 1.0]),
    ],
)
@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_odd_sets_give_numbers_or_none(label, probability, threshold):
    label, probability = np.array(label), np.array(probability, dtype=float)
    for value in binary_metrics(label, probability, threshold).as_dict().values():
        assert value is None or math.isfinite(value)
    for interval in bootstrap_metrics(label, probability, threshold=threshold, n_draws=20).values():
        assert interval.value is None or interval.low <= interval.value <= interval.high


def test_a_calibrated_sample_has_a_small_calibration_error_whatever_its_class_ratio():
    rng = np.random.default_rng(2)
    label = rng.random(400_000) < 0.05
    log_odds = rng.normal(np.where(label, 2.0, -2.0), 2.0)  # equal-variance normals: log odds at equal priors
    probability = 1 / (1 + np.exp(-log_odds))
    assert binary_metrics(label, probability).ece < 0.01
    assert binary_metrics(label, np.sqrt(probability)).ece > 0.1


def test_probabilities_outside_zero_and_one_are_refused():
    with pytest.raises(UsageError, match="expected 0 to 1"):
        binary_metrics([0, 1], [0.5, 3.0])


def test_bootstrap_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = 0.8413447  # area under the curve of normals two deviations of sqrt(2) apart: Phi(1)
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        label = np.arange(300) % 2 == 0
        probability = 1 / (1 + np.exp(-rng.normal(label * math.sqrt(2), 1.0)))
        interval = bootstrap_metrics(label, probability, n_draws=200, seed=seed)["roc_auc"]
        hits += interval.low <= truth <= interval.high
    assert 50 <= hits <= 60


def test_the_bootstrap_is_seeded_and_narrows_with_the_sample():
    small, large = (bootstrap_metrics(*drawn(1, n), n_draws=200)["accuracy"] for n in (200, 20_000))
    assert bootstrap_metrics(*drawn(1, 200), n_draws=200)["accuracy"] == small
    assert large.high - large.low < (small.high - small.low) / 4


def test_the_bootstrap_of_a_hundred_thousand_stars_is_bounded_in_memory():
    label, probability = drawn(1, 100_000, digits=6)
    found = bootstrap_metrics(label, probability, n_draws=200)
    assert set(found) == set(FIGURES)
    assert found["roc_auc"].low < found["roc_auc"].value < found["roc_auc"].high


@given(n=st.integers(1, 60), seed=st.integers(0, 100))
def test_vectorised_rate_intervals_equal_scipys(n, seed):
    k = int(np.random.default_rng(seed).integers(0, n + 1))
    low, high = rate_intervals(np.array([k]), n)
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high))
    assert rate_interval(k, n).value == k / n


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (3, 971)])
def test_an_interval_of_a_rate_lies_between_beta_quantiles(successes, n):
    found = rate_interval(successes, n)
    assert found.low == pytest.approx(beta.ppf(0.025, successes, n - successes + 1) if successes else 0.0)
    assert found.high == pytest.approx(beta.ppf(0.975, successes + 1, n - successes) if successes < n else 1.0)


def test_no_star_leaves_the_whole_interval():
    found = rate_interval(0, 0)
    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)
