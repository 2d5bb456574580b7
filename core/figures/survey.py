"""Figures of a survey: distributions of candidates beside all stars, colour-magnitude diagram, sky."""

import numpy as np
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY, translucent

_DENSITY = [[0, translucent(GREY, 0.15)], [1, GREY]]
"""Counts of stars behind the candidates: from hardly there to grey, on a light and on a dark page."""


def distribution_figure(edges: np.ndarray, everything: np.ndarray, chosen: np.ndarray, title: str, x_title: str):
    """Counts in bins, logarithmic: all classified stars and the candidates.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
    everything, chosen : int ndarrays of shape (n_bins,)
    """
    most = max(int(np.max(everything, initial=1)), 1)
    figure = blank_figure(
        title=title, x_title=x_title, y_title="Stars", height=340, hovermode="x unified", barmode="overlay", bargap=0,
        y={"type": "log", "dtick": 1, "tickformat": ",d", "range": [np.log10(0.6), np.log10(2 * most)]},
    )  # fmt: skip
    middle = (edges[:-1] + edges[1:]) / 2
    for name, counts, colour in (
        ("all classified", everything, translucent(GREY, 0.5)),
        ("candidates", chosen, BLUE),
    ):
        values = np.where(counts > 0, counts, np.nan)
        marker = {"color": colour, "line": {"width": 0}}
        figure.add_bar(x=middle, y=values, width=np.diff(edges), marker=marker, name=name, hovertemplate="%{y:,}")
    return figure


def colour_magnitude_figure(
    x_edges: np.ndarray, y_edges: np.ndarray, everything: np.ndarray, chosen_x: np.ndarray, chosen_y: np.ndarray
) -> go.Figure:
    """Observed colour and magnitude of all stars as a density, with candidates as points.

    Parameters
    ----------
    everything : int ndarray of shape (n_y, n_x)
    chosen_x, chosen_y : ndarrays of the same shape
        BP - RP and G of the candidates that are drawn.
    """
    figure = blank_figure(
        title="Colour and magnitude, as observed", x_title="BP − RP (mag)", y_title="G (mag)", height=420,
        y={"range": [float(y_edges[-1]), float(y_edges[0])]},
    )  # fmt: skip
    with np.errstate(divide="ignore"):
        density = np.where(everything > 0, np.log10(everything), np.nan)
    powers = list(range(int(np.nanmax(density, initial=0.0)) + 1))
    figure.add_heatmap(
        x=(x_edges[:-1] + x_edges[1:]) / 2, y=(y_edges[:-1] + y_edges[1:]) / 2, z=density, colorscale=_DENSITY,
        colorbar={
            "title": {"text": "Stars"}, "thickness": 12, "tickvals": powers, "ticktext": [f"{10**n:,}" for n in powers],
        },
        hoverinfo="skip",
    )  # fmt: skip
    marker = {"color": BLUE, "size": 7, "line": {"color": "#FFFFFF", "width": 0.8}}
    figure.add_scattergl(
        x=chosen_x, y=chosen_y, mode="markers", marker=marker, name="candidates",
        hovertemplate="BP − RP %{x:.2f}, G %{y:.2f}<extra></extra>",
    )  # fmt: skip
    return figure


def sky_figure(l_edges: np.ndarray, b_edges: np.ndarray, chosen: np.ndarray) -> go.Figure:
    """Candidates on the Galactic sky, a mark for each cell that has some; larger marks hold more.

    Parameters
    ----------
    l_edges : ndarray of shape (n_l + 1,)
        Degrees from -180 to 180; the centre of the Galaxy is in the middle, longitude grows to the left.
    chosen : int ndarray of shape (n_b, n_l)
    """
    figure = blank_figure(
        title="Candidates on the Galactic sky", x_title="Galactic longitude l (deg)",
        y_title="Galactic latitude b (deg)", height=420,
        x={"range": [180, -180], "tickvals": list(range(-180, 181, 60))}, y={"range": [-90, 90], "dtick": 30},
    )  # fmt: skip
    b_row, l_row = np.nonzero(chosen)
    counts = chosen[b_row, l_row]
    figure.add_scattergl(
        x=((l_edges[:-1] + l_edges[1:]) / 2)[l_row], y=((b_edges[:-1] + b_edges[1:]) / 2)[b_row],
        mode="markers", customdata=counts,
        marker={"color": BLUE, "opacity": 0.7, "size": np.clip(4.0 + 2.0 * np.sqrt(counts), 6.0, 16.0)},
        hovertemplate="l %{x:.0f}, b %{y:.0f}: %{customdata:,}<extra></extra>",
    )  # fmt: skip
    return figure
