"""The spectrum of Gaia's radial velocity spectrometer: normalised flux in 846 to 870 nm."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.layout import WAVELENGTH_TITLE, blank_figure
from core.figures.palette import GREEN, GREY, translucent

LINES_NM = {
    "Ca II": (850.036, 854.444, 866.452),
    "H I (Paschen)": (850.483, 854.773, 860.075, 866.740),
}
"""Vacuum wavelengths. Calcium marks cool stars, Paschen lines hot ones; they overlap (NIST Atomic Spectra Database)."""


def rvs_figure(rvs: pd.DataFrame) -> go.Figure:
    """One RVS spectrum with its error band and the strongest lines of cool and hot stars.

    Parameters
    ----------
    rvs : DataFrame
        wavelength_nm (vacuum), flux (normalised to its continuum) and flux_error; values may be NaN.
    """
    wavelength, flux, error = (rvs[name].to_numpy(dtype=float) for name in ("wavelength_nm", "flux", "flux_error"))
    whole = np.isfinite(wavelength) & np.isfinite(flux)
    wavelength, flux, error = wavelength[whole], flux[whole], np.nan_to_num(error[whole])
    figure = blank_figure(
        title="RVS spectrum",
        x_title=WAVELENGTH_TITLE,
        y_title="Flux (continuum = 1)",
        height=340,
    )
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=wavelength, y=flux - error, showlegend=False, **band)
    figure.add_scatter(
        x=wavelength, y=flux + error, fill="tonexty", fillcolor=translucent(GREEN, 0.25), name="1 σ error", **band
    )
    figure.add_scatter(x=wavelength, y=flux, mode="lines", line={"color": GREEN, "width": 1.5}, name="Observed")
    low, high = (float(flux.min()), float(flux.max())) if len(flux) else (0.0, 1.0)
    for (name, places), dash in zip(LINES_NM.items(), ("solid", "dot"), strict=True):
        x = [value for place in places for value in (place, place, None)]
        y = [value for _ in places for value in (low, high, None)]
        line = {"color": GREY, "width": 1, "dash": dash}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="name")
    return figure
