"""What a data set is made of: composition, magnitudes, colours, coverage of the sky."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.datasets.dataset import labels_of
from core.figures.layout import blank_figure
from core.figures.palette import GREY, class_colours, ordered_labels
from core.figures.projection import hammer, outline
from core.gaia.frames import galactic


def composition_figure(table: pd.DataFrame) -> go.Figure:
    """Stars per category, each category in the colour of its class (columns label and category)."""
    labels = labels_of(table)
    category = table["category"].fillna("no category") if "category" in table else labels
    counts = pd.crosstab(category, labels)
    counts = counts.loc[counts.sum(axis=1).sort_values().index]
    height = 150 + 24 * len(counts)
    figure = blank_figure(title="Composition", x_title="Stars", y_title="", height=height, barmode="stack")
    colours = class_colours(ordered_labels(counts.columns))
    for label in colours:
        figure.add_bar(
            y=[str(name).replace("_", " ") for name in counts.index],
            x=counts[label],
            orientation="h",
            name=label,
            marker_color=colours[label],
            hovertemplate=f"%{{y}}, {label}: %{{x:,}} stars<extra></extra>",
        )
    return figure


def histogram_figure(
    table: pd.DataFrame, column: str, *, title: str, x_title: str, low: float, high: float, bins: int = 60
) -> go.Figure:
    """Stars of each class per bin of a column, as steps; values outside low..high are left out."""
    figure = blank_figure(title=title, x_title=x_title, y_title="Stars per bin", height=320)
    labels = labels_of(table)
    colours = class_colours(ordered_labels(labels.unique()))
    for label in colours:
        values = table.loc[labels == label, column].to_numpy(dtype=float)
        count, edges = np.histogram(values[np.isfinite(values)], bins=bins, range=(low, high))
        figure.add_scatter(
            x=edges,
            y=np.append(count, 0),
            mode="lines",
            line={"shape": "hv", "color": colours[label], "width": 2},
            name=label,
            hovertemplate=f"{label}, from %{{x:.2f}}: %{{y:,}} stars<extra></extra>",
        )
    return figure


def sky_figure(table: pd.DataFrame, *, columns: int = 90, rows: int = 45) -> go.Figure:
    """Stars per cell of an equal-area (Hammer) map in Galactic coordinates (columns ra and dec in degrees)."""
    known = table[["ra", "dec"]].dropna()
    x, y = hammer(*galactic(known["ra"].to_numpy(), known["dec"].to_numpy()))
    limits = [[-2 * np.sqrt(2), 2 * np.sqrt(2)], [-np.sqrt(2), np.sqrt(2)]]
    count, x_edges, y_edges = np.histogram2d(x, y, bins=(columns, rows), range=limits)
    bare = {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False}
    figure = blank_figure(
        title="Sky coverage",
        x_title="Galactic longitude, l = 0° in the centre, growing to the left",
        y_title="",
        height=380,
        x=bare,
        y=bare | {"scaleanchor": "x"},
    )
    figure.add_heatmap(
        x=(x_edges[1:] + x_edges[:-1]) / 2,
        y=(y_edges[1:] + y_edges[:-1]) / 2,
        z=np.where(count > 0, count, np.nan).T,
        colorscale="Cividis",
        colorbar={"title": "Stars", "thickness": 12},
        hovertemplate="%{z:.0f} stars<extra></extra>",
    )
    for line_x, line_y in outline():
        line = {"color": GREY, "width": 1}
        figure.add_scatter(x=line_x, y=line_y, mode="lines", line=line, hoverinfo="skip", showlegend=False)
    return figure
