"""Several networks side by side: learning curves, accuracy against cost, pairwise comparison."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.evaluation.comparison import ComparisonRow
from core.evaluation.pairwise_comparison import PairwiseComparison
from core.figures.layout import blank_figure, legend_below
from core.figures.palette import BLUE, GREY, OVERLAY_COLOURS, VERMILION, colours_in_turn, translucent

MOST_CURVES = len(OVERLAY_COLOURS)
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down", "pentagon", "hexagram")
_INK = "#172033"
"""Text on the tints of `pairwise_figure`, which are light in both themes."""
CURVE_TITLES = {"loss": "Loss", "accuracy": "Accuracy"}


def learning_curves_figure(
    curves: Mapping[str, pd.DataFrame], quantity: str = "loss", colours: Mapping[str, str] | None = None
) -> go.Figure:
    """Mean over folds of a quantity against the epoch, validation solid with the folds' range, training dotted.

    Parameters
    ----------
    curves : mapping of name to DataFrame with fold, epoch, loss, val_loss, accuracy, val_accuracy
        At most `MOST_CURVES` are drawn.
    quantity : 'loss' or 'accuracy'
    colours : mapping of name to colour, or None
        Those that the names have in other figures too.
    """
    colours = colours or colours_in_turn(list(curves))
    figure = blank_figure(
        title=f"{CURVE_TITLES[quantity]} of the folds",
        x_title="Epoch",
        y_title=CURVE_TITLES[quantity],
        height=460,
        x={"tickformat": "d"},
    )
    for name, table in list(curves.items())[:MOST_CURVES]:
        colour = colours[name]
        epochs = table.groupby("epoch")[[quantity, f"val_{quantity}"]].agg(["mean", "min", "max", "count"])
        validation, epoch = epochs[f"val_{quantity}"], epochs.index.to_numpy()
        band_x = np.concatenate([epoch, epoch[::-1]])
        band_y = np.concatenate([validation["max"], validation["min"][::-1]])
        figure.add_scatter(
            x=band_x,
            y=band_y,
            fill="toself",
            mode="lines",
            fillcolor=translucent(colour, 0.15),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
        for part, dash in ((f"val_{quantity}", "solid"), (quantity, "dot")):
            figure.add_scatter(
                x=epoch,
                y=epochs[part]["mean"],
                mode="lines",
                line={"color": colour, "width": 2, "dash": dash},
                name=name if dash == "solid" else f"{name}, training",
                legendgroup=name,
                showlegend=dash == "solid",
                customdata=epochs[part]["count"],
                hovertemplate=f"{name}, {'validation' if dash == 'solid' else 'training'}, epoch %{{x}}: %{{y:.4f}} "
                "(%{customdata} folds)<extra></extra>",
            )
    return figure


def cost_figure(rows: Sequence[ComparisonRow], cost: str) -> go.Figure:
    """Validation accuracy with its deviation over the folds against 'parameters' or 'stars_per_s' (logarithmic)."""
    title = {"parameters": "Trainable parameters", "stars_per_s": "Spectra per second (one thread)"}[cost]
    colours = colours_in_turn([row.run for row in rows])
    known = [row for row in rows if getattr(row, cost) and row.val_accuracy_mean is not None]
    figure = blank_figure(
        title=f"Accuracy against {'size' if cost == 'parameters' else 'speed'}",
        x_title=title,
        y_title="Validation accuracy",
        height=440,
        x={"type": "log", "tickformat": "~s", "dtick": 1},
        legend=legend_below(440 - 170),
    )
    for number, row in enumerate(known):
        figure.add_scatter(
            x=[getattr(row, cost)],
            y=[row.val_accuracy_mean],
            error_y={"array": [row.val_accuracy_std or 0], "color": GREY, "thickness": 1.5},
            mode="markers",
            name=row.title,
            marker={
                "size": 12,
                "color": colours[row.run],
                "symbol": _SYMBOLS[number % len(_SYMBOLS)],
            },
            hovertemplate=f"{row.title}: %{{y:.4f}} at %{{x:,.0f}}<extra></extra>",
        )
    return figure


def pairwise_figure(matrix: PairwiseComparison, titles: Mapping[str, str]) -> go.Figure:
    """Difference of every pair, row minus column, coloured where it is beyond chance."""
    names = list(matrix.names)
    shade = np.full((len(names), len(names)), np.nan)
    text, hover = np.full(shade.shape, "", dtype=object), np.full(shade.shape, "", dtype=object)
    for (first, second), test in matrix.tests.items():
        cell = names.index(first), names.index(second)
        if test.difference is None:
            text[cell], hover[cell], shade[cell] = "–", "no common fold", 0.0
            continue
        shade[cell] = 0.0 if test.winner is None else (1.0 if test.winner == first else -1.0)
        points = f"{100 * test.difference:+.1f}"
        text[cell] = points if test.p_adjusted is not None else f"({points})"
        p = "no p-value" if test.p_adjusted is None else f"p = {test.p_adjusted:.2g} (alone {test.p_value:.2g})"
        hover[cell] = f"{titles[first]} minus {titles[second]}: {100 * test.difference:+.2f} points, {p}"
    labels = [titles[name] for name in names]
    figure = blank_figure(
        title="Row minus column (percentage points)",
        x_title="",
        y_title="",
        height=200 + 34 * len(names),
        x={"side": "bottom", "tickangle": -35, "showgrid": False},
        y={"autorange": "reversed", "showgrid": False},
    )
    figure.add_heatmap(
        x=labels,
        y=labels,
        z=shade,
        text=text,
        customdata=hover,
        texttemplate="%{text}",
        hovertemplate="%{customdata}<extra></extra>",
        colorscale=[[0, _tint(VERMILION, 0.5)], [0.5, _tint(GREY, 0.2)], [1, _tint(BLUE, 0.5)]],
        textfont={"color": _INK},
        zmin=-1,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    return figure


def _tint(colour: str, share: float) -> str:
    """`colour` ('#RRGGBB') mixed with white: the same in the light and in the dark theme."""
    return "#" + "".join(f"{round(255 + share * (int(colour[i : i + 2], 16) - 255)):02X}" for i in (1, 3, 5))
