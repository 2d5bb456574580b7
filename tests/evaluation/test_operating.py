"""Thresholds on the sky: expected purity, its uncertainty, curves, and the two sentences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.curves import precision_recall_points, roc_points, thinned_rows
from core.evaluation.operating import (
    confusion_at,
    expected_yield,
    explain_yield,
    purity_by_completeness,
    threshold_for_purity,
)
from core.runs.published import PUBLISHED_TEST
from core.statistics.prevalence import estimate_prevalence, operating_curve, prevalence_interval
from core.statistics.probability_calibration import sigmoid


def drawn(n: int = 4000, seed: int = 0):
    rng = np.random.default_rng(seed)
    massive = rng.random(n) < 0.5
    return massive, sigmoid(rng.normal(np.where(massive, 3.0, -3.0), 2.0))


def published_curve():
    """The published CNN's test set: 0.9 to all that it calls massive, 0.1 to the others."""
    counts = PUBLISHED_TEST
    massive = np.repeat(
        [True, True, False, False],
        [counts[k] for k in ("true_positive", "false_negative", "false_positive", "true_negative")],
    )
    called = np.repeat(
        [0.9, 0.1, 0.9, 0.1],
        [counts[k] for k in ("true_positive", "false_negative", "false_positive", "true_negative")],
    )
    return operating_curve(massive, called)


def test_the_published_accuracy_of_96_percent_means_a_purity_of_under_two_percent_in_words():
    expected = expected_yield(published_curve(), 0.5, 0.001)
    assert expected.confusion.accuracy == pytest.approx(0.9626, abs=1e-3)
    assert expected.purity.value == pytest.approx(0.0162, abs=2e-4)
    assert expected.purity.low < expected.purity.value < expected.purity.high
    text = explain_yield(expected)
    assert "96.3\xa0%" in text
    assert "So 1.6\xa0% of the candidates are massive" in text
    assert text.count(". ") == 1  # two sentences


@given(seed=st.integers(0, 100), threshold=st.sampled_from([0.0, 0.2, 0.5, 0.999, 1.0]))
def test_the_confusion_matrix_equals_counting(seed, threshold):
    massive, probability = drawn(200, seed)
    probability[:5] = [0.0, 1.0, 1.0, 0.5, 0.5]
    found = confusion_at(operating_curve(massive, probability), threshold)
    called = probability >= threshold
    assert found.true_positive == int((massive & called).sum())
    assert found.false_positive == int((~massive & called).sum())
    assert found.n == 200


@pytest.mark.parametrize(("massive", "probability"), [([], []), ([True], [0.3]), ([False, False], [0.5, 1.0])])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_sets_without_both_classes_are_defined(massive, probability, threshold):
    curve = operating_curve(np.array(massive, dtype=bool), np.array(probability, dtype=float))
    expected = expected_yield(curve, threshold, 0.01)
    for interval in (expected.purity, expected.completeness, expected.false_positive_rate):
        assert interval.value is None or 0 <= interval.value <= 1
    assert explain_yield(expected)
    assert len(roc_points(curve).x) == 0
    assert not np.isfinite(purity_by_completeness(curve, 0.01)[1]).any()


def test_a_test_set_without_false_positives_does_not_prove_purity():
    curve = operating_curve(np.repeat([True, False], 2000), np.repeat([0.9, 0.1], 2000))
    expected = expected_yield(curve, 0.5, 1e-4)
    assert expected.purity.value == 1.0
    assert expected.purity.low < 0.2


def test_the_purity_interval_holds_the_truth_as_often_as_it_says():
    true_rate, false_rate, hits = 0.9, 0.02, 0
    truth = 0.01 * true_rate / (0.01 * true_rate + 0.99 * false_rate)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        massive = np.arange(2000) % 2 == 0
        called = np.where(massive, rng.random(2000) < true_rate, rng.random(2000) < false_rate)
        interval = expected_yield(operating_curve(massive, called.astype(float)), 0.5, 0.01).purity
        hits += interval.low <= truth <= interval.high
    assert 180 <= hits <= 200


def test_the_threshold_for_a_purity_is_what_the_curve_says():
    curve = operating_curve(*drawn())
    chosen = threshold_for_purity(curve, 0.3, 0.01)
    assert chosen.purity.value >= 0.3
    again = expected_yield(curve, chosen.threshold, 0.01)
    assert again.purity.value == pytest.approx(chosen.purity.value)
    assert threshold_for_purity(operating_curve(np.array([True, False]), np.array([0.5, 0.5])), 0.9, 0.001) is None


def test_purity_by_completeness_agrees_with_the_thresholds_and_bounds_it_from_below():
    curve = operating_curve(*drawn())
    completeness, purity, least = purity_by_completeness(curve, 0.01)
    assert completeness[0] == 0
    known = np.isfinite(purity)
    assert (least[known] <= purity[known] + 1e-12).all()
    point = expected_yield(curve, 0.9, 0.01)
    at = np.searchsorted(completeness, point.completeness.value)
    assert purity[at] == pytest.approx(point.purity.value, abs=0.02)


def test_curves_of_many_stars_are_thinned_and_keep_their_area():
    massive, probability = drawn(50_000)
    curve = operating_curve(massive, probability)
    points = roc_points(curve)
    assert len(points.x) <= 302
    assert len(thinned_rows(curve)) <= 301
    full = np.trapezoid(np.append(0, curve.completeness), np.append(0, curve.false_positive_rate))
    assert np.trapezoid(points.y, points.x) == pytest.approx(full, abs=2e-3)
    assert ((points.low <= points.y) & (points.y <= points.high)).all()
    precision = precision_recall_points(curve)
    assert precision.y[-1] == pytest.approx(massive.mean(), abs=0.01)


@pytest.mark.parametrize("prevalence", [0.0, 0.02, 0.3])
def test_the_interval_of_a_sample_s_prevalence_holds_the_truth(prevalence):
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        massive = rng.random(3000) < prevalence
        log_odds = rng.normal(np.where(massive, 4.5, -4.5), 3.0)  # log odds at equal priors: 2 mu x / sigma^2 = x
        found = prevalence_interval(sigmoid(log_odds))
        assert found.value == pytest.approx(estimate_prevalence(sigmoid(log_odds)), abs=1e-4)
        hits += found.low <= prevalence <= found.high
    assert hits >= 35


def test_the_prevalence_of_no_star_is_unknown():
    assert prevalence_interval(np.array([np.nan])).value is None
