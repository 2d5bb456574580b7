"""Figures of a survey: distributions of candidates beside all stars, colour-magnitude diagram, sky."""

import numpy as np
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY


def distribution_figure(edges: np.ndarray, everything: np.ndarray, chosen: np.ndarray, title: str, x_title: str):
    """Counts in bins, logarithmic: all classified stars and the candidates.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
    everything, chosen : int ndarrays of shape (n_bins,)
    """
    figure = blank_figure(
        title=title, x_title=x_title, y_title="Stars", height=340, y={"type": "log", "dtick": 1}, hovermode="x unified"
    )
    middle = (edges[:-1] + edges[1:]) / 2
    for name, counts, colour in (("all classified", everything, GREY), ("candidates", chosen, BLUE)):
        values = np.where(counts > 0, counts, np.nan)
        line = {"color": colour, "width": 2, "shape": "hvh"}
        figure.add_scatter(x=middle, y=values, mode="lines", name=name, line=line, hovertemplate="%{y:,}")
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
    figure.add_heatmap(
        x=(x_edges[:-1] + x_edges[1:]) / 2, y=(y_edges[:-1] + y_edges[1:]) / 2, z=density, colorscale="Greys",
        colorbar={"title": {"text": "log stars"}, "thickness": 12}, hoverinfo="skip",
    )  # fmt: skip
    marker = {"color": BLUE, "size": 5, "opacity": 0.7}
    figure.add_scattergl(
        x=chosen_x, y=chosen_y, mode="markers", marker=marker, name="candidates",
        hovertemplate="BP − RP %{x:.2f}, G %{y:.2f}<extra></extra>",
    )  # fmt: skip
    return figure


def sky_figure(l_edges: np.ndarray, b_edges: np.ndarray, chosen: np.ndarray) -> go.Figure:
    """Candidates on the Galactic sky in equal cells, centre of the Galaxy in the middle, longitude to the left.

    Parameters
    ----------
    l_edges : ndarray of shape (n_l + 1,)
        Degrees from -180 to 180.
    chosen : int ndarray of shape (n_b, n_l)
    """
    figure = blank_figure(
        title="Candidates on the Galactic sky", x_title="Galactic longitude l (deg)",
        y_title="Galactic latitude b (deg)", height=340,
        x={"range": [180, -180], "tickvals": list(range(-180, 181, 60))}, y={"range": [-90, 90], "dtick": 30},
    )  # fmt: skip
    figure.add_heatmap(
        x=(l_edges[:-1] + l_edges[1:]) / 2, y=(b_edges[:-1] + b_edges[1:]) / 2,
        z=np.where(chosen > 0, chosen, np.nan), colorscale="Blues",
        colorbar={"title": {"text": "stars"}, "thickness": 12},
        hovertemplate="l %{x:.0f}, b %{y:.0f}: %{z:,}<extra></extra>",
    )  # fmt: skip
    return figure
