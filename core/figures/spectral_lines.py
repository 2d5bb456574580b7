"""Marks of the lines and bands that an astronomer looks for in an XP spectrum."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.figures.palette import LINE_COLOURS
from core.spectra.grid import WAVELENGTH_NM


@dataclass(frozen=True)
class LineMark:
    """A line, band head or ionisation edge: short label, full name, vacuum wavelength (nm), lane and legend group."""

    label: str
    name: str
    wavelength_nm: float
    lane: int
    group: str


LINE_MARKS = (
    LineMark("jump", "Balmer jump", 364.7, 0, "hydrogen"),
    LineMark("Hδ", "Hδ", 410.3, 0, "hydrogen"),
    LineMark("Hγ", "Hγ", 434.2, 0, "hydrogen"),
    LineMark("Hβ", "Hβ", 486.3, 0, "hydrogen"),
    LineMark("Hα", "Hα", 656.5, 0, "hydrogen"),
    LineMark("jump", "Paschen jump", 820.6, 0, "hydrogen"),
    LineMark("P11", "Paschen 11", 886.5, 0, "hydrogen"),
    LineMark("P9", "Paschen 9", 923.2, 0, "hydrogen"),
    LineMark("Pε", "Paschen ε", 954.9, 0, "hydrogen"),
    LineMark("Pδ", "Paschen δ", 1005.2, 0, "hydrogen"),
    LineMark("He I", "He I", 402.7, 1, "helium"),
    LineMark("He I", "He I", 447.3, 1, "helium"),
    LineMark("He I", "He I", 587.7, 1, "helium"),
    LineMark("He I", "He I", 668.0, 1, "helium"),
    LineMark("He I", "He I", 706.7, 1, "helium"),
    LineMark("He II", "He II", 468.7, 2, "helium"),
    LineMark("He II", "He II", 541.3, 2, "helium"),
    LineMark("Ca II", "Ca II K and H", 395.2, 3, "metals and molecules"),
    LineMark("Mg b", "Mg b", 517.6, 3, "metals and molecules"),
    LineMark("Na D", "Na D", 589.5, 3, "metals and molecules"),
    LineMark("Ca II", "Ca II triplet", 854.4, 3, "metals and molecules"),
    LineMark("TiO", "TiO band head", 616.1, 4, "metals and molecules"),
    LineMark("TiO", "TiO band head", 705.6, 4, "metals and molecules"),
    LineMark("TiO", "TiO band head", 759.1, 4, "metals and molecules"),
    LineMark("TiO", "TiO band head", 843.4, 4, "metals and molecules"),
)
"""Wavelengths of the NIST Atomic Spectra Database, in vacuum like those of XP and RVS spectra; TiO band heads from
Valenti et al. (1998, ApJ 498, 851) and Kirkpatrick et al. (1991, ApJS 77, 417), brought to vacuum. Ca II H and K are
one mark, the infrared triplet another (its middle line): XP spectra, of resolving power 25-85, do not separate them."""

HEADROOM = 1.32
"""The flux axis must end at this multiple of the highest flux, so that the labels stand clear of the spectrum."""
LINE_AXIS = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True, "showgrid": False}
"""Layout of the second vertical axis (`yaxis2`) on which the marks stand."""
_TOP, _LANE_HEIGHT = 0.98, 0.046
_LINES_END = _TOP - _LANE_HEIGHT * (max(mark.lane for mark in LINE_MARKS) + 0.7)
"""All lines end below the lowest lane, so that none crosses a neighbour's label."""
_LETTER_PX = 6.5
"""Mean width of a letter of the labels, with what parts two words."""


def mark_lines(figure: go.Figure) -> go.Figure:
    """Draw the marks in a figure that has `LINE_AXIS` as `yaxis2`; each group can be switched off in the legend."""
    for group, colour in LINE_COLOURS.items():
        marks = [mark for mark in LINE_MARKS if mark.group == group]
        heights = [_TOP - _LANE_HEIGHT * mark.lane for mark in marks]
        x, y, text = [], [], []
        for mark in marks:
            x += [mark.wavelength_nm, mark.wavelength_nm, None]
            y += [0.0, _LINES_END, None]
            text += [f"{mark.name} {mark.wavelength_nm:.1f} nm"] * 2 + [None]
        figure.add_scatter(
            x=x,
            y=y,
            yaxis="y2",
            mode="lines",
            name=group.capitalize(),
            legendgroup=group,
            line={"color": colour, "width": 1, "dash": "dot"},
            opacity=0.75,
            text=text,
            hovertemplate="%{text}<extra></extra>",
        )
        figure.add_scatter(
            x=[mark.wavelength_nm for mark in marks],
            y=heights,
            yaxis="y2",
            mode="text",
            text=[mark.label for mark in marks],
            textfont={"size": 10},
            legendgroup=group,
            showlegend=False,
            hoverinfo="skip",
        )
    return figure


def drop_crowded_labels(figure: go.Figure, width_px: float) -> go.Figure:
    """Leave out the labels of marks that would lie on a neighbour where the figure is `width_px` wide; lines stay."""
    nm_per_px = (WAVELENGTH_NM[-1] - WAVELENGTH_NM[0]) / width_px
    for trace in figure.select_traces({"type": "scatter", "mode": "text", "yaxis": "y2"}):
        ends: dict[float, float] = {}
        kept = []
        for x, lane, label in zip(trace.x, trace.y, trace.text, strict=True):  # in a lane by wavelength
            half = 0.5 * _LETTER_PX * len(label) * nm_per_px
            fits = x - half >= ends.get(lane, -np.inf)
            kept.append(label if fits else "")
            if fits:
                ends[lane] = x + half
        trace.text = kept
    return figure
