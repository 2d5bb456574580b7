"""The comparison as text: CSV with every number, Markdown and LaTeX for a paper."""

from collections.abc import Sequence

import pandas as pd

from core.errors import UsageError
from core.evaluation.comparison import ComparisonRow, comparison_table
from core.spreadsheet import defused
from core.statistics.intervals import Interval

FORMATS = ("csv", "md", "latex")
UNKNOWN_TEXT = "–"


def comparison_text(rows: Sequence[ComparisonRow], file_format: str) -> str:
    """The table in one of `FORMATS`; UsageError for another one."""
    if file_format not in FORMATS:
        raise UsageError(f"format {file_format!r} is unknown; choose one of {', '.join(FORMATS)}")
    if file_format == "csv":
        return defused(comparison_table(rows)).to_csv(index=False, float_format="%.6g")
    table = printed_table(rows, plus_minus=r"$\pm$" if file_format == "latex" else "±")
    return _latex(table) if file_format == "latex" else _markdown(table)


def printed_table(rows: Sequence[ComparisonRow], *, plus_minus: str = "±") -> pd.DataFrame:
    """The columns that fit on a page, as text with spreads: fold means ± deviation, test values with intervals."""

    def spread(mean: float | None, std: float | None) -> str:
        if mean is None:
            return UNKNOWN_TEXT
        return f"{mean:.4f}" + ("" if std is None else f" {plus_minus} {std:.4f}")

    return pd.DataFrame(
        [
            {
                "Model": row.title,
                "Parameters": _whole(row.parameters),
                "Folds": _whole(row.n_folds),
                "Ended by": ended_text(row),
                "Train loss": _number(row.train_loss, 3),
                "Val. loss": _number(row.val_loss, 3),
                "Val. accuracy": spread(row.val_accuracy_mean, row.val_accuracy_std),
                "Published": _number(row.published_val_accuracy, 4),
                "Val. AUC": spread(row.val_auc_mean, row.val_auc_std),
                "Test accuracy": interval_text(row.test_accuracy),
                "Test F1": interval_text(row.test_f1),
                "Test AUC": interval_text(row.test_auc),
                "Test AP": interval_text(row.test_ap),
                "Brier": interval_text(row.brier),
                "ECE": interval_text(row.ece),
                "Real OB found": interval_text(row.real_recall, 2),
                "Real false pos.": interval_text(row.real_false_positive),
                "s/epoch": _number(row.seconds_per_epoch, 2),
                "Stars/s": _whole(row.stars_per_s),
            }
            for row in rows
        ]
    )


def ended_text(row: ComparisonRow) -> str:
    """'patience 7, limit 3': how many folds ended why, or a dash."""
    named = (("patience", row.n_by_patience), ("limit", row.n_by_limit))
    return ", ".join(f"{name} {n}" for name, n in named if n) or UNKNOWN_TEXT


def interval_text(interval: Interval, digits: int = 4) -> str:
    """'0.9626 (0.957-0.968)', or a dash."""
    if interval.value is None:
        return UNKNOWN_TEXT
    if interval.low is None or interval.high is None:
        return f"{interval.value:.{digits}f}"
    return f"{interval.value:.{digits}f} ({interval.low:.{digits}f}-{interval.high:.{digits}f})"


def _number(value: float | None, digits: int) -> str:
    return UNKNOWN_TEXT if value is None else f"{value:.{digits}f}"


def _whole(value: float | None) -> str:
    return UNKNOWN_TEXT if value is None else f"{value:,.0f}"


def _markdown(table: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(table.columns) + " |", "|---" * len(table.columns) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def _latex(table: pd.DataFrame) -> str:
    """A booktabs tabular; every cell is escaped but the plus-minus signs."""
    body = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in table.itertuples(index=False)]
    head = " & ".join(_escaped(name) for name in table.columns) + r" \\"
    columns = "l" + "r" * (len(table.columns) - 1)
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    for plain in "&%#_":
        text = text.replace(plain, f"\\{plain}")
    return text.replace(UNKNOWN_TEXT, "--")
