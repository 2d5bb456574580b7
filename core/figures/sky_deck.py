"""Maps of the sky for deck.gl without a map server: cells or stars on a plane, on a sphere, and in space."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pydeck as pdk
from pydeck.bindings.json_tools import default_serialize

from core.figures.projection import hammer
from core.figures.sky_lines import strokes
from core.figures.sky_marks import CARD, COLOUR, PLACE, Marks
from core.figures.sky_names import CARTESIAN, Box, box_of_word, flat, known_layers, overlap, text_layer
from core.sky.sky_cells import Field, cell_centres, cell_corners

PROJECTIONS = {
    "aitoff": "Galactic sky, equal areas (Hammer-Aitoff)",
    "plate": "Galactic sky, plate carrée",
    "sphere": "Sphere",
    "space": "3-D around the Sun",
}
HEIGHT = 500
_GLOBE_PX, _GLOBE_ZOOM = 65.0, 1.75  # radius of deck.gl's sphere at zoom 0, as measured; how near it begins
_RINGS_PC = (100, 250, 500, 1000, 2000, 4000, 8000, 16000)
_UNITS = 100.0  # deck.gl zooms in powers of two of pixels per unit
WIDTH, PHONE_WIDTH = 790, 340
"""Pixels of the map on a usual screen, and on a phone."""
_ROTATION_DEG = (50.0, 60.0)  # of the view in space: its height above the plane, its turn about z
_EYE_PX = HEIGHT / (2 * np.tan(np.deg2rad(25.0)))  # distance of deck.gl's eye, whose field is 50 degrees high


def sky_deck(
    projection: str,
    marks: Marks,
    *,
    ink: tuple[int, int, int],
    background: tuple[int, int, int],
    field: Field | None = None,
    known: pd.DataFrame | None = None,
    arms: Mapping[str, np.ndarray] | None = None,
    width_px: int = WIDTH,
) -> pdk.Deck:
    """A map in one of `PROJECTIONS`.

    Parameters
    ----------
    ink, background : RGB
        Of lines and names, and of the page.
    field : Field or None
        Where to look; None or the whole sky shows everything.
    known : DataFrame or None
        Places to name: name, l, b, distance_pc, and for 'space' x, y, z in pc.
    arms : mapping of name to ndarray of shape (n, 3), or None
        Lines for 'space'.
    width_px : int
        Of the map on the screen: the first view shows all of it.
    """
    if projection == "space":
        return _space(marks, ink, background, known, arms or {}, width_px)
    start = _start(projection, field, width_px)
    layers = [
        *_grid(projection, ink, background),
        _layer(projection, marks, 2 if field is None or field.whole_sky else 4),
    ]
    if known is not None and not known.empty:
        place = _place(projection, known["l"].to_numpy(), known["b"].to_numpy())
        degrees = [box_of_word(text, *_on_screen(projection, at, start)) for text, at in _degrees(projection)]
        layers += known_layers(
            projection, known, place, _on_screen(projection, place, start), ink=ink, background=background,
            taken=degrees, half_width_px=width_px / 2,
        )  # fmt: skip
    if projection == "sphere":
        view = pdk.View(type="_GlobeView", controller=True)
    else:
        view = pdk.View(type="OrthographicView", controller=True, flip_y=False)
    return _deck(layers, view, start)


class CompactDeck(pdk.Deck):
    """A deck whose JSON has no white space: pydeck's indentation more than doubles it."""

    def to_json(self) -> str:
        """The JSON that the browser gets."""
        return json.dumps(self, sort_keys=True, default=default_serialize, separators=(",", ":"))


def _deck(layers: list, view, start: dict) -> pdk.Deck:
    # Without map_style and provider nothing is asked of a tile server.
    return CompactDeck(
        layers=layers,
        views=[view],
        initial_view_state=pdk.ViewState(**start),
        map_provider=None,
        tooltip={"text": CARD},
    )


def _place(projection: str, l_deg: np.ndarray, b_deg: np.ndarray) -> np.ndarray:
    """Coordinates (..., 2) on the map; on the sphere degrees."""
    if projection == "aitoff":
        return np.stack(hammer(l_deg, b_deg), axis=-1) * _UNITS
    longitude = _signed(l_deg)
    if projection == "plate":
        return np.stack([-longitude, np.asarray(b_deg, dtype=float)], axis=-1)
    return np.stack([longitude, np.asarray(b_deg, dtype=float)], axis=-1)


def _signed(angle_deg):
    return (np.asarray(angle_deg, dtype=float) + 180.0) % 360.0 - 180.0


def _layer(projection: str, marks: Marks, decimals: int) -> pdk.Layer:
    """Cells as polygons, stars as discs of a fixed size on the screen, their places with so many decimals."""
    if marks.cell is None or marks.order is None:
        place = _place(projection, marks.l_deg, marks.b_deg).round(decimals).tolist()
    else:
        decimals = int(np.ceil(np.log10(50 * 2**marks.order / 58.6)))  # a fiftieth of a cell, whose side is 58.6°/2^k
        place = _cells(projection, marks.cell, marks.order).round(decimals).tolist()
    data = marks.rows(place)
    if marks.cell is not None:
        return pdk.Layer(
            "SolidPolygonLayer", data, id="cells", get_polygon=PLACE, get_fill_color=COLOUR, pickable=True, filled=True,
            extruded=False, opacity=0.95, auto_highlight=True, **flat(projection),
        )  # fmt: skip
    size = 2.0 if len(data) > 5000 else 3.0 if len(data) > 800 else 5.0
    return pdk.Layer(
        "ScatterplotLayer", data, id="stars", get_position=PLACE, get_fill_color=COLOUR, pickable=True, opacity=0.85,
        radius_units=pdk.types.String("pixels"), get_radius=size, auto_highlight=True, **flat(projection),
    )  # fmt: skip


def _cells(projection: str, cell: np.ndarray, order: int) -> np.ndarray:
    """Corners (n, 4, 2) on the map; a cell at the edge of the map stays on the side of its centre."""
    l_deg, b_deg = cell_corners(cell, order)
    centre, _ = cell_centres(cell, order)
    around = _signed(centre)
    beyond = around[:, None] + _signed(l_deg - around[:, None])
    return _place(projection, np.clip(beyond, -179.99, 179.99), b_deg)


def _grid(projection: str, ink: tuple[int, int, int], background: tuple[int, int, int]) -> list[pdk.Layer]:
    lines = []
    up, along = np.linspace(-90, 90, 61), np.linspace(-179.99, 179.99, 91)
    for meridian in range(-180, 181, 30):
        lines.append(_place(projection, np.full_like(up, np.clip(meridian, -179.99, 179.99)), up))
    lines += [_place(projection, along, np.full_like(along, parallel)) for parallel in (-60, -30, 0, 30, 60)]
    layers = []
    if projection == "sphere":
        globe = [{"p": [[-180, 90], [0, 90], [180, 90], [180, -90], [0, -90], [-180, -90]]}]
        layers.append(
            pdk.Layer(
                "SolidPolygonLayer", globe, id="globe", get_polygon="p", get_fill_color=_mixed(background, ink, 0.06)
            )
        )
    layers.append(strokes("grid", lines, _mixed(background, ink, 0.3), 1, 3, on_sphere=projection == "sphere"))
    layers.append(text_layer(projection, _degrees(projection), _mixed(background, ink, 0.6), "degrees"))
    return layers


def _degrees(projection: str) -> list[tuple[str, np.ndarray]]:
    """The longitudes that are written, with their places."""
    return [
        (f"{meridian % 360}°", _place(projection, np.array(float(meridian)), np.array(-34.0)))
        for meridian in range(-120, 121, 60)
    ]


def _on_screen(projection: str, place: np.ndarray, start: dict) -> np.ndarray:
    """Where places of the map (..., 2) stand when it opens: pixels from the middle, up positive; NaN where hidden."""
    if projection != "sphere":
        return (place - np.array(start["target"][:2])) * 2.0 ** start["zoom"]
    along, up = np.deg2rad(place[..., 0] - start["longitude"]), np.deg2rad(place[..., 1])
    tilt = np.deg2rad(start["latitude"])
    toward = np.sin(tilt) * np.sin(up) + np.cos(tilt) * np.cos(up) * np.cos(along)
    x = np.cos(up) * np.sin(along)
    y = np.cos(tilt) * np.sin(up) - np.sin(tilt) * np.cos(up) * np.cos(along)
    seen = np.where(toward > 0.2, _GLOBE_PX * 2.0 ** start["zoom"], np.nan)
    return np.stack([x, y], axis=-1) * seen[..., None]


def _start(projection: str, field: Field | None, width_px: int) -> dict:
    """The view state with which a map of the sky opens."""
    if projection == "sphere":
        place = {"longitude": _signed(field.l_deg), "latitude": field.b_deg} if field else {}
        zoom = _GLOBE_ZOOM + float(np.log2(min(1.0, width_px / HEIGHT)))
        if field and not field.whole_sky:
            zoom = float(np.clip(zoom + np.log2(60.0 / field.radius_deg), zoom, 5.0))
        return {"longitude": 0.0, "latitude": 0.0, "zoom": zoom} | place
    half_width = 2.83 * _UNITS if projection == "aitoff" else 180.0
    half_height = half_width / 2
    if field is None or field.whole_sky:
        zoom = min(np.log2(width_px / (2.1 * half_width)), np.log2(HEIGHT / (2.1 * half_height)))
        return {"target": [0, 0, 0], "zoom": float(zoom)}
    centre = _place(projection, np.array(field.l_deg), np.array(field.b_deg))
    per_degree = half_width / 180.0 if projection == "plate" else _UNITS * np.pi / 180.0
    zoom = np.log2(min(HEIGHT, width_px) / (2.2 * field.radius_deg * per_degree))
    return {"target": [float(centre[0]), float(centre[1]), 0], "zoom": float(zoom)}


def _space(
    marks: Marks,
    ink: tuple[int, int, int],
    background: tuple[int, int, int],
    known: pd.DataFrame | None,
    arms: Mapping,
    width_px: int,
) -> pdk.Deck:
    position = marks.position_pc if marks.position_pc is not None else np.full((len(marks.l_deg), 3), np.nan)
    rows = np.flatnonzero(np.isfinite(position).all(axis=1))
    reach = float(np.quantile(np.linalg.norm(position[rows], axis=1), 0.98)) if len(rows) else 1000.0
    zoom = float(np.log2(min(0.55 * width_px, 0.87 * HEIGHT) / (2 * reach)))
    angle = np.deg2rad(np.arange(0, 361, 4))
    circle = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    radii = [radius for radius in _RINGS_PC if 0.15 * reach < radius <= 1.05 * reach]
    axes = reach * np.array([[[-1, 0, 0], [1, 0, 0]], [[0, -1, 0], [0, 1, 0]]])
    paths = [*(radius * circle for radius in radii), *axes]
    words = [("to the Galactic centre", np.array([1.08 * reach, 0, 0])), ("rotation", np.array([0, 1.05 * reach, 0]))]
    words += [("Sun", np.zeros(3))]
    words += [(f"{radius:,} pc", radius * np.array([-0.71, -0.71, 0])) for radius in radii[-1:]]
    boxes = [box_of_word(text, *_turned(at, zoom)) for text, at in words]
    words += _names_of_arms(arms, zoom, boxes)
    faded = np.zeros(len(marks.l_deg), dtype=bool) if marks.faded is None else marks.faded
    layers = [
        strokes("rings", paths, [128, 128, 128], 1, 1),
        strokes("arms", list(arms.values()), [204, 121, 167, 153], 2, 1),
        _cloud("faded", marks, position, rows[faded[rows]], 1.3, 0.35),
        _cloud("stars", marks, position, rows[~faded[rows]], 2.0 if len(rows) > 3000 else 3.5, 1.0),
        text_layer("space", words, _mixed(ink, (128, 128, 128), 0.5), "words", background=background),
    ]
    if known is not None and len(known):
        near = known[known["distance_pc"] <= 1.1 * reach]
        place = near[["x", "y", "z"]].to_numpy(dtype=float)
        layers += known_layers(
            "space", near, place, _turned(place, zoom), ink=ink, background=background, taken=boxes,
            half_width_px=width_px / 2,
        )  # fmt: skip
    view = pdk.View(type="OrbitView", controller=True, orbit_axis="Z")
    tilt, turn = _ROTATION_DEG
    front = -0.1 * reach * np.array([np.sin(np.deg2rad(turn)), np.cos(np.deg2rad(turn)), 0.0])  # it looks larger
    return _deck(layers, view, {"target": front.tolist(), "rotation_x": tilt, "rotation_orbit": turn, "zoom": zoom})


def _names_of_arms(arms: Mapping[str, np.ndarray], zoom: float, boxes: list[Box]) -> list[tuple[str, np.ndarray]]:
    """A place for each arm's name on its line, where it covers no word of `boxes`, which grows."""
    words = []
    for name, line in arms.items():
        for share in (0.5, 0.7, 0.3, 0.85, 0.15):
            place = line[int(share * (len(line) - 1))]
            box = box_of_word(f"{name} Arm", *_turned(place, zoom))
            if not any(overlap(box, other) for other in boxes):
                boxes.append(box)
                words.append((f"{name} Arm", place))
                break
    return words


def _turned(place: np.ndarray, zoom: float) -> np.ndarray:
    """Where places (..., 3) in pc stand when the view in space opens: right and up of the Sun (..., 2), in pixels."""
    tilt, turn = np.deg2rad(_ROTATION_DEG)
    x, y, z = np.moveaxis(place * 2.0**zoom, -1, 0)
    away = x * np.sin(turn) + y * np.cos(turn)
    nearness = _EYE_PX / np.maximum(_EYE_PX + away * np.cos(tilt) - z * np.sin(tilt), 1.0)
    up = away * np.sin(tilt) + z * np.cos(tilt)
    return np.stack([x * np.cos(turn) - y * np.sin(turn), up], axis=-1) * nearness[..., None]


def _cloud(name: str, marks: Marks, position: np.ndarray, rows: np.ndarray, size: float, opacity: float) -> pdk.Layer:
    data = marks.rows(position[rows].round(1).tolist(), rows.tolist())
    return pdk.Layer(
        "PointCloudLayer",
        data,
        id=name,
        get_position=PLACE,
        get_color=COLOUR,
        point_size=size,
        opacity=opacity,
        material=False,
        pickable=True,
        auto_highlight=True,
        coordinate_system=CARTESIAN,
    )


def _mixed(one: Sequence[int], other: Sequence[int], share: float) -> list[int]:
    return [round(a + (b - a) * share) for a, b in zip(one, other, strict=True)]
