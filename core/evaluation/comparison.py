"""The table of networks and baselines that a referee would accept: same stars, same folds, spreads and intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.evaluation.kept_figures import held_out_figures, kept_real_rates
from core.runs.published import PUBLISHED
from core.runs.result import RunResult, fold_metrics, mean_and_std
from core.statistics.intervals import UNKNOWN, Interval

FOLD_FIGURES = ("accuracy", "f1", "roc_auc", "average_precision", "brier", "ece")
BASELINE_TITLES = {
    "gradient_boosting": "Boosted trees (spectrum)",
    "logistic": "Logistic regression (spectrum)",
    "metadata": "Position and brightness alone",
}


@dataclass(frozen=True)
class ComparisonRow:
    """One network or baseline; None where a figure does not exist (baselines have no losses).

    Attributes
    ----------
    val_*_mean, val_*_std : float or None
        Over the folds, of out-of-fold probabilities (standard deviation with ddof 1).
    test_*, brier, ece, log_loss : Interval
        On the held-out stars, with the 95 % bootstrap interval.
    train_loss, val_loss : float or None
        At each fold's best epoch, mean over the folds.
    real_recall, real_false_positive : Interval
        Of the shipped real stars, by members that never saw them: O to B2.5 stars found, low-mass stars called massive
        (95 % Wilson); unknown where the run cannot judge them here.
    n_by_patience, n_by_limit : int or None
        Folds whose training ended because nothing became better any more, and because the epochs were over.
    stars_per_s : float or None
        Spectra that one member classifies per second here; None where it was not measured.
    """

    model: str
    title: str
    run: str
    kind: str
    parameters: int | None
    n_folds: int
    train_loss: float | None
    val_loss: float | None
    published_train_loss: float | None
    published_val_loss: float | None
    val_accuracy_mean: float | None
    val_accuracy_std: float | None
    published_val_accuracy: float | None
    val_f1_mean: float | None
    val_f1_std: float | None
    val_auc_mean: float | None
    val_auc_std: float | None
    val_ap_mean: float | None
    val_ap_std: float | None
    val_brier_mean: float | None
    val_ece_mean: float | None
    test_accuracy: Interval
    test_f1: Interval
    test_auc: Interval
    test_ap: Interval
    brier: Interval
    ece: Interval
    log_loss: Interval
    seconds_per_epoch: float | None
    stars_per_s: float | None
    real_recall: Interval = UNKNOWN
    real_false_positive: Interval = UNKNOWN
    published_remark: str = ""
    n_by_patience: int | None = None
    n_by_limit: int | None = None


def grounds(results: Sequence[RunResult]) -> dict[tuple[str, str], list[RunResult]]:
    """Runs by their data and fold map, the largest group first: only runs of one group can be compared."""
    groups: dict[tuple[str, str], list[RunResult]] = {}
    for result in results:
        groups.setdefault(result.same_data_and_folds, []).append(result)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def check_comparable(results: Sequence[RunResult]) -> None:
    """Refuse runs on different data or folds (UsageError with the groups)."""
    groups = grounds(results)
    if len(groups) > 1:
        named = "; ".join(
            f"{', '.join(run.name for run in runs)}: data {data[:8] or 'unknown'}, folds {folds[:8] or 'unknown'}"
            for (data, folds), runs in groups.items()
        )
        raise UsageError(
            f"these runs stand on {len(groups)} different grounds ({named}); only runs on the same data and the same "
            "folds can be compared: give those of one group"
        )


def same_test_stars(one: RunResult, others: Sequence[RunResult]) -> list[RunResult]:
    """Those of `others` that were trained on the same data and tested on the same stars, whatever their folds."""
    held_out = set(one.test["source_id"])
    return [
        other
        for other in others
        if held_out
        and other.same_data_and_folds[0] == one.same_data_and_folds[0]
        and set(other.test["source_id"]) == held_out
    ]


def check_same_test_stars(results: Sequence[RunResult]) -> None:
    """Refuse runs that were tested on different stars (UsageError naming them)."""
    alike = {run.name for run in same_test_stars(results[0], results)} if results else set()
    strangers = [run.name for run in results if run.name not in alike]
    if strangers:
        raise UsageError(
            f"{', '.join(strangers)}: tested on other stars than {results[0].name}, or on none; only runs on the same "
            "data with the same held-out stars can be compared"
        )


def comparison_row(result: RunResult, *, stars_per_s: float | None = None, n_draws: int = 1000) -> ComparisonRow:
    """The row of a network."""
    published = PUBLISHED.get(result.model)
    folds = _fold_figures(result.oof)
    label, probability = result.test["label"].to_numpy(), result.test["probability"].to_numpy(np.float64)
    test = held_out_figures(result.folder, label, probability, n_draws=n_draws)
    train_loss, val_loss = best_losses(result)
    seconds = result.curves["seconds"].dropna()
    real_recall, real_false_positive = kept_real_rates(result.folder)
    ended = how_it_ended(result)
    return ComparisonRow(
        model=result.model,
        title=result.title,
        run=result.name,
        kind="network",
        parameters=result.parameters,
        n_folds=len(result.folds),
        train_loss=train_loss,
        val_loss=val_loss,
        published_train_loss=published.train_loss if published else None,
        published_val_loss=published.val_loss if published else None,
        published_val_accuracy=published.val_accuracy if published else None,
        test_accuracy=test["accuracy"],
        test_f1=test["f1"],
        test_auc=test["roc_auc"],
        test_ap=test["average_precision"],
        brier=test["brier"],
        ece=test["ece"],
        log_loss=test["log_loss"],
        seconds_per_epoch=float(seconds.mean()) if len(seconds) else None,
        stars_per_s=stars_per_s,
        real_recall=real_recall,
        real_false_positive=real_false_positive,
        published_remark=published.remark if published else "",
        n_by_patience=None if ended is None else ended[0],
        n_by_limit=None if ended is None else ended[1],
        **_fold_columns(folds),
    )


def how_it_ended(result: RunResult) -> tuple[int, int] | None:
    """Folds that patience ended and folds that the limit of epochs ended; None where the run does not tell."""
    members = [member for member in result.run.every_member if member.epochs]
    if not members or not result.run.epochs:
        return None
    by_limit = sum(member.epochs >= result.run.epochs for member in members)
    return len(members) - by_limit, by_limit


def baseline_rows(result: RunResult, *, n_draws: int = 1000) -> list[ComparisonRow]:
    """The rows of the baselines that were fitted on a run's folds; test figures where they were stored."""
    if result.baselines is None:
        return []
    rows = []
    for name, table in result.baselines.groupby("baseline", sort=False):
        folds = _fold_figures(table)
        empty = {field.name: UNKNOWN if field.type is Interval else None for field in fields(ComparisonRow)}
        known = {
            "model": str(name),
            "title": BASELINE_TITLES.get(str(name), str(name)),
            "run": result.name,
            "kind": "baseline",
            "n_folds": int(table["fold"].nunique()),
            "published_remark": "",
        }
        values = empty | known | _fold_columns(folds) | _test_columns(result, str(name), n_draws)
        rows.append(ComparisonRow(**values))  # type: ignore[arg-type]
    return rows


def _test_columns(result: RunResult, baseline: str, n_draws: int) -> dict[str, Interval]:
    if result.baselines_test is None:
        return {}
    table = result.baselines_test[result.baselines_test["baseline"] == baseline]
    if table["label"].nunique() < 2:
        return {}
    label, probability = table["label"].to_numpy(), table["probability"].to_numpy(np.float64)
    test = held_out_figures(result.folder, label, probability, n_draws=n_draws)
    known = {"accuracy": "test_accuracy", "f1": "test_f1", "roc_auc": "test_auc", "average_precision": "test_ap"}
    return {known.get(name, name): test[name] for name in (*known, "brier", "ece", "log_loss")}


def _fold_figures(table: pd.DataFrame) -> dict[str, tuple[float | None, float | None]]:
    metrics = fold_metrics(table)
    return {name: mean_and_std({fold: getattr(m, name) for fold, m in metrics.items()}) for name in FOLD_FIGURES}


def _fold_columns(folds: dict[str, tuple[float | None, float | None]]) -> dict[str, float | None]:
    short = {"accuracy": "accuracy", "f1": "f1", "roc_auc": "auc", "average_precision": "ap"}
    columns = {}
    for figure, name in short.items():
        columns[f"val_{name}_mean"], columns[f"val_{name}_std"] = folds[figure]
    return columns | {"val_brier_mean": folds["brier"][0], "val_ece_mean": folds["ece"][0]}


def best_losses(result: RunResult) -> tuple[float | None, float | None]:
    """Training and validation loss at the epoch whose weights each fold kept, mean over the folds."""
    best = {m.fold: m.best_epoch for m in result.run.every_member if m.best_epoch is not None}
    curves = result.curves
    kept = curves[curves["epoch"] == curves["fold"].map(best)]
    if kept.empty:
        return None, None
    train, validation = kept["loss"].dropna(), kept["val_loss"].dropna()
    return float(train.mean()) if len(train) else None, float(validation.mean()) if len(validation) else None


def comparison_rows(
    results: Sequence[RunResult], *, speeds: dict[str, float] | None = None, n_draws: int = 1000
) -> list[ComparisonRow]:
    """Networks, then the baselines of the first run that has them; the runs must be comparable."""
    check_comparable(results)
    rows = [comparison_row(r, stars_per_s=(speeds or {}).get(r.name), n_draws=n_draws) for r in results]
    first = next((result for result in results if result.baselines is not None), None)
    return rows if first is None else rows + baseline_rows(first, n_draws=n_draws)


def comparison_table(rows: Sequence[ComparisonRow]) -> pd.DataFrame:
    """The rows as numbers: an interval becomes three columns (`test_accuracy`, `_low`, `_high`); unknown is None."""
    records = []
    for row in rows:
        record: dict = {}
        for field in fields(ComparisonRow):
            value = getattr(row, field.name)
            if isinstance(value, Interval):
                parts = (field.name, value.value), (f"{field.name}_low", value.low), (f"{field.name}_high", value.high)
                record.update(parts)
            else:
                record[field.name] = value
        records.append(record)
    table = pd.DataFrame(records, dtype=object)
    return table.where(table.notna(), None)
