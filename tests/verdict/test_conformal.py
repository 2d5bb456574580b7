"""Conformal sets keep their promise on simulations with known truth, whatever the prevalence and the score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RunError, UsageError
from core.statistics.probability_calibration import sigmoid
from core.verdict.conformal import fit_conformal, load_conformal


def drawn(n: int, share_massive: float, rng: np.random.Generator, separation: float = 2.0):
    """Probabilities (not even calibrated) and labels of stars with overlapping logits."""
    label = (rng.random(n) < share_massive).astype(int)
    return sigmoid(rng.normal(separation * (2 * label - 1), 1.5)), label


@pytest.mark.parametrize("error_rate", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("share_massive", [0.5, 0.02])
def test_each_class_is_covered_as_promised(error_rate, share_massive):
    rng = np.random.default_rng(0)
    sets = fit_conformal(*drawn(4000, 0.5, rng))
    probability, label = drawn(100_000, share_massive, rng)
    called = sets.labels(probability, error_rate)
    wrong = {1: "low-mass", 0: "massive"}
    for value, other in wrong.items():
        mine = called[label == value]
        error = np.mean(mine == other)
        # 2,000 stars set the limit, up to 98,000 test it: four standard deviations of both together.
        scatter = np.sqrt(error_rate * (1 - error_rate) * (1 / 2000 + 1 / len(mine)))
        assert error <= error_rate + 4 * scatter
    undecided = np.mean(called == "undecided")
    assert undecided > 0 or error_rate >= 0.05


def test_coverage_holds_on_average_over_small_held_out_sets():
    """The promise is exact for any number of held-out stars, on average over them."""
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(400):
        sets = fit_conformal(*drawn(60, 0.5, rng))
        probability, label = drawn(200, 0.5, rng)
        called = sets.labels(probability, 0.1)
        errors.append(np.mean(called[label == 1] == "low-mass"))
    assert np.mean(errors) <= 0.1 + 3 * np.std(errors) / np.sqrt(len(errors))


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.001, 0.999))
def test_a_higher_probability_never_speaks_less_for_massive(n_massive, n_low, error_rate):
    rng = np.random.default_rng(n_massive)
    sets = fit_conformal(rng.random(n_massive + n_low), np.arange(n_massive + n_low) < n_massive)
    p_values = sets.p_values(np.linspace(0, 1, 101))
    assert (np.diff(p_values[:, 0]) >= 0).all()
    assert (np.diff(p_values[:, 1]) <= 0).all()
    assert ((p_values > 0) & (p_values <= 1)).all()
    order = {"low-mass": 0, "undecided": 1, "massive": 2}
    steps = [order[label] for label in sets.labels(np.linspace(0, 1, 101), error_rate)]
    assert steps == sorted(steps)


def test_a_star_without_a_probability_has_no_set():
    sets = fit_conformal(np.array([0.9, 0.8, 0.1, 0.2]), np.array([1, 1, 0, 0]))
    assert sets.labels(np.array([np.nan, 0.5]), 0.4).tolist()[0] is None
    assert sets.labels(np.array([0.5]), 0.1).tolist() == ["undecided"], "four stars cannot promise 10 %"
    with pytest.raises(UsageError):
        sets.labels(np.array([0.5]), 0.0)


def test_a_run_without_both_classes_has_no_sets(tmp_path):
    import pandas as pd

    table = pd.DataFrame({"label": [1, 1], "probability": [0.9, 0.8]})
    table.to_parquet(tmp_path / "test.parquet")
    with pytest.raises(RunError, match="both classes"):
        load_conformal(tmp_path)
    pd.DataFrame({"label": [1, 0], "probability": [0.9, 0.1]}).to_parquet(tmp_path / "oof.parquet")
    assert load_conformal(tmp_path).labels(np.array([0.95]), 0.6).tolist() == ["massive"]
