"""What all figures share: margins, legend, hover and the unit of flux."""

import numpy as np
import plotly.graph_objects as go

from core.spectra.grid import WAVELENGTH_NM
from core.spectra.representations import Representation

FLUX_UNIT_HTML = "W m<sup>−2</sup> nm<sup>−1</sup>"
WAVELENGTH_TITLE = "Wavelength in vacuum (nm)"
ON_WAVELENGTHS = ("l2", "standardised", "raw_scaled", "continuum", "derivative")
"""Representations whose 343 values belong to the 343 wavelengths."""


def blank_figure(
    *, title: str, x_title: str, y_title: str, height: int = 420, x: dict | None = None, y: dict | None = None, **layout
) -> go.Figure:
    """A figure without traces in the common style.

    Parameters
    ----------
    title, x_title, y_title : str
    height : int
        Pixels.
    x, y : dict, optional
        Further properties of the axes.
    **layout
        Further properties of the layout. All are set at once, here: changing a layout later costs Plotly 10 ms a time.
    """
    common = {
        "title": {"text": title, "font": {"size": 16}, "x": 0, "xanchor": "left", "yref": "container", "y": 0.98},
        "xaxis": {"title": {"text": x_title}, "automargin": True} | (x or {}),
        "yaxis": {"title": {"text": y_title}, "automargin": True} | (y or {}),
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 44, "b": 10},
        "hovermode": "closest",
        "legend": legend_below(height - 137),
    }
    return go.Figure(layout=common | layout)


def legend_below(plot_px: float) -> dict:
    """A legend in a row under the title of the horizontal axis, where the plot itself is `plot_px` pixels high."""
    under = -56.0 / max(plot_px, 56.0)
    return {"orientation": "h", "x": 0, "xanchor": "left", "y": under, "yanchor": "top", "traceorder": "normal"}


def flux_scale(flux: np.ndarray) -> tuple[float, str]:
    """Power of ten that brings the largest flux to 1..10, and the axis title that names it.

    Parameters
    ----------
    flux : ndarray
        Flux in W m^-2 nm^-1; NaN is ignored.
    """
    peak = np.nanmax(np.abs(flux)) if np.isfinite(flux).any() else 0.0
    exponent = int(np.floor(np.log10(peak))) if peak > 0 else 0
    power = f"10<sup>{str(exponent).replace('-', '−')}</sup> " if exponent else ""
    return 10.0**exponent, f"Flux ({power}{FLUX_UNIT_HTML})"


def representation_axis(representation: Representation) -> tuple[np.ndarray, str]:
    """Horizontal axis of a representation and its title: wavelengths, or the numbers of the values."""
    if representation.name in ON_WAVELENGTHS:
        return WAVELENGTH_NM, WAVELENGTH_TITLE
    return np.arange(representation.n_values), "Number of the value"
