"""Figures of epoch spectra: heat map of transits, residuals to the mean, the verdict of every transit."""

import numpy as np
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import GREY, label_colour
from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD
from core.spectra.epochs import EpochSpectra
from core.spectra.grid import WAVELENGTH_NM

_DIVERGING = [[0, "#0072B2"], [0.5, "#F4F4F2"], [1, "#D55E00"]]


def heat_map_figure(epochs: EpochSpectra) -> go.Figure:
    """Flux of every transit over wavelength, relative to the mean flux of the star at 550 to 650 nm."""
    band = (WAVELENGTH_NM >= 550) & (WAVELENGTH_NM <= 650)
    level = np.nanmean(epochs.mean_flux()[band])
    return _map(epochs, epochs.spectra.flux / level, "Flux of each transit", "Viridis", {})


def residual_figure(epochs: EpochSpectra) -> go.Figure:
    """Deviation of every transit from the star's mean, in standard deviations (or relative, without errors)."""
    values = epochs.residuals()
    known = np.abs(values[np.isfinite(values)])
    limit = float(max(np.quantile(known, 0.98), 3.0)) if len(known) else 3.0
    unit = "σ" if epochs.spectra.flux_error is not None else "of the mean"
    return _map(epochs, values, f"Difference from the mean ({unit})", _DIVERGING, {"zmin": -limit, "zmax": limit})


def epoch_verdict_figure(epochs: EpochSpectra, probability: np.ndarray, spread: np.ndarray) -> go.Figure:
    """Probability of massive of every transit with its spread over the members; a line at the threshold."""
    figure = blank_figure(title="Verdict on each transit", x_title=_axis(epochs), y_title="Probability of massive")
    for label, rows in ((MASSIVE, probability >= THRESHOLD), (LOW_MASS, probability < THRESHOLD)):
        if rows.any():
            figure.add_scatter(
                x=_time(epochs)[rows], y=probability[rows], mode="markers", name=label,
                marker={"color": label_colour(label), "size": 8},
                error_y={"array": np.nan_to_num(spread[rows]), "thickness": 1},
                hovertemplate="%{y:.3f}<extra></extra>",
            )  # fmt: skip
    figure.add_hline(y=THRESHOLD, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_yaxes(range=[-0.03, 1.03])
    return figure


def _map(epochs: EpochSpectra, values: np.ndarray, title: str, colours, limits: dict) -> go.Figure:
    figure = blank_figure(title=title, x_title="Wavelength (nm)", y_title="Transit, in order of time", height=380)
    days = np.where(np.isfinite(epochs.time_jd), epochs.time_jd, np.nan)
    figure.add_heatmap(
        x=WAVELENGTH_NM, y=np.arange(1, len(epochs) + 1), z=values, colorscale=colours, **limits,
        customdata=np.repeat(days[:, None], len(WAVELENGTH_NM), axis=1),
        hovertemplate="transit %{y}, JD %{customdata:.2f}<br>%{x:.0f} nm: %{z:.3g}<extra></extra>",
    )  # fmt: skip
    return figure


def _time(epochs: EpochSpectra) -> np.ndarray:
    return epochs.time_jd if np.isfinite(epochs.time_jd).all() else np.arange(1, len(epochs) + 1)


def _axis(epochs: EpochSpectra) -> str:
    return "Time (Julian date)" if np.isfinite(epochs.time_jd).all() else "Transit"
