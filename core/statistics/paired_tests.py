"""Is one network better than another on the same stars, or is the difference chance?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.errors import UsageError

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class PairedTest:
    """The comparison of two classifiers, first minus second.

    Attributes
    ----------
    first, second : str
    difference : float or None
        Mean difference; None where the test could not be made.
    p_value : float or None
        Two-sided, of this pair alone.
    p_adjusted : float or None
        After Holm's correction for all pairs that were tested together (Holm 1979, Scand. J. Statist. 6, 65).
    n : int
        Folds, or stars on which exactly one of the two is right.
    """

    first: str
    second: str
    difference: float | None
    p_value: float | None
    n: int
    p_adjusted: float | None = None

    @property
    def winner(self) -> str | None:
        """Which of the two is better beyond chance (adjusted p < 0.05); None where neither is."""
        p = self.p_adjusted if self.p_adjusted is not None else self.p_value
        if p is None or p >= SIGNIFICANT or not self.difference:
            return None
        return self.first if self.difference > 0 else self.second


def corrected_t_test(differences: np.ndarray, n_train: float, n_validation: float) -> tuple[float | None, float | None]:
    """Mean difference over folds and its two-sided p-value by the corrected resampled t-test.

    Folds share most of their training stars, so their differences are not independent; the variance is enlarged by
    n_validation / n_train (Nadeau & Bengio 2003, Machine Learning 52, 239, eq. 9 and section 4.1).

    Parameters
    ----------
    differences : ndarray of shape (n_folds,)
        Of one figure of merit, in the same folds.
    n_train, n_validation : float
        Mean numbers of stars that trained and validated a fold.

    Returns
    -------
    (mean, p): (None, None) without a fold, p None with one fold. Equal differences in all folds have p = 0, or 1 where
    they are zero.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.size == 0:
        return None, None
    mean = float(d.mean())
    if d.size == 1:
        return mean, None
    variance = float(d.var(ddof=1)) * (1 / d.size + n_validation / n_train)
    if variance <= 1e-30:
        return mean, 1.0 if abs(mean) < 1e-15 else 0.0
    from scipy.stats import t

    return mean, float(2 * t.sf(abs(mean) / np.sqrt(variance), d.size - 1))


def mcnemar_exact(first_correct: np.ndarray, second_correct: np.ndarray) -> tuple[float | None, float | None, int]:
    """Difference of accuracy on the same stars and its exact two-sided p-value.

    Only stars on which exactly one of the two is right can tell them apart; under equality each falls to either with
    probability one half (McNemar 1947, Psychometrika 12, 153; exact binomial form: Dietterich 1998, Neural Computation
    10, 1895).

    Returns
    -------
    (difference, p, n): n discordant stars; p = 1 without any; (None, None, 0) without a star.
    """
    a, b = np.asarray(first_correct, dtype=bool), np.asarray(second_correct, dtype=bool)
    if a.shape != b.shape:
        raise UsageError(f"verdicts on {a.size} and {b.size} stars: McNemar's test needs the same stars")
    if a.size == 0:
        return None, None, 0
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    n = only_first + only_second
    if n == 0:
        return 0.0, 1.0, 0
    from scipy.stats import binomtest

    return (only_first - only_second) / a.size, float(binomtest(only_first, n, 0.5).pvalue), n


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment; None stays None and does not count as a test."""
    known = [i for i, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(sorted(known, key=lambda i: p_values[i])):  # type: ignore[arg-type,return-value]
        highest = max(highest, min(1.0, (len(known) - rank) * float(p_values[i])))  # type: ignore[arg-type]
        adjusted[i] = highest
    return adjusted


def compare_folds(
    figures: Mapping[str, Mapping[int, float | None]], n_train: float, n_validation: float
) -> list[PairedTest]:
    """Every pair of classifiers by the corrected t-test over the folds that both have.

    Parameters
    ----------
    figures : mapping of name to {fold: figure of merit}
    """
    tests = []
    for first, second in combinations(figures, 2):
        a, b = figures[first], figures[second]
        common = sorted(fold for fold in set(a) & set(b) if a[fold] is not None and b[fold] is not None)
        differences = np.array([a[fold] - b[fold] for fold in common])  # type: ignore[operator]
        mean, p = corrected_t_test(differences, n_train, n_validation)
        tests.append(PairedTest(first, second, mean, p, len(common)))
    return _adjusted(tests)


def compare_verdicts(correct: Mapping[str, np.ndarray]) -> list[PairedTest]:
    """Every pair of classifiers by McNemar's exact test; `correct` has one bool ndarray (n_stars,) per name."""
    tests = []
    for first, second in combinations(correct, 2):
        difference, p, n = mcnemar_exact(correct[first], correct[second])
        tests.append(PairedTest(first, second, difference, p, n))
    return _adjusted(tests)


def _adjusted(tests: list[PairedTest]) -> list[PairedTest]:
    values = holm([test.p_value for test in tests])
    return [PairedTest(t.first, t.second, t.difference, t.p_value, t.n, p) for t, p in zip(tests, values, strict=True)]
