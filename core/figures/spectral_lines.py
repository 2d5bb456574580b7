"""Marks of the lines and bands that an astronomer looks for in an XP spectrum."""

from dataclasses import dataclass

import plotly.graph_objects as go

from core.figures.palette import LINE_COLOURS


@dataclass(frozen=True)
class LineMark:
    """A line, band head or ionisation edge: short label, full name, wavelength in air (nm), lane and legend group."""

    label: str
    name: str
    wavelength_nm: float
    lane: int
    group: str


LINE_MARKS = (
    LineMark("jump", "Balmer jump", 364.6, 0, "hydrogen"),
    LineMark("Hδ", "Hδ", 410.2, 0, "hydrogen"),
    LineMark("Hγ", "Hγ", 434.0, 0, "hydrogen"),
    LineMark("Hβ", "Hβ", 486.1, 0, "hydrogen"),
    LineMark("Hα", "Hα", 656.3, 0, "hydrogen"),
    LineMark("jump", "Paschen jump", 820.4, 0, "hydrogen"),
    LineMark("P11", "Paschen 11", 886.3, 0, "hydrogen"),
    LineMark("P9", "Paschen 9", 922.9, 0, "hydrogen"),
    LineMark("Pε", "Paschen ε", 954.6, 0, "hydrogen"),
    LineMark("Pδ", "Paschen δ", 1004.9, 0, "hydrogen"),
    LineMark("He I", "He I", 402.6, 1, "helium"),
    LineMark("He I", "He I", 447.1, 1, "helium"),
    LineMark("He I", "He I", 587.6, 1, "helium"),
    LineMark("He I", "He I", 667.8, 1, "helium"),
    LineMark("He I", "He I", 706.5, 1, "helium"),
    LineMark("He II", "He II", 468.6, 2, "helium"),
    LineMark("He II", "He II", 541.2, 2, "helium"),
    LineMark("Ca II", "Ca II K and H", 395.1, 3, "metals and molecules"),
    LineMark("Mg b", "Mg b", 517.5, 3, "metals and molecules"),
    LineMark("Na D", "Na D", 589.3, 3, "metals and molecules"),
    LineMark("Ca II", "Ca II triplet", 854.2, 3, "metals and molecules"),
    LineMark("TiO", "TiO band head", 615.9, 4, "metals and molecules"),
    LineMark("TiO", "TiO band head", 705.4, 4, "metals and molecules"),
    LineMark("TiO", "TiO band head", 758.9, 4, "metals and molecules"),
    LineMark("TiO", "TiO band head", 843.2, 4, "metals and molecules"),
)
"""Wavelengths in air from the NIST Atomic Spectra Database; TiO band heads from Valenti et al. (1998, ApJ 498, 851) and
Kirkpatrick et al. (1991, ApJS 77, 417). Ca II H and K are one mark, the infrared triplet another (its middle line): XP
spectra, of resolving power 30-100, do not separate them."""

HEADROOM = 1.32
"""The flux axis must end at this multiple of the highest flux, so that the labels stand clear of the spectrum."""
LINE_AXIS = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True, "showgrid": False}
"""Layout of the second vertical axis (`yaxis2`) on which the marks stand."""
_TOP, _LANE_HEIGHT = 0.98, 0.046
_LINES_END = _TOP - _LANE_HEIGHT * (max(mark.lane for mark in LINE_MARKS) + 0.7)
"""All lines end below the lowest lane, so that none crosses a neighbour's label."""


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
