"""Agreement, simple rules, curves and the oracle: against scikit-learn, known cases and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.errors import UsageError
from core.techniques.against import against
from core.techniques.agreement import agreements, capture_recapture, kappa, most_disputed, patterns
from core.techniques.calibration import fit_calibration
from core.techniques.simple_rules import by_rule, dawid_skene
from core.techniques.worth import calibration_error, curve, oracle, point

CALLS = arrays.arrays(np.float64, 40, elements=st.sampled_from([0.0, 1.0]))


@settings(max_examples=10, deadline=None)
@given(CALLS, CALLS)
def test_kappa_is_that_of_scikit_learn(first, second):
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(first)) < 2 and len(np.unique(second)) < 2:
        return
    assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second, labels=[0, 1]), abs=1e-9)


def test_agreement_knows_only_stars_that_both_judged():
    rng = np.random.default_rng(2)
    truth = (rng.random(400) < 0.5).astype(float)
    flipped = np.where(rng.random(400) < 0.1, 1 - truth, truth)
    silent = np.where(np.arange(400) < 395, np.nan, truth)
    found = agreements({"a": truth, "b": flipped, "c": silent})
    pair = found["a", "b"]
    assert pair.low < pair.kappa < pair.high
    assert pair.n == 400
    assert np.isnan(found["a", "c"].kappa)
    assert pair.both + pair.only_first + pair.only_second + pair.neither == pytest.approx(1.0)


def test_capture_recapture_counts_what_independent_lists_miss():
    rng = np.random.default_rng(3)
    first, second = (np.where(rng.random(2000) < share, 1.0, 0.0) for share in (0.6, 0.5))
    found = capture_recapture(first, second)
    assert abs(found.estimate - 2000) < 4 * found.error


def test_dawid_skene_finds_the_better_judge_without_truth():
    rng = np.random.default_rng(4)
    truth = rng.random(4000) < 0.3
    wrong = {"good": 0.03, "fair": 0.15, "poor": 0.35}
    calls = {key: np.where(rng.random(4000) < rate, ~truth, truth).astype(float) for key, rate in wrong.items()}
    calls["good"][::5] = np.nan
    found = dawid_skene(calls)
    assert found.prevalence == pytest.approx(0.3, abs=0.03)
    assert found.sensitivity["good"] > found.sensitivity["fair"] > found.sensitivity["poor"]
    assert ((found.probability >= 0.5) == truth).mean() > 0.93


def test_simple_rules_count_those_who_vote():
    calls = {
        "a": np.array([1.0, 1, 0, np.nan]),
        "b": np.array([0.0, 1, 0, np.nan]),
        "c": np.array([np.nan, 1, 1, np.nan]),
    }
    assert by_rule(calls, "any")[:3].tolist() == [1, 1, 1]
    assert by_rule(calls, "all")[:3].tolist() == [0, 1, 0]
    assert by_rule(calls, "majority")[:3].tolist() == [0, 1, 0]
    assert np.isnan(by_rule(calls, "any")[3])
    with pytest.raises(UsageError, match="no rule 'most'"):
        by_rule(calls, "most")


def test_patterns_and_disputed_stars():
    calls = {"a": np.array([1.0, 1, 1, 0]), "b": np.array([0.0, 1, np.nan, 0])}
    assert patterns(calls) == [(("a",), 2), (("a", "b"), 1)]
    votes = {"a": np.array([0.9, 0.9, 0.5]), "b": np.array([0.1, 0.9, 0.5]), "c": np.array([0.9, 0.9, np.nan])}
    assert most_disputed(votes).tolist() == [0]


def test_purity_follows_from_weights_and_prevalence():
    massive = np.array([True] * 10 + [False] * 10)
    weight = np.full(20, 0.1)
    score = np.concatenate([np.linspace(5, 9, 10), np.linspace(0, 5.5, 10)])
    found = curve(score, massive, weight, 0.5)
    assert found.purity[0] == 1.0
    assert found.completeness[-1] == pytest.approx(1.0)
    assert found.purity_at(0.8) == pytest.approx(1.0)
    half = point((score > 5.4).astype(float), massive, weight, 0.5)
    assert half.completeness == pytest.approx(0.9)
    assert half.purity == pytest.approx(0.9)
    assert calibration_error(np.where(massive, 1.0, 0.0), massive, weight) == pytest.approx(0.0)
    assert calibration_error(np.full(20, 0.5), massive, weight) == pytest.approx(0.0)


def test_calibrations_rise_and_hold_on_stars_of_known_densities():
    rng = np.random.default_rng(5)
    massive = np.arange(20_000) < 10_000
    score = rng.normal(np.where(massive, 1.0, -1.0), 1.0)
    score[::7] = np.nan
    found = fit_calibration(score, massive, np.full(20_000, 1e-4))
    assert (np.diff(found.log_ratio) >= -1e-12).all()
    at = np.array([-1.0, 0.0, 1.0])
    assert found.log_odds(at) == pytest.approx(2 * at, abs=0.25)  # the ratio of two normal densities
    assert np.isnan(found.log_odds(np.array([np.nan]))[0])


def test_the_oracle_separates_what_its_errors_allow():
    rng = np.random.default_rng(6)
    massive = np.arange(600) < 300
    teff = np.where(massive, 25_000.0, 18_000.0) * np.exp(0.05 * rng.standard_normal(600))
    luminosity = np.where(massive, 1e4, 1e3) * np.exp(0.2 * rng.standard_normal(600))
    weight = np.full(600, 1 / 300)
    sharp = oracle(teff, luminosity, massive, weight, (np.full(600, 0.05), np.full(600, 0.1)))
    blunt = oracle(teff, luminosity, massive, weight, (np.full(600, 1.0), np.full(600, 2.0)))
    assert ((sharp > 0) == massive).mean() > 0.99
    assert ((blunt > 0) == massive).mean() < 0.9


def test_the_better_of_two_is_named_only_beyond_chance():
    massive = np.arange(400) < 200
    right = massive.astype(float)
    poor = np.where(np.arange(400) % 3 == 0, 1 - right, right)
    silent = np.full(400, np.nan)
    found = against(right, {"same": right, "poor": poor, "silent": silent}, massive).set_index(["technique", "stars"])
    assert found.loc[("same", "massive"), "better"] == ""
    assert found.loc[("poor", "massive"), "better"] == "combination"
    assert found.loc[("poor", "other"), "only_other_right"] == 0
    assert found.loc[("silent", "other"), "n"] == 0
