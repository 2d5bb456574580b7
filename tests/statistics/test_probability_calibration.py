"""Platt scaling at equal priors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statistics.probability_calibration import fit_platt, sigmoid


def drawn(n: int, slope: float, intercept: float, seed: int = 0):
    """Logits and labels whose true probability at equal priors is sigmoid(slope * logit + intercept)."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-intercept / slope, 2.0 / slope, n)
    return logit, rng.random(n) < sigmoid(slope * logit + intercept)


def test_the_true_line_is_found():
    logit, label = drawn(200_000, 1.7, 0.6)
    slope, intercept = fit_platt(logit, label)
    assert slope == pytest.approx(1.7, rel=0.03)
    assert intercept == pytest.approx(0.6, abs=0.03)


def test_the_sample_s_class_ratio_does_not_count():
    logit, label = drawn(200_000, 1.7, 0.6)
    rare = ~label | (np.random.default_rng(1).random(len(label)) < 0.05)
    assert np.allclose(fit_platt(logit[rare], label[rare]), fit_platt(logit, label), atol=0.1)


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-50, 50))
def test_probabilities_do_not_depend_on_the_logits_unit(scale, shift):
    logit, label = drawn(500, 1.0, 0.0)
    slope, intercept = fit_platt(logit, label)
    slope_2, intercept_2 = fit_platt(scale * (logit + shift), label)
    expected = sigmoid(slope * logit + intercept)
    np.testing.assert_allclose(sigmoid(slope_2 * scale * (logit + shift) + intercept_2), expected, atol=1e-4)


def test_perfect_separation_stays_finite():
    slope, intercept = fit_platt(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))
    assert 0 < slope < 50
    assert abs(intercept) < 1e-3


@pytest.mark.parametrize(
    ("logit", "label", "message"), [([1.0, 2.0], [1, 1], "both classes"), ([np.nan, 1], [0, 1], "1 of 2")]
)
def test_what_cannot_be_calibrated_is_refused(logit, label, message):
    with pytest.raises(ValueError, match=message):
        fit_platt(np.array(logit), np.array(label))
