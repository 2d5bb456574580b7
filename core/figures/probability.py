"""The probability of one star: the mean, its spread and every member of the ensemble."""

import numpy as np
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import LABEL_COLOURS, label_colour, translucent
from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD


def members_figure(member_probabilities: np.ndarray) -> go.Figure:
    """Strip of the members' calibrated probabilities, with mean and standard deviation.

    Parameters
    ----------
    member_probabilities : ndarray of shape (n_members,)
        Probability of massive, 0..1, one per ensemble member.
    """
    mean = float(np.mean(member_probabilities))
    spread = float(np.std(member_probabilities, ddof=1)) if len(member_probabilities) > 1 else None
    colour = label_colour(MASSIVE if mean >= THRESHOLD else LOW_MASS)
    figure = blank_figure(
        title="",
        x_title="Probability of massive, equal priors",
        y_title="",
        height=150,
        x={"range": [-0.03, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        y={"visible": False, "range": [0, 1.15], "fixedrange": True},
        showlegend=False,
        margin={"l": 10, "r": 10, "t": 6, "b": 10},
        shapes=[_half(0, THRESHOLD, LOW_MASS), _half(THRESHOLD, 1, MASSIVE)],
    )
    # Fixed vertical offsets keep members apart that agree; they mean nothing.
    height = np.linspace(0.25, 0.65, len(member_probabilities))
    hover = "member %{customdata}: %{x:.4f}<extra></extra>"
    marker = {"color": translucent(colour, 0.55), "size": 9, "line": {"color": colour, "width": 1}}
    numbers = np.arange(len(member_probabilities))
    figure.add_scatter(
        x=member_probabilities, y=height, mode="markers", marker=marker, customdata=numbers, hovertemplate=hover
    )
    figure.add_scatter(
        x=[mean],
        y=[0.9],
        mode="markers",
        marker={"color": colour, "size": 14, "symbol": "diamond"},
        error_x={"array": [spread or 0], "color": colour, "thickness": 2, "width": 6, "visible": spread is not None},
        hovertemplate="mean: %{x:.4f}<extra></extra>",
    )
    return figure


def _half(start: float, end: float, label: str) -> dict:
    """The background of the probabilities that mean `label`."""
    span = {"x0": start, "x1": end, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "type": "rect",
        "layer": "below",
        "line": {"width": 0},
        "fillcolor": translucent(LABEL_COLOURS[label], 0.1),
    } | span
