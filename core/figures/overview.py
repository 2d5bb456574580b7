"""The picture with which the program opens: a real O star's spectrum, and where the known real stars are."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.layout import WAVELENGTH_TITLE, blank_figure
from core.figures.palette import BLUE, GREEN, GREY, OCHRE, VERMILION, translucent
from core.figures.projection import hammer, outline
from core.gaia.labels import LOW_MASS, MASSIVE
from core.spectra.grid import WAVELENGTH_NM

HEIGHT = 340
_NAMED = {"Cygnus OB2", "Orion OB1", "Carina Nebula", "Upper Scorpius"}
"""Known groups whose names find room on the map."""


def two_stars_figure(massive: np.ndarray, low_mass: np.ndarray, names: tuple[str, str]) -> go.Figure:
    """A massive and a low-mass star behind about as much dust, each scaled to its own mean flux."""
    figure = blank_figure(
        title="Which of the two is massive?", x_title=WAVELENGTH_TITLE, y_title="Flux over its mean", height=HEIGHT,
        x={"range": [WAVELENGTH_NM[0], WAVELENGTH_NM[-1]]},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.22, "yanchor": "top"},
    )  # fmt: skip
    for flux, name, colour in ((massive, names[0], BLUE), (low_mass, names[1], VERMILION)):
        figure.add_scatter(
            x=WAVELENGTH_NM, y=flux / np.nanmean(flux), mode="lines", name=name, line={"color": colour, "width": 2.4},
            hovertemplate="%{x:.0f} nm<extra></extra>",
        )  # fmt: skip
    return figure


def known_sky_figure(l_deg: np.ndarray, b_deg: np.ndarray, label: np.ndarray, groups: pd.DataFrame) -> go.Figure:
    """Real stars with known types and known associations on the Galactic sky (Hammer projection).

    Parameters
    ----------
    l_deg, b_deg : ndarrays (n_stars,), degrees
    label : object ndarray (n_stars,)
        'massive', 'low-mass' or None.
    groups : DataFrame of name, l, b
    """
    hidden = {"visible": False, "fixedrange": True}
    figure = blank_figure(
        title="What is known", x_title="", y_title="", height=HEIGHT, x=hidden,
        y={**hidden, "scaleanchor": "x"}, legend={"orientation": "h", "x": 0, "y": -0.05, "yanchor": "top"},
    )  # fmt: skip
    lines = outline()
    x = np.concatenate([np.append(line[0], np.nan) for line in lines])
    y = np.concatenate([np.append(line[1], np.nan) for line in lines])
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": translucent(GREY, 0.35), "width": 0.7}, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    for name, colour, size, opacity in ((LOW_MASS, VERMILION, 3, 0.55), (None, GREY, 3, 0.5), (MASSIVE, BLUE, 7, 1.0)):
        rows = pd.isna(label) if name is None else label == name
        at = hammer(l_deg[rows], b_deg[rows])
        figure.add_scatter(
            x=at[0], y=at[1], mode="markers", name=f"real, {name or 'in between'}", hoverinfo="skip",
            marker={"color": colour, "size": size, "opacity": opacity},
        )  # fmt: skip
    at = hammer(groups["l"].to_numpy(), groups["b"].to_numpy())
    figure.add_scatter(
        x=at[0], y=at[1], mode="markers+text", name="associations", textposition="top center",
        text=[name if name in _NAMED else "" for name in groups["name"]], textfont={"size": 11, "color": GREEN},
        marker={"symbol": "circle-open", "size": 10, "color": GREEN, "line": {"width": 1.4, "color": OCHRE}},
        customdata=groups["name"], hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    return figure
