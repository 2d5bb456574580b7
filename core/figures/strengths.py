"""A star's line strengths beside those of the classes: a strip for each line, one mark for the star."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY, OCHRE, VERMILION, translucent

CLASS_COLOURS = (BLUE, OCHRE, VERMILION)
_GAP = 0.24


def strengths_figure(
    table: pd.DataFrame, quantiles: dict[str, np.ndarray], counts: dict[str, int], limits: np.ndarray
) -> go.Figure:
    """Each feature on its own scale, from the weakest to the strongest that the classes show.

    Parameters
    ----------
    table : DataFrame of feature, strength, error, unit, seen_as (n_features rows)
    quantiles : class to ndarray (n_features, 5): 5, 16, 50, 84 and 95 % of its stars
    counts : class to number of stars
    limits : ndarray (n_features, 2)
        Ends of the scale.
    """
    n = len(table)
    figure = blank_figure(
        title="Strengths against those of real stars", x_title="weak or emission  ←  strength  →  strong absorption",
        y_title="", height=110 + 52 * n, x={"range": [-0.25, 1.25], "showticklabels": False, "zeroline": False},
        y={"tickvals": list(range(n)), "ticktext": table["feature"].tolist(), "range": [n - 0.4, -0.6],
           "zeroline": False, "showgrid": False},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.1, "yanchor": "top"},
    )  # fmt: skip
    span = np.maximum(limits[:, 1] - limits[:, 0], 1e-12)
    for number, (name, values) in enumerate(quantiles.items()):
        place = (values - limits[:, :1]) / span[:, None]
        y = np.arange(n) + (number - 1) * _GAP
        colour = CLASS_COLOURS[number % len(CLASS_COLOURS)]
        for low, high, width, opacity in ((0, 4, 3, 0.45), (1, 3, 9, 0.75)):
            x = np.ravel(np.column_stack([place[:, low], place[:, high], np.full(n, np.nan)]))
            figure.add_scatter(
                x=x, y=np.repeat(y, 3), mode="lines", line={"color": translucent(colour, opacity), "width": width},
                name=f"{name} ({counts[name]})", legendgroup=name, showlegend=width == 9, hoverinfo="skip",
            )  # fmt: skip
    mine = np.clip((table["strength"].to_numpy(float) - limits[:, 0]) / span, -0.22, 1.22)
    zero = -limits[:, 0] / span
    inside = (zero >= 0) & (zero <= 1)
    figure.add_scatter(
        x=zero[inside], y=np.arange(n)[inside], mode="markers", name="no line, no jump", hoverinfo="skip",
        marker={"symbol": "line-ns-open", "size": 34, "color": GREY, "line": {"width": 1.2}},
    )  # fmt: skip
    figure.add_scatter(
        x=mine, y=np.arange(n), mode="markers", name="This star",
        marker={"symbol": "diamond", "size": 13, "color": VERMILION, "line": {"width": 1.5, "color": "white"}},
        text=[f"{row.feature}: {row.strength:+.2f} ± {row.error:.2f} {row.unit}" for row in table.itertuples()],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    return figure
