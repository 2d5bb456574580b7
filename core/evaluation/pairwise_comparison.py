"""Every pair of comparable runs tested against each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import UsageError
from core.evaluation.comparison import check_comparable, check_same_test_stars
from core.gaia.labels import THRESHOLD
from core.runs.result import RunResult, fold_sizes, per_fold
from core.statistics.paired_tests import PairedTest, compare_folds, compare_verdicts

METRICS = {"accuracy": "Accuracy", "roc_auc": "ROC-AUC", "average_precision": "Average precision", "f1": "F1"}
"""Figures of merit that the test over folds can compare; larger is better."""
TESTS = {"folds": "Corrected t-test over the folds", "test": "McNemar's exact test on the test set"}


@dataclass(frozen=True)
class PairwiseComparison:
    """Which of two runs is better, and whether beyond chance, for every pair.

    Attributes
    ----------
    names : tuple of str
        Runs and baselines, in the order of the table.
    tests : dict of (first, second) to PairedTest
        Both orders of every pair.
    """

    names: tuple[str, ...]
    tests: dict[tuple[str, str], PairedTest]

    def wins(self, name: str) -> int:
        """How many others it beats beyond chance."""
        return sum(test.winner == name for (first, _), test in self.tests.items() if first == name)


def compare_pairwise(results: Sequence[RunResult], metric: str = "accuracy", test: str = "folds") -> PairwiseComparison:
    """Every pair of runs (over folds: also the baselines) by one of TESTS; p-values adjusted for all pairs.

    Parameters
    ----------
    metric : one of METRICS
        Over the folds; on the test set the verdicts at the threshold 0.5 are compared, whatever it says.

    Raises
    ------
    UsageError
        Runs on different data or, over the folds, on different folds; or an unknown test or metric.
    """
    if metric not in METRICS or test not in TESTS:
        raise UsageError(
            f"test {test!r} of {metric!r} is unknown; choose from {', '.join(TESTS)} and {', '.join(METRICS)}"
        )
    if test == "folds":
        check_comparable(results)
        figures = {result.name: per_fold(result.oof, metric) for result in results}
        first = next((result for result in results if result.baselines is not None), None)
        if first is not None and first.baselines is not None:
            for name, table in first.baselines.groupby("baseline", sort=False):
                figures[str(name)] = per_fold(table, metric)
        names, pairs = tuple(figures), compare_folds(figures, *fold_sizes(results[0])) if results else []
    else:
        check_same_test_stars(results)
        correct = {result.name: _correct(result, results[0]) for result in results}
        names, pairs = tuple(correct), compare_verdicts(correct)
    both = {(pair.first, pair.second): pair for pair in pairs}
    return PairwiseComparison(names, both | {(p.second, p.first): _mirrored(p) for p in pairs})


def _correct(result: RunResult, first: RunResult):
    """Whether each verdict on the test stars is right, in the order of the first run's stars."""
    table = result.test.set_index("source_id").loc[first.test["source_id"]]
    return ((table["probability"] >= THRESHOLD) == (table["label"] == 1)).to_numpy()


def _mirrored(test: PairedTest) -> PairedTest:
    difference = None if test.difference is None else -test.difference
    return replace(test, first=test.second, second=test.first, difference=difference)
