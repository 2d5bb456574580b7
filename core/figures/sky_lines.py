"""Lines on the maps of the sky."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pydeck as pdk

from core.figures.sky_names import PIXELS, flat

_LIFT_M = 30_000.0
"""Lines stand above deck.gl's sphere (radius 6,370 km): a stretch of three degrees dips 2 km below its surface."""


def strokes(
    name: str,
    lines: Sequence[np.ndarray],
    colour: Sequence[int],
    width_px: int,
    decimals: int,
    *,
    on_sphere: bool = False,
) -> pdk.Layer:
    """Lines of one colour and width, stretch by stretch.

    deck.gl's PathLayer would also round the joints; without a GPU it delays the first picture by a second.

    Parameters
    ----------
    lines : sequence of ndarray of shape (n, 2) or (n, 3)
        Points on the map, degrees on the sphere.
    colour : RGB or RGBA
    decimals : int
        To which the points are rounded.
    """
    where: dict = {"parameters": {"cullMode": "none"}} if on_sphere else flat("plane")  # it takes lines for backs
    data = []
    for line in lines:
        points = line.round(decimals).tolist()
        if on_sphere:
            points = [[*point, _LIFT_M] for point in points]
        data += [{"a": start, "b": end} for start, end in pairwise(points)]
    return pdk.Layer(
        "LineLayer", data, id=name, get_source_position="a", get_target_position="b", get_color=list(colour),
        width_units=PIXELS, get_width=width_px, **where,
    )  # fmt: skip
