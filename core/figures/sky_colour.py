"""Colours of marks on the sky maps."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from core.figures.palette import GREY, GROUP_COLOURS, LABEL_COLOURS, SKY

COLOURS = {
    "density": "Density",
    "probability": "Probability of massive",
    "class": "Class",
    "magnitude": "Magnitude",
    "group": "Association",
}


@dataclass(frozen=True)
class Painted:
    """Colours (n, 3) of n marks, what a legend says (a scale with ends, or names), and which marks step back (n,)."""

    colour: np.ndarray
    title: str
    scale: str | None = None
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    names: tuple[tuple[str, str], ...] = ()
    faded: np.ndarray | None = None


def paint_scale(
    values: np.ndarray, title: str, scale: str, *, limits: tuple[float, float] | None = None, logarithmic: bool = False
) -> Painted:
    """Numbers on a Plotly colour scale; grey where unknown. Limits default to the middle 98 %."""
    values = np.asarray(values, dtype=np.float64)
    shown = np.log10(np.maximum(values, 1e-9)) if logarithmic else values
    known = np.isfinite(shown)
    if limits is None:
        limits = tuple(np.quantile(shown[known], [0.01, 0.99])) if known.any() else (0.0, 1.0)
    low, high = limits
    share = np.clip((np.nan_to_num(shown) - low) / max(high - low, 1e-9), 0.0, 1.0)
    colour = scale_colours(scale)[(share * 255).astype(int)]
    return Painted(np.where(known[:, None], colour, _rgb(GREY)).astype(np.uint8), title, scale, low, high, logarithmic)


def paint_classes(label: np.ndarray) -> Painted:
    """The two classes in their colours; grey for stars without a label."""
    colour = np.tile(_rgb(GREY), (len(label), 1))
    for name, code in LABEL_COLOURS.items():
        colour[np.asarray(label == name, dtype=bool)] = _rgb(code)
    return Painted(colour.astype(np.uint8), "Class", names=(*LABEL_COLOURS.items(), ("no label", GREY)))


def paint_groups(group: np.ndarray) -> Painted:
    """Groups in turn; noise (-1) grey."""
    palette = np.array([_rgb(code) for code in GROUP_COLOURS])
    colour = np.where((group >= 0)[:, None], palette[group % len(palette)], _rgb(GREY))
    return Painted(
        colour.astype(np.uint8),
        "Association",
        names=(("groups, colours in turn", SKY), ("noise", GREY)),
        faded=group < 0,
    )


@cache
def scale_colours(name: str) -> np.ndarray:
    """256 colours of a Plotly scale, (256, 3)."""
    from plotly.colors import get_colorscale, sample_colorscale

    codes = sample_colorscale(get_colorscale(name), list(np.linspace(0, 1, 256)), colortype="tuple")
    return (np.array(codes) * 255).round()


def _rgb(code: str) -> list[int]:
    return [int(code[i : i + 2], 16) for i in (1, 3, 5)]
