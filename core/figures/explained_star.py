"""One explained star: its spectrum with the contribution of each wavelength, and their sums by place."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.explanation.explanation import Explanation
from core.explanation.windows import Window, sums_in
from core.figures.explanation import ATTRIBUTION_TITLE, LOW_SIDE, MASSIVE_SIDE, two_panels
from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY, VERMILION, translucent
from core.figures.spectral_lines import mark_lines
from core.spectra.grid import WAVELENGTH_NM

FADING = [[0, VERMILION], [0.49, translucent(VERMILION, 0)], [0.51, translucent(BLUE, 0)], [1, BLUE]]
"""For marks on the page's own ground, light or dark: what says nothing is not seen."""


def star_figure(
    explanation: Explanation, row: int, space_title: str, spread: np.ndarray | None = None, *, lines: bool = True
) -> go.Figure:
    """One star: its spectrum, coloured by what each wavelength says, above; the signed contributions below.

    Parameters
    ----------
    spread : ndarray of shape (343,) or None
        Standard deviation of the contributions over the members, where it is known.
    lines : bool
        Mark spectral lines.
    """
    values, shap = explanation.spectrum[row], explanation.shap[row]
    largest = max(float(np.abs(shap).max()), 1e-12)
    title = f"{explanation.title}: logit {explanation.logit[row]:.2f}, base value {explanation.base_value:.2f}"
    figure = two_panels(title, space_title, ATTRIBUTION_TITLE, values[None])
    figure.add_scatter(
        x=WAVELENGTH_NM,
        y=values,
        mode="markers",
        showlegend=False,
        marker={"color": shap, "colorscale": FADING, "cmin": -largest, "cmax": largest, "size": 9},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=WAVELENGTH_NM,
        y=values,
        mode="lines",
        name="Spectrum",
        line={"color": GREY, "width": 1.5},
        customdata=shap,
        hovertemplate="%{x:.0f} nm: %{y:.4g}<br>contribution %{customdata:+.3g}<extra></extra>",
    )
    # Steps instead of bars: two shapes are drawn in a fraction of the time of 343.
    for name, colour, side in (("for massive", MASSIVE_SIDE, shap >= 0), ("for low-mass", LOW_SIDE, shap < 0)):
        figure.add_scatter(
            x=WAVELENGTH_NM,
            y=np.where(side, shap, 0.0),
            yaxis="y3",
            mode="lines",
            fill="tozeroy",
            fillcolor=colour,
            line={"width": 0, "shape": "hvh", "color": colour},
            name=f"Speaks {name}",
            hoverinfo="skip",
        )
    if spread is not None:
        figure.add_scatter(
            x=np.concatenate([WAVELENGTH_NM, WAVELENGTH_NM[::-1]]),
            y=np.concatenate([shap + spread, (shap - spread)[::-1]]),
            yaxis="y3",
            mode="lines",
            fill="toself",
            fillcolor=translucent(GREY, 0.4),
            line={"width": 0},
            name="± 1 σ of the members",
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=WAVELENGTH_NM,
        y=shap,
        yaxis="y3",
        mode="lines",
        line={"width": 0},
        showlegend=False,
        hovertemplate="%{x:.0f} nm: %{y:+.3g}<extra></extra>",
    )
    return mark_lines(figure) if lines else figure


def bands_figure(explanation: Explanation, row: int, windows: Sequence[Window], title: str) -> go.Figure:
    """One star's contributions summed over windows (or bands), in the order of the wavelengths."""
    sums = sums_in(tuple(windows), explanation.shap[row])
    names = [window.name for window in windows]
    figure = blank_figure(
        title=title,
        x_title="",
        y_title=ATTRIBUTION_TITLE,
        height=380,
        x={"tickangle": -60, "tickfont": {"size": 10}},
        showlegend=False,
    )
    figure.add_bar(
        x=names,
        y=sums,
        marker={"color": np.where(sums >= 0, MASSIVE_SIDE, LOW_SIDE)},
        customdata=[f"{window.low_nm:.0f}–{window.high_nm:.0f} nm, {window.kind}" for window in windows],
        hovertemplate="%{x}: %{y:+.3f}<br>%{customdata}<extra></extra>",
    )
    return figure
