"""Curves that follow a slider: a small component around uPlot, which redraws in place.

`st.plotly_chart` makes a new figure whenever its content changes (0.3 s for two spectra); uPlot takes new values into
the figure that stands. Everywhere else figures are Plotly's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from core.figures.palette import translucent

_FOLDER = Path(__file__).parent
_HTML = '<dl class="readouts"></dl><div class="panels"></div>'
_DECIMALS = 6
"""Decimals that are sent of values of order one to a hundred; a screen shows four digits."""


@dataclass(frozen=True)
class Curve:
    """A line of a live plot, with a band where `error` is given.

    Attributes
    ----------
    name, colour : str
        Legend entry and '#RRGGBB'.
    values : ndarray of shape (n_points,)
    error : ndarray of shape (n_points,), optional
        Half width of the band.
    dashed : bool
    """

    name: str
    colour: str
    values: np.ndarray
    error: np.ndarray | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A dotted vertical line with a label in one of the lanes (0, 1, ...) above the curves."""

    x: float
    label: str
    lane: int
    colour: str


@dataclass(frozen=True)
class Panel:
    """One plot.

    Attributes
    ----------
    x : ndarray of shape (n_points,)
    curves : sequence of Curve
    y_range : tuple of two floats
        Limits of the vertical axis.
    y_log : bool
        A logarithmic vertical axis; values that are not positive are left out.
    caption : str
        Shown below, and read out to those who cannot see the plot.
    height : int
        Pixels, without the legend.
    """

    x: np.ndarray
    curves: Sequence[Curve]
    title: str
    x_title: str
    y_title: str
    y_range: tuple[float, float]
    caption: str
    marks: Sequence[Mark] = ()
    height: int = 380
    y_log: bool = False


@dataclass(frozen=True)
class Readout:
    """A name with its value, in large type above the plots; `note` says more of it in small type."""

    name: str
    value: str
    note: str = ""


@cache
def _component():
    style = (_FOLDER / "uplot.min.css").read_text(encoding="utf-8") + (_FOLDER / "live_plot.css").read_text("utf-8")
    script = (_FOLDER / "uplot.min.js").read_text(encoding="utf-8") + (_FOLDER / "live_plot.js").read_text("utf-8")
    return st.components.v2.component("live_plot", html=_HTML, css=style, js=script)


def live_plot(*panels: Panel, key: str, readouts: Sequence[Readout] = ()) -> None:
    """Draw plots side by side, below each other where the page is narrow, with read-outs above.

    All in one element: the browser takes about 10 ms for each element that a moved slider changes.

    Parameters
    ----------
    panels : Panel
    key : str
        Makes them the same plots from one run of the script to the next.
    readouts : sequence of Readout
    """
    data = {"readouts": [vars(readout) for readout in readouts], "panels": [_panel(panel) for panel in panels]}
    _component()(key=key, data=data)


def _panel(panel: Panel) -> dict:
    plain = {name: getattr(panel, name) for name in ("title", "x_title", "y_title", "caption", "height", "y_log")}
    return plain | {
        "x": panel.x.tolist(),
        "y_range": [float(limit) for limit in panel.y_range],
        "curves": [_curve(curve) for curve in panel.curves],
        "marks": [vars(mark) for mark in panel.marks],
    }


def _curve(curve: Curve) -> dict:
    entry: dict = {"name": curve.name, "colour": curve.colour, "dash": curve.dashed, "values": _numbers(curve.values)}
    if curve.error is not None and np.isfinite(curve.error).any():
        entry["low"] = _numbers(curve.values - curve.error)
        entry["high"] = _numbers(curve.values + curve.error)
        entry["fill"] = translucent(curve.colour, 0.25)
    return entry


def _numbers(values: np.ndarray) -> list[float | None]:
    return [round(value, _DECIMALS) if np.isfinite(value) else None for value in np.asarray(values).tolist()]
