"""Pairwise comparison: a known difference is found, chance is not, and the degenerate cases are defined."""

import numpy as np
import pytest
from scipy import stats

from core.errors import UsageError
from core.statistics.paired_tests import compare_folds, compare_verdicts, corrected_t_test, holm, mcnemar_exact


def test_without_the_correction_it_is_the_paired_t_test():
    differences = np.random.default_rng(0).normal(0.01, 0.02, 10)
    mean, p = corrected_t_test(differences, n_train=1e12, n_validation=1.0)
    assert mean == pytest.approx(differences.mean())
    assert p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, rel=1e-6)


def test_the_correction_makes_the_test_more_cautious():
    differences = np.random.default_rng(0).normal(0.02, 0.02, 10)
    _, plain = corrected_t_test(differences, 1e12, 1)
    _, corrected = corrected_t_test(differences, 9, 1)
    statistic = differences.mean() / np.sqrt(differences.var(ddof=1) * (1 / 10 + 1 / 9))
    assert corrected == pytest.approx(2 * stats.t.sf(abs(statistic), 9))
    assert corrected > plain


@pytest.mark.parametrize(
    ("differences", "expected"),
    [([], (None, None)), ([0.1], (0.1, None)), ([0.0] * 5, (0.0, 1.0)), ([0.25] * 5, (0.25, 0.0))],
)
def test_degenerate_folds_are_defined(differences, expected):
    assert corrected_t_test(np.array(differences), 9, 1) == expected


def test_overlapping_training_sets_do_not_invent_differences():
    """Folds whose differences share a common error: the corrected test keeps its level, the plain one does not."""
    rng = np.random.default_rng(4)
    plain = corrected = 0
    for _ in range(400):
        d = rng.normal(0, 1, 10) + rng.normal(0, np.sqrt(1 / 9))
        plain += corrected_t_test(d, 1e12, 1)[1] < 0.05
        corrected += corrected_t_test(d, 9, 1)[1] < 0.05
    assert corrected / 400 < 0.08 < plain / 400


def test_mcnemar_is_the_exact_binomial_test_of_the_discordant_stars():
    first = np.array([True] * 90 + [False] * 10)
    second = np.array([True] * 80 + [False] * 10 + [True] * 4 + [False] * 6)
    difference, p, n = mcnemar_exact(first, second)
    assert (difference, n) == (pytest.approx(0.06), 14)
    assert p == pytest.approx(stats.binomtest(10, 14).pvalue)


def test_equal_verdicts_and_no_stars_are_defined():
    same = np.array([True, False])
    assert mcnemar_exact(same, same) == (0.0, 1.0, 0)
    assert mcnemar_exact(same[:0], same[:0]) == (None, None, 0)
    with pytest.raises(UsageError, match="same stars"):
        mcnemar_exact(same, same[:1])


def test_holm_orders_and_never_exceeds_one():
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.06), pytest.approx(0.06)]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_a_known_winner_is_found_and_equals_are_not():
    rng = np.random.default_rng(7)
    base = rng.normal(0.95, 0.003, 10)
    figures = {
        "good": dict(enumerate(base + 0.03 + rng.normal(0, 0.001, 10))),
        "one": dict(enumerate(base)),
        "other": dict(enumerate(base + rng.normal(0, 0.003, 10))),
        "unfinished": {0: 0.9},
    }
    tests = {(t.first, t.second): t for t in compare_folds(figures, 9, 1)}
    assert tests["good", "one"].winner == "good"
    assert tests["one", "other"].winner is None
    assert tests["one", "unfinished"].p_adjusted is None
    correct = {name: rng.random(4000) < accuracy for name, accuracy in {"a": 0.97, "b": 0.90}.items()}
    (verdict,) = compare_verdicts(correct)
    assert verdict.winner == "a"
    assert verdict.difference == pytest.approx(0.07, abs=0.02)
