"""XP spectra: one star with its error band, several on top of each other, means of classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.layout import WAVELENGTH_TITLE, blank_figure, flux_scale, representation_axis
from core.figures.palette import GREEN, OVERLAY_COLOURS, class_colours, ordered_labels, translucent
from core.figures.spectral_lines import HEADROOM, LINE_AXIS, mark_lines
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.representations import Representation


def spectrum_figure(
    flux: np.ndarray,
    flux_error: np.ndarray | None = None,
    *,
    title: str,
    name: str = "Observed",
    colour: str = GREEN,
    others: Mapping[str, np.ndarray] | None = None,
    lines: bool = True,
) -> go.Figure:
    """One sampled spectrum with its error band (one sigma) and line marks.

    Parameters
    ----------
    flux, flux_error : ndarray of shape (343,)
        W m^-2 nm^-1; errors may be absent or NaN.
    title, name, colour : str
        Figure title, legend entry and '#RRGGBB' of the spectrum.
    others : mapping of name to ndarray of shape (343,), optional
        Further spectra in the same unit, drawn as thin dashed lines.
    lines : bool
        Mark spectral lines.
    """
    curves = [flux, *(others or {}).values()]
    scale, y_title = flux_scale(np.concatenate(curves))
    low, high = _limits(np.concatenate(curves) / scale)
    figure = blank_figure(
        title=title,
        x_title=WAVELENGTH_TITLE,
        y_title=y_title,
        height=500,
        x={"range": [WAVELENGTH_NM[0] - 4, WAVELENGTH_NM[-1] + 4]},
        y={"range": [low, high * (HEADROOM if lines else 1.05)]},
        yaxis2=LINE_AXIS,
    )
    if flux_error is not None and np.isfinite(flux_error).any():
        _add_band(figure, (flux - flux_error) / scale, (flux + flux_error) / scale, colour, "1 σ error")
    _add_curve(figure, flux / scale, name, colour, width=2)
    for (other, curve), shade in zip((others or {}).items(), OVERLAY_COLOURS[1:], strict=False):
        _add_curve(figure, curve / scale, other, shade, width=1.5, dash="dash")
    return mark_lines(figure) if lines else figure


def overlay_figure(curves: np.ndarray, names: Sequence[str], representation: Representation) -> go.Figure:
    """Several represented spectra in one figure.

    Parameters
    ----------
    curves : ndarray of shape (n_stars, n_values)
    names : sequence of n_stars str
        Legend entries.
    """
    x, x_title = representation_axis(representation)
    figure = blank_figure(title="Chosen spectra", x_title=x_title, y_title=representation.title, height=460)
    for i, (curve, name) in enumerate(zip(curves, names, strict=True)):
        colour = OVERLAY_COLOURS[i % len(OVERLAY_COLOURS)]
        dash = ("solid", "dash", "dot")[i // len(OVERLAY_COLOURS) % 3]
        _add_curve(figure, curve, name, colour, x=x, dash=dash)
    return figure


def class_means_figure(
    statistics: Mapping[str, tuple[np.ndarray, np.ndarray]], representation: Representation
) -> go.Figure:
    """Mean of each class with the band that holds the middle 68 % of its stars.

    Parameters
    ----------
    statistics : mapping of class to (mean, percentiles)
        ndarrays of shape (n_values,) and (2, n_values): mean, 16th and 84th percentile.
    """
    x, x_title = representation_axis(representation)
    figure = blank_figure(title="Class means", x_title=x_title, y_title=representation.title, height=460)
    for label, colour in class_colours(ordered_labels(statistics)).items():
        mean, (low, high) = statistics[label]
        _add_band(figure, low, high, colour, f"{label}, 16–84 %", x=x)
        _add_curve(figure, mean, f"{label}, mean", colour, x=x, width=2.5)
    return figure


def _add_curve(figure, y, name, colour, *, x=WAVELENGTH_NM, width=1.8, dash="solid") -> None:
    hover = f"{name}<br>%{{x:.0f}}: %{{y:.4g}}<extra></extra>"
    line = {"color": colour, "width": width, "dash": dash}
    figure.add_scatter(x=x, y=y, mode="lines", name=name, line=line, hovertemplate=hover)


def _add_band(figure, low, high, colour, name, *, x=WAVELENGTH_NM) -> None:
    known = np.isfinite(low) & np.isfinite(high)
    around = np.concatenate([x[known], x[known][::-1]])
    edge = np.concatenate([high[known], low[known][::-1]])
    figure.add_scatter(
        x=around,
        y=edge,
        fill="toself",
        fillcolor=translucent(colour, 0.25),
        line={"width": 0},
        mode="lines",
        name=name,
        hoverinfo="skip",
    )


def _limits(values: np.ndarray) -> tuple[float, float]:
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return min(0.0, low * 1.05), high if high > 0 else 1.0
