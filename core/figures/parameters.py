"""Figures of a fit by physics: spectrum with residuals, corner plot, place among evolutionary tracks."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.layout import WAVELENGTH_TITLE, blank_figure, flux_scale
from core.figures.palette import BLUE, GREEN, GREY, VERMILION, translucent
from core.spectra.grid import WAVELENGTH_NM

AXIS_TITLES = {
    "teff": "T<sub>eff</sub> (K)", "logg": "log g", "mh": "[M/H]", "a_v": "A<sub>V</sub> (mag)", "r_v": "R<sub>V</sub>",
}  # fmt: skip
_LARGEST_RESIDUAL = 12.0
_BINS = 28


def fit_figure(flux: np.ndarray, error: np.ndarray | None, fitted: np.ndarray, residual: np.ndarray) -> go.Figure:
    """Observed spectrum with the best fit over it, and below the residuals in units of the error.

    Parameters
    ----------
    flux, fitted : ndarrays of shape (343,), W m^-2 nm^-1
    error : ndarray of shape (343,) or None
    residual : ndarray of shape (343,)
        (observed - fitted) / error; NaN where there is no error.
    """
    scale, title = flux_scale(flux)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.04)
    if error is not None and np.isfinite(error).any():
        band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=WAVELENGTH_NM, y=(flux - error) / scale, **band)
        figure.add_scatter(
            x=WAVELENGTH_NM, y=(flux + error) / scale, fill="tonexty", fillcolor=translucent(GREY, 0.35), **band
        )
    figure.add_scatter(x=WAVELENGTH_NM, y=flux / scale, mode="lines", line={"color": GREY, "width": 2}, name="Observed")
    figure.add_scatter(
        x=WAVELENGTH_NM, y=fitted / scale, mode="lines", line={"color": VERMILION, "width": 1.8}, name="Best fit"
    )
    figure.add_hrect(y0=-1, y1=1, fillcolor=translucent(GREY, 0.2), line_width=0, row=2, col=1)
    figure.add_scatter(
        x=WAVELENGTH_NM, y=np.clip(residual, -_LARGEST_RESIDUAL, _LARGEST_RESIDUAL), mode="lines",
        line={"color": BLUE, "width": 1.3}, name="Residual", showlegend=False, row=2, col=1,
    )  # fmt: skip
    figure.update_layout(
        height=520, margin={"l": 10, "r": 10, "t": 44, "b": 10}, hovermode="x",
        title={"text": "Best fit by physics", "font": {"size": 16}, "x": 0, "xanchor": "left"},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        yaxis={"title": {"text": title}}, yaxis2={"title": {"text": "Residual (σ)"}, "zeroline": True},
        xaxis2={"title": {"text": WAVELENGTH_TITLE}},
    )  # fmt: skip
    return figure


def corner_figure(draws: pd.DataFrame, best: dict[str, float]) -> go.Figure:
    """Posterior of every parameter and of every pair: histograms, and densities with 39 and 86 % contours' shading.

    `draws` holds one column per parameter, `best` the best-fit values, drawn as lines.
    """
    names = [name for name in draws.columns if np.ptp(draws[name].to_numpy()) > 0]
    n = len(names)
    figure = make_subplots(rows=n, cols=n, horizontal_spacing=0.02, vertical_spacing=0.02)
    shades = [[0.0, translucent(BLUE, 0.0)], [0.12, translucent(BLUE, 0.18)], [1.0, translucent(BLUE, 0.95)]]
    for i, vertical in enumerate(names):
        for j in range(i + 1):
            horizontal, place = names[j], {"row": i + 1, "col": j + 1}
            if i == j:
                figure.add_histogram(x=draws[vertical], nbinsx=_BINS, marker_color=BLUE, showlegend=False, **place)
            else:
                figure.add_histogram2d(
                    x=draws[horizontal], y=draws[vertical], nbinsx=_BINS, nbinsy=_BINS, colorscale=shades,
                    showscale=False, hoverinfo="skip", **place,
                )  # fmt: skip
                figure.add_scatter(
                    x=[best[horizontal]], y=[best[vertical]], mode="markers",
                    marker={"color": VERMILION, "size": 8, "symbol": "cross"}, showlegend=False, hoverinfo="skip",
                    **place,
                )  # fmt: skip
            figure.update_xaxes(showticklabels=i == n - 1, nticks=4, tickangle=0, **place)
            figure.update_yaxes(showticklabels=j == 0 and i > 0, nticks=4, **place)
            if i == n - 1:
                figure.update_xaxes(title_text=AXIS_TITLES[horizontal], **place)
            if j == 0 and i > 0:
                figure.update_yaxes(title_text=AXIS_TITLES[vertical], **place)
    figure.update_layout(
        height=120 + 105 * n, margin={"l": 10, "r": 10, "t": 44, "b": 10}, bargap=0.02,
        title={"text": "Posterior of the parameters", "font": {"size": 16}, "x": 0, "xanchor": "left"},
    )  # fmt: skip
    return figure


def kiel_figure(tracks: dict[float, pd.DataFrame], draws: pd.DataFrame, best: dict[str, float]) -> go.Figure:
    """The star among evolutionary tracks: log g against Teff, both falling outwards as in an HR diagram.

    `tracks` : initial mass (suns) -> DataFrame of teff and logg along its life.
    """
    figure = blank_figure(
        title="Among the tracks", x_title="T<sub>eff</sub> (K)", y_title="log g", height=460,
        x={"type": "log", "autorange": "reversed", "tickvals": [3000, 4000, 6000, 10000, 20000, 40000]},
        y={"autorange": "reversed"},
    )  # fmt: skip
    for mass, track in tracks.items():
        massive = mass >= 8
        figure.add_scatter(
            x=track["teff"], y=track["logg"], mode="lines", showlegend=False, name=f"{mass:g} suns",
            line={"color": BLUE if massive else GREY, "width": 1.6 if massive else 1.1}, hoverinfo="name",
        )  # fmt: skip
        figure.add_annotation(
            x=np.log10(track["teff"].iloc[0]), y=track["logg"].iloc[0], text=f"{mass:g}", showarrow=False, xshift=-12,
            font={"size": 11, "color": BLUE if massive else GREY},
        )  # fmt: skip
    figure.add_scatter(
        x=draws["teff"], y=draws["logg"], mode="markers", marker={"color": GREEN, "size": 3, "opacity": 0.25},
        name="Posterior", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=[best["teff"]], y=[best["logg"]], mode="markers", name="Best fit",
        marker={"color": VERMILION, "size": 13, "symbol": "star"},
    )  # fmt: skip
    return figure
