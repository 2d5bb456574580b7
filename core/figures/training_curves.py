"""Learning curves of a network: mean over its folds, and the band that the folds fill."""

import pandas as pd
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import GREEN, PINK, translucent

QUANTITIES = {"loss": "Loss", "accuracy": "Accuracy"}
_SERIES = (("", "Training", GREEN), ("val_", "Validation", PINK))


def curves_figure(curves: pd.DataFrame, quantity: str, title: str) -> go.Figure:
    """Training and validation against the epoch.

    Parameters
    ----------
    curves : DataFrame
        Columns fold, epoch and `quantity` with and without 'val_' in front; one row per fold and epoch.
    quantity : 'loss' or 'accuracy'
    title : str

    Returns
    -------
    Figure: line = mean over the folds that reached the epoch, band = smallest to largest of them.
    """
    figure = blank_figure(
        title=title, x_title="Epoch", y_title=QUANTITIES[quantity], height=320, x={"rangemode": "tozero"}
    )
    for prefix, name, colour in _SERIES:
        by_epoch = curves.groupby("epoch")[f"{prefix}{quantity}"]
        mean, low, high = by_epoch.mean(), by_epoch.min(), by_epoch.max()
        if len(curves["fold"].unique()) > 1:
            figure.add_scatter(
                x=[*mean.index, *mean.index[::-1]],
                y=[*high, *low[::-1]],
                mode="lines",  # below 20 points Plotly would add markers
                fill="toself",
                fillcolor=translucent(colour, 0.2),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        figure.add_scatter(
            x=mean.index, y=mean, mode="lines+markers", marker={"size": 4}, name=name, line={"color": colour}
        )
    return figure


def representations_figure(table: pd.DataFrame, title: str) -> go.Figure:
    """Validation accuracy of one network by representation, the best on top.

    Parameters
    ----------
    table : DataFrame
        Columns title, accuracy, accuracy_std (NaN with one fold), one row per run.
    """
    rows = table.iloc[::-1]
    figure = blank_figure(
        title=title, x_title="Validation accuracy", y_title="", height=120 + 36 * len(rows), showlegend=False
    )
    figure.add_scatter(
        x=rows["accuracy"],
        y=rows["title"],
        mode="markers",
        marker={"size": 10, "color": GREEN},
        error_x={"type": "data", "array": rows["accuracy_std"].fillna(0.0), "color": GREEN},
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )
    return figure
