"""One run's verdicts on stars that it did not see: curves, probabilities by class, reliability, groups of stars."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.evaluation.calibration_methods import CalibrationResult
from core.evaluation.curves import CurvePoints
from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY, LABEL_COLOURS, LABELS, OVERLAY_COLOURS, translucent
from core.statistics.intervals import Interval

N_HISTOGRAM_BINS = 50


def roc_figure(points: CurvePoints, area: Interval) -> go.Figure:
    """Completeness against false positive rate, pointwise 95 % band, chance as a diagonal."""
    return _curve_figure(points, "ROC curve", area, "False positive rate", "Completeness", chance=True)


def precision_recall_figure(points: CurvePoints, area: Interval) -> go.Figure:
    """Precision of the set itself against completeness, with its pointwise 95 % band."""
    return _curve_figure(points, "Precision and recall", area, "Completeness (recall)", "Precision of this set")


def _curve_figure(
    points: CurvePoints, title: str, area: Interval, x_title: str, y_title: str, *, chance: bool = False
) -> go.Figure:
    shown = "" if area.value is None else f", area {area.value:.4f} ({area.low:.4f}–{area.high:.4f})"
    axis = {"range": [-0.02, 1.02]}
    figure = blank_figure(
        title=f"{title}{shown}", x_title=x_title, y_title=y_title, height=380, x=axis, y=axis, showlegend=False
    )
    if chance:
        line = {"color": GREY, "width": 1, "dash": "dot"}
        figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=np.concatenate([points.x, points.x[::-1]]),
        y=np.concatenate([points.high, points.low[::-1]]),
        mode="lines",
        fill="toself",
        fillcolor=translucent(BLUE, 0.2),
        line={"width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=points.x,
        y=points.y,
        mode="lines",
        line={"color": BLUE, "width": 2},
        customdata=points.threshold,
        hovertemplate="threshold %{customdata:.4f}: x %{x:.4f}, y %{y:.4f}<extra></extra>",
    )
    return figure


def probability_figure(label: np.ndarray, probability: np.ndarray) -> go.Figure:
    """Stars of each class per bin of the calibrated probability, counts logarithmic.

    Parameters
    ----------
    label : ndarray of shape (n_stars,)
        1 massive, 0 low-mass.
    probability : ndarray of shape (n_stars,)
    """
    figure = blank_figure(
        title="Probabilities of both classes",
        x_title="Calibrated probability of massive, equal priors",
        y_title="Stars per bin",
        height=380,
        x={"range": [-0.01, 1.01]},
        y={"type": "log", "dtick": 1},
    )
    for name, value in zip(LABELS, (1, 0), strict=True):
        count, edges = np.histogram(probability[label == value], bins=N_HISTOGRAM_BINS, range=(0, 1))
        shown = np.where(count > 0, count, np.nan)
        figure.add_scatter(
            x=edges,
            y=np.append(shown, shown[-1]),
            mode="lines",
            line={"shape": "hv", "color": LABEL_COLOURS[name], "width": 2},
            name=name,
            hovertemplate=f"{name}, from %{{x:.2f}}: %{{y:,}} stars<extra></extra>",
        )
    return figure


def reliability_figure(results: Sequence[CalibrationResult]) -> go.Figure:
    """Observed against predicted frequency of each calibration, bars of 95 %, the ideal as a diagonal."""
    figure = blank_figure(
        title="Reliability at equal priors",
        x_title="Mean predicted probability",
        y_title="Observed fraction of massive stars",
        height=440,
        x={"range": [-0.02, 1.02]},
        y={"range": [-0.02, 1.02]},
    )
    line = {"color": GREY, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="ideal", hoverinfo="skip")
    colours = {"platt": BLUE}
    for result, colour in zip(results, OVERLAY_COLOURS, strict=False):
        bins, mine = result.reliability, colours.get(result.method, colour)
        in_use = result.method == "platt"
        figure.add_scatter(
            x=bins.predicted,
            y=bins.observed,
            error_y={
                "array": bins.high - bins.observed,
                "arrayminus": bins.observed - bins.low,
                "color": mine,
                "thickness": 1,
                "visible": in_use,
            },
            mode="lines+markers",
            line={"color": mine, "width": 2.5 if in_use else 1.2},
            marker={"size": 7 if in_use else 4},
            name=f"{result.title}, ECE {_three(result.metrics.ece)}",
            customdata=bins.count,
            hovertemplate="%{x:.3f} predicted, %{y:.3f} observed, %{customdata:,} stars<extra></extra>",
        )
    return figure


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def rates_figure(
    title: str, groups: Sequence[str], series: Mapping[str, tuple[str, Sequence[Interval], Sequence[int]]], x_title: str
) -> go.Figure:
    """Rates of groups of stars with exact 95 % intervals, one row per group.

    Parameters
    ----------
    groups : sequence of n_groups names, drawn from the top
    series : dict of name to (colour, n_groups intervals, n_groups numbers of stars)
    """
    figure = blank_figure(
        title=title,
        x_title=x_title,
        y_title="",
        height=140 + 30 * len(groups),
        x={"range": [-0.02, 1.02], "tickformat": ".0%"},
        y={"autorange": "reversed", "categoryorder": "array", "categoryarray": list(groups)},
    )
    for name, (colour, rates, numbers) in series.items():
        rows = [
            (group, rate.value, rate.low or 0.0, rate.high or 0.0, n)
            for group, rate, n in zip(groups, rates, numbers, strict=True)
            if rate.value is not None
        ]
        if not rows:
            continue
        place, value, low, high, n = (list(column) for column in zip(*rows, strict=True))
        figure.add_scatter(
            x=value,
            y=place,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9},
            error_x={
                "array": np.subtract(high, value),
                "arrayminus": np.subtract(value, low),
                "color": colour,
                "thickness": 1.5,
            },
            customdata=n,
            hovertemplate=f"%{{y}}: %{{x:.2%}} of %{{customdata:,}} stars<extra>{name}</extra>",
        )
    return figure
