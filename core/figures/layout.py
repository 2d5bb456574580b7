"""What all figures share: margins, legend, hover and the unit of flux."""

import numpy as np
import plotly.graph_objects as go

from core.spectra.grid import WAVELENGTH_NM
from core.spectra.representations import Representation

FLUX_UNIT_HTML = "W m<sup>−2</sup> nm<sup>−1</sup>"
WAVELENGTH_TITLE = "Wavelength (nm)"
ON_WAVELENGTHS = ("l2", "standardised", "raw_scaled", "continuum", "derivative")
"""Representations whose 343 values belong to the 343 wavelengths."""


def arrange(figure: go.Figure, *, title: str, x_title: str, y_title: str, height: int = 420) -> go.Figure:
    """Give `figure` its title, axis titles, height in pixels and the common style; returns the same figure."""
    figure.update_layout(
        title={"text": title, "font": {"size": 16}, "x": 0, "xanchor": "left", "yref": "container", "y": 0.98},
        xaxis_title=x_title,
        yaxis_title=y_title,
        height=height,
        margin={"l": 10, "r": 10, "t": 44, "b": 10},
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top", "title": None},
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure


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
