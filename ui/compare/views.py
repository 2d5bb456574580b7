"""Parts of the page Compare."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import pandas as pd
import streamlit as st

from core.evaluation.comparison import ComparisonRow, comparison_table
from core.evaluation.comparison_text import comparison_text, ended_text
from core.evaluation.pairwise_comparison import METRICS, TESTS
from core.figures.comparison import MOST_CURVES, cost_figure, learning_curves_figure, pairwise_figure
from core.figures.palette import colours_in_turn
from core.gaia.labels import THRESHOLD
from core.runs.published import NOT_LIKE_FOR_LIKE, PUBLISHED_BOOSTING_AUC
from core.runs.result import RunResult
from ui import state
from ui.evaluate import cache as evaluation_cache
from ui.parts.choice import choose_one
from ui.parts.downloads import download_each
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown

_COLUMNS: dict[str, tuple[str, str | None, str]] = {
    # column of the table: heading, number format (None: text), help
    "title": ("Model", None, "Networks, then baselines on the same folds."),
    "parameters": ("Parameters", "localized", "Trainable parameters."),
    "n_folds": ("Folds", "%d", "Folds that were trained; means over few folds are uncertain."),
    "ended_by": ("Ended by", None, "Folds that stopped because nothing became better (patience) or at the last epoch."),
    "val_accuracy_mean": ("Val. accuracy", "%.4f", "Mean over folds of out-of-fold verdicts at threshold 0.5."),
    "val_accuracy_std": ("± folds", "%.4f", "Standard deviation over the folds."),
    "published_val_accuracy": ("Published", "%.4f", "Validation accuracy of the published study; see the note below."),
    "val_auc_mean": ("Val. AUC", "%.4f", "Area under the ROC curve, mean over folds."),
    "val_auc_std": ("± AUC", "%.4f", "Standard deviation over the folds."),
    "test_accuracy": ("Test accuracy", "%.4f", "On the held-out stars, mean of the members."),
    "test_accuracy_range": ("95 % interval", None, "Bootstrap over stars within each class."),
    "test_f1": ("Test F1", "%.4f", "At threshold 0.5."),
    "test_auc": ("Test AUC", "%.4f", "Area under the ROC curve."),
    "test_auc_range": ("95 % of AUC", None, "Bootstrap over stars within each class."),
    "test_ap": ("Test AP", "%.4f", "Average precision."),
    "brier": ("Brier", "%.4f", "Mean squared error of the probability; smaller is better."),
    "ece": ("ECE", "%.4f", "Expected calibration error in 15 bins, at equal priors; smaller is better."),
    "real_recall": ("Real OB found", "%.3f", "Of the shipped real O to B2.5 stars, by members that never saw them."),
    "real_recall_range": ("95 % of found", None, "Wilson interval: the stars are few."),
    "real_false_positive": ("Real false pos.", "%.4f", "Of the shipped real low-mass stars, called massive."),
    "real_false_positive_range": ("95 % of false", None, "Wilson interval."),
    "train_loss": ("Train loss", "%.3f", "At each fold's best epoch, mean over folds."),
    "val_loss": ("Val. loss", "%.3f", "At each fold's best epoch, mean over folds."),
    "published_val_loss": ("Published val. loss", "%.2f", "Of the published study, at its last epochs."),
    "seconds_per_epoch": ("s per epoch", "%.2f", "As trained, on the run's own device."),
    "stars_per_s": ("Stars per s", "localized", "One member on one thread of this machine."),
    "published_remark": ("Published: note", None, "Why a published row is not like for like."),
}


_GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "main": ("The main figures", ("title", "n_folds", "val_accuracy_mean", "test_accuracy", "test_auc", "ece",
                                  "real_recall", "real_false_positive")),
    "accuracy": ("Accuracy", ("title", "val_accuracy_mean", "val_accuracy_std", "published_val_accuracy",
                              "test_accuracy", "test_accuracy_range", "test_f1")),
    "areas": ("Areas", ("title", "val_auc_mean", "val_auc_std", "test_auc", "test_auc_range", "test_ap")),
    "calibration": ("Calibration and loss", ("title", "brier", "ece", "ended_by", "train_loss", "val_loss",
                                              "published_val_loss")),
    "real": ("Real stars", ("title", "real_recall", "real_recall_range", "real_false_positive",
                            "real_false_positive_range")),
    "cost": ("Size and speed", ("title", "parameters", "seconds_per_epoch", "stars_per_s")),
    "all": ("Every column (scrolls sideways)", tuple(_COLUMNS)),
}  # fmt: skip
"""What is shown together, so that no column is cut off; downloads hold all."""


def rows_of(results: Sequence[RunResult]) -> list[ComparisonRow]:
    """The table's rows: networks with measured speed, then baselines."""
    rows = []
    for result in results:
        row = evaluation_cache.comparison_row(result, evaluation_cache.version_of(result))
        speed = evaluation_cache.stars_per_second(result.folder, evaluation_cache.version_of(result))
        rows.append(replace(row, run=result.name, stars_per_s=speed))
    first = next((result for result in results if result.baselines is not None), None)
    return rows if first is None else rows + evaluation_cache.baseline_rows(first, evaluation_cache.version_of(first))


def show_table(rows: Sequence[ComparisonRow]) -> None:
    """Every row, sortable by a click on a heading, with downloads."""
    table = comparison_table(rows)
    table["ended_by"] = [ended_text(row) for row in rows]
    for name in ("test_accuracy", "test_auc", "real_recall", "real_false_positive"):
        table[f"{name}_range"] = [
            None if low is None else f"{low:.4f}–{high:.4f}"
            for low, high in zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
        ]
    columns = _GROUPS[choose_one("Columns", {key: item[0] for key, item in _GROUPS.items()}, state.COLUMNS)][1]
    shown = pd.DataFrame(
        {
            name: table[name] if number is None else pd.to_numeric(table[name]).astype("Float64")
            for name, (_, number, _) in _COLUMNS.items()
            if name in columns
        }
    )
    config = {
        name: st.column_config.TextColumn(heading, help=text, pinned=name == "title", width=_width(name))
        if number is None
        else st.column_config.NumberColumn(heading, help=text, format=number)
        for name, (heading, number, text) in _COLUMNS.items()
        if name in columns
    }
    st.dataframe(
        shown, hide_index=True, column_config=config, height=38 + 35 * len(shown), placeholder="–", key="comparison"
    )
    st.caption(
        "Validation: stars that the judging member did not see, mean over folds. Test: stars that no member saw. "
        f"Click a heading to sort. *The study*: the published work whose networks and folds these repeat. "
        f"{NOT_LIKE_FOR_LIKE} Its boosted trees on raw flux reached a ROC-AUC of {PUBLISHED_BOOSTING_AUC}."
    )
    _downloads(rows)


def _downloads(rows: Sequence[ComparisonRow]) -> None:
    formats = {".csv": "csv", ".md": "md", ".tex": "latex"}
    named = {"CSV": ".csv", "Markdown": ".md", "LaTeX": ".tex"}
    download_each(named, lambda suffix: comparison_text(rows, formats[suffix]), "comparison")


def show_winners(results: Sequence[RunResult], others: Sequence[RunResult], titles: dict[str, str]) -> None:
    """The matrix of the pairwise comparison; on the held-out stars also against `others`, which have other folds."""
    left, right = st.columns(2)
    with left:
        # Over one or two folds nothing can be beyond chance: then the test set comes first.
        several = sum(len(result.folds) > 2 for result in results) > 1
        test = choose_one("Test", TESTS if several else dict(reversed(TESTS.items())), state.TEST)
    with right:
        metric = choose_one("Figure of merit", METRICS, state.METRIC) if test == "folds" else "accuracy"
    if test == "test":
        results = [*results, *others]
    versions = " ".join(evaluation_cache.version_of(result) for result in results)
    matrix = evaluation_cache.compare_pairwise(list(results), versions, metric, test)
    known = titles | {name: titles.get(name, name) for name in matrix.names}
    caption = (
        "Blue: the row beats the column beyond chance; vermilion: it loses; grey: the difference may be chance (p ≥ "
        "0.05 after Holm's correction for all pairs); in brackets: too few folds in common for a test. "
        + (
            "Only folds that both have count. They share training stars, so the variance is enlarged (Nadeau & Bengio "
            "2003)."
            if test == "folds"
            else "Exact test of the stars that only one of the two classifies rightly; runs with other folds count too."
        )
    )
    show(pairwise_figure(matrix, known), caption, key="winners")
    best = max(matrix.names, key=matrix.wins)
    if matrix.wins(best):
        st.markdown(
            f"**{escape_markdown(known[best])}** beats {matrix.wins(best)} of {len(matrix.names) - 1} others beyond "
            "chance."
        )
    else:
        st.markdown("No network beats another beyond chance: do not choose between them by this figure.")


def show_learning(results: Sequence[RunResult], titles: Mapping[str, str]) -> None:
    """Learning curves of some runs on top of each other; `titles` by name tell two runs of one network apart."""
    ranked = sorted(results, key=_accuracy, reverse=True)
    left, right = st.columns([3, 1])
    with left:
        chosen = st.multiselect(
            "Runs",
            [result.name for result in results],
            [result.name for result in ranked[:3]],
            format_func=titles.__getitem__,
            max_selections=MOST_CURVES,
            key=state.CURVES,
            bind="query-params",
        )
    with right:
        quantity = choose_one("Quantity", {"loss": "Loss", "accuracy": "Accuracy"}, state.QUANTITY)
    if not chosen:
        st.info("Choose at least one run.", icon=":material/show_chart:")
        return
    curves = {titles[name]: next(r for r in results if r.name == name).curves for name in chosen}
    caption = (
        "Solid: validation, mean over folds, band from the lowest to the highest fold; dotted: training. Folds that "
        "stopped early end before the others, so late epochs average fewer folds. A gap that grows is overfitting."
    )
    colours = {titles[name]: colour for name, colour in colours_in_turn([result.name for result in results]).items()}
    show(learning_curves_figure(curves, quantity, colours), caption, key="learning")


def show_cost(rows: Sequence[ComparisonRow]) -> None:
    """Accuracy against size and speed."""
    networks = [row for row in rows if row.kind == "network"]
    caption = "Bars: deviation over the folds. More parameters are not better by themselves."
    show(cost_figure(networks, "parameters"), caption, key="size")
    caption = "Speed of one member with ONNX Runtime on one thread here; an ensemble of ten takes ten times as long."
    show(cost_figure(networks, "stars_per_s"), caption, key="speed")


def _accuracy(result: RunResult) -> float:
    return ((result.oof["probability"] >= THRESHOLD) == (result.oof["label"] == 1)).mean()


def _width(name: str) -> Literal["medium"] | None:
    return "medium" if name == "title" else None
