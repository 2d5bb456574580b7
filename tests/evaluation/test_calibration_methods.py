"""Temperature, Platt and isotonic calibration on logits whose true probability is known."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.calibration_methods import (
    METHODS,
    compare_calibrations,
    fit_scaling,
    fit_temperature,
    reliability,
)
from core.statistics.probability_calibration import sigmoid

TRUE = {
    "temperature": lambda z: sigmoid(z / 2.5),
    "isotonic": lambda z: np.clip(0.5 + 0.15 * z, 0.02, 0.98),
}


def drawn(true, n: int = 200_000, seed: int = 0, *, share: float = 1.0):
    """Logits and labels, massive with probability `true(logit)`, which is 1/2 on average; a `share` of the massive."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0.0, 3.0, n)
    label = rng.random(n) < true(logit)
    keep = ~label | (rng.random(n) < share)
    return logit[keep], label[keep]


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_a_known_distortion_is_undone(method):
    true = TRUE[method]
    logit, label = drawn(true)
    fitted, _ = fit_scaling(method, logit, label)
    z = np.linspace(-5, 5, 21)
    np.testing.assert_allclose(fitted(z), true(z), atol=0.03)


def test_the_temperature_is_found_whatever_the_class_ratio():
    logit, label = drawn(TRUE["temperature"])
    assert fit_temperature(logit, label) == pytest.approx(2.5, rel=0.02)
    rare, known = drawn(TRUE["temperature"], share=0.05)
    assert fit_temperature(rare, known) == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_perfect_separation_ties_and_far_logits_stay_probabilities(method):
    logit, label = np.array([-3.0, -3.0, -1.0, 1.0, 1.0, 4.0]), np.array([0, 0, 0, 1, 1, 1])
    fitted, words = fit_scaling(method, logit, label)
    value = fitted(np.array([-1e3, -2.0, 0.0, 2.0, 1e3]))
    assert ((value >= 0) & (value <= 1)).all()
    assert (np.diff(value) >= 0).all()
    assert words


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
def test_one_class_cannot_be_calibrated(method):
    with pytest.raises(ValueError, match="both classes"):
        fit_scaling(method, np.array([1.0, 2.0]), np.array([1, 1]))


def test_reliability_of_calibrated_stars_lies_on_the_diagonal_at_any_class_ratio():
    rng = np.random.default_rng(3)
    label = rng.random(300_000) < 0.1
    probability = sigmoid(rng.normal(np.where(label, 2.0, -2.0), 2.0))  # calibrated at equal priors
    bins = reliability(label, probability, 10)
    assert bins.count.sum() == len(label)
    np.testing.assert_allclose(bins.observed, bins.predicted, atol=0.03)
    assert ((bins.low <= bins.observed) & (bins.observed <= bins.high)).all()


@pytest.mark.parametrize(("label", "probability"), [([], []), ([1, 1], [1.0, 0.0]), ([0, 1], [np.nan, 1.0])])
def test_reliability_of_odd_sets_is_defined(label, probability):
    bins = reliability(np.array(label), np.array(probability, dtype=float))
    assert np.isfinite(bins.observed).all()
    assert np.isfinite(bins.predicted).all()


def test_a_run_s_calibrations_are_judged_on_its_held_out_stars():
    logit, label = drawn(TRUE["temperature"], 40_000)
    oof = pd.DataFrame({"logit": logit[:20_000], "label": label[:20_000].astype(int)})
    test = pd.DataFrame({"label": label[20_000:].astype(int), "logit_00": logit[20_000:], "logit_mean": 0.0})
    results = {entry.method: entry for entry in compare_calibrations(oof, test)}
    assert tuple(results) == METHODS
    for method in ("temperature", "platt", "isotonic"):
        assert results[method].metrics.ece < 0.02 < results["none"].metrics.ece
        assert results[method].metrics.log_loss < results["none"].metrics.log_loss
    assert compare_calibrations(oof[oof["label"] == 1], test) == []
    assert compare_calibrations(oof, test.iloc[:0]) == []
