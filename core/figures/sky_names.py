"""Words on the maps of the sky: rings on all known places, names beside those where they do not cover each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pydeck as pdk

from core.figures.sky_marks import PLACE

CARTESIAN = pdk.types.String("cartesian")
PIXELS = pdk.types.String("pixels")
SIZE_PX = 12
_LETTER_PX, _LINE_PX, _BESIDE_PX = 6.8, 15.0, 10.0
_LIFT_M = 250_000.0
"""Words stand above deck.gl's sphere (radius 6,370 km), which would cut them off where it bulges."""

Box = tuple[float, float, float, float]


def flat(projection: str) -> dict:
    """Properties of a layer on a plane; none on the sphere, whose coordinates are degrees."""
    return {} if projection == "sphere" else {"coordinate_system": CARTESIAN}


def text_layer(
    projection: str, words: Sequence, colour: Sequence[int], name: str, *, background: Sequence[int] | None = None
) -> pdk.Layer:
    """Words at their places: pairs of text and place, or triples with the side ('left', 'right') of the place.

    `background` is laid under them, where stars would make them hard to read.
    """
    data = []
    for text, place, *side in words:
        where = np.asarray(place).round(3).tolist() + ([_LIFT_M] if projection == "sphere" else [])
        item = {"p": where, "n": text, "a": "middle", "o": [0, 0]}
        if side:
            item |= {"a": "start", "o": [_BESIDE_PX, 0]} if side[0] == "right" else {"a": "end", "o": [-_BESIDE_PX, 0]}
        data.append(item)
    under = {} if background is None else {"background": True, "get_background_color": [*background, 190]}
    if projection == "sphere":
        under["parameters"] = {"cullMode": "none"}  # deck.gl takes words on its sphere for backs
    elif projection == "space":
        under["parameters"] = {"depthCompare": "always"}  # no star stands in front of a word
    return pdk.Layer(
        "TextLayer", data, id=name, get_position="p", get_text="n", get_size=SIZE_PX, get_color=list(colour),
        get_text_anchor="a", get_pixel_offset="o", get_alignment_baseline=pdk.types.String("center"),
        font_family=pdk.types.String("sans-serif"), character_set=pdk.types.String("auto"), **under,
        **flat(projection),
    )  # fmt: skip


def known_layers(
    projection: str,
    known: pd.DataFrame,
    place: np.ndarray,
    place_px: np.ndarray,
    *,
    ink: Sequence[int],
    background: Sequence[int],
    taken: Sequence[Box] = (),
    half_width_px: float = np.inf,
) -> list[pdk.Layer]:
    """A ring on each known place, which says its name under the pointer, and the names that fit.

    Parameters
    ----------
    known : DataFrame
        name, distance_pc, radius_deg, reference.
    place : ndarray of shape (n, 2) or (n, 3)
        Coordinates on the map.
    place_px : ndarray of shape (n, 2)
        Where they stand when the map opens: pixels from its middle, up positive; NaN out of sight.
    taken : sequence of boxes
        Where other words stand.
    half_width_px : float
        Of the map: no name runs over its edge.
    """
    about = [f"{item.name}\n{item.distance_pc:.0f} pc\n{item.reference}" for item in known.itertuples(index=False)]
    rings = [[p, None, text] for p, text in zip(place.round(3).tolist(), about, strict=True)]
    names = known["name"].tolist()
    sides = sides_of_names(
        names, place_px, known["radius_deg"].to_numpy(), taken, half_width_px, outward=projection == "sphere"
    )
    words = [(names[row], place[row], side) for row, side in sides.items()]
    ring = pdk.Layer(
        "ScatterplotLayer", rings, id="known", get_position=PLACE, get_radius=6, radius_units=PIXELS, filled=False,
        stroked=True, get_line_color=list(ink), line_width_units=PIXELS, get_line_width=1.5, pickable=True,
        billboard=projection == "space", **flat(projection),
    )  # fmt: skip
    return [ring, text_layer(projection, words, ink, "names", background=background)]


def sides_of_names(
    names: Sequence[str],
    place_px: np.ndarray,
    prominence: np.ndarray,
    taken: Sequence[Box] = (),
    half_width_px: float = np.inf,
    *,
    outward: bool = False,
) -> dict[int, str]:
    """Rows of the names that can be written without covering another word or ring, each with its side of its ring.

    The most prominent (the largest on the sky) choose first, the right side before the left; with `outward` the side
    away from the middle only (a sphere hides what runs inwards).

    >>> sides_of_names(["Alpha", "Beta"], np.array([[0.0, 0.0], [14.0, 0.0]]), np.array([1.0, 2.0]))
    {1: 'right', 0: 'left'}
    """
    visible = [row for row in np.argsort(-np.asarray(prominence), kind="stable") if np.isfinite(place_px[row]).all()]
    rings = {row: _around(float(place_px[row, 0]), float(place_px[row, 1]), 12.0, 12.0) for row in visible}
    words = list(taken)
    sides: dict[int, str] = {}
    for row in visible:
        x, y = place_px[row]
        width = len(names[row]) * _LETTER_PX
        offered = {"right": 1.0, "left": -1.0}
        if outward:
            offered = {"right": 1.0} if x >= 0 else {"left": -1.0}
        for side, sign in offered.items():
            box = _around(x + sign * (_BESIDE_PX + width / 2), y, width, _LINE_PX)
            others = [ring for other, ring in rings.items() if other != row]
            inside = max(abs(box[0]), abs(box[2])) <= half_width_px or abs(x) > half_width_px
            if inside and not any(overlap(box, other) for other in (*words, *others)):
                words.append(box)
                sides[int(row)] = side
                break
    return sides


def box_of_word(text: str, x_px: float, y_px: float) -> Box:
    """The place that a word takes around its middle."""
    return _around(x_px, y_px, len(text) * _LETTER_PX, _LINE_PX)


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes (left, bottom, right, top) share a place."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _around(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
