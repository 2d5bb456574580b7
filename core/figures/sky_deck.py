"""Maps of the sky for deck.gl without a map server: cells or stars on a plane, on a sphere, and in space."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pydeck as pdk
from pydeck.bindings.json_tools import default_serialize

from core.figures.projection import hammer
from core.figures.sky_marks import Marks
from core.sky.sky_cells import Field, cell_centres, cell_corners

PROJECTIONS = {
    "aitoff": "Galactic sky, equal areas (Hammer-Aitoff)",
    "plate": "Galactic sky, plate carrée",
    "sphere": "Sphere",
    "space": "3-D around the Sun",
}
HEIGHT = 560
_UNITS = 100.0  # deck.gl zooms in powers of two of pixels per unit
_WIDTH = 790
CARTESIAN = pdk.types.String("cartesian")


def sky_deck(
    projection: str,
    marks: Marks,
    *,
    ink: tuple[int, int, int],
    ground: tuple[int, int, int],
    field: Field | None = None,
    known: pd.DataFrame | None = None,
    arms: Mapping[str, np.ndarray] | None = None,
) -> pdk.Deck:
    """A map in one of `PROJECTIONS`.

    Parameters
    ----------
    ink, ground : RGB
        Of lines and names, and of the page.
    field : Field or None
        Where to look; None or the whole sky shows everything.
    known : DataFrame or None
        Places to name: name, l, b, distance_pc, and for 'space' x, y, z in pc.
    arms : mapping of name to ndarray of shape (n, 3), or None
        Lines for 'space'.
    """
    if projection == "space":
        return _space(marks, ink, known, arms or {})
    layers = [*_grid(projection, ink, ground), _layer(projection, marks, field), *_names(projection, known, ink)]
    if projection == "sphere":
        view = pdk.View(type="_GlobeView", controller=True)
        start = {
            "longitude": _signed(field.l_deg) if field else 0.0,
            "latitude": field.b_deg if field else 0.0,
            "zoom": 0.6,
        }
        if field and not field.whole_sky:
            start["zoom"] = float(np.clip(np.log2(90.0 / field.radius_deg), 0.6, 5.0))
    else:
        view = pdk.View(type="OrthographicView", controller=True, flip_y=False)
        start = _start(projection, field)
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
        tooltip={"text": "{t}"},
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


def _layer(projection: str, marks: Marks, field: Field | None) -> pdk.Layer:
    """Cells as polygons, stars as discs of a fixed size on the screen."""
    colour = marks.colour.tolist()
    if marks.cell is not None and marks.order is not None:
        shape = _cells(projection, marks.cell, marks.order).round(3).tolist()
        data = [
            {"p": p, "c": c, "t": t, "i": i} for p, c, t, i in zip(shape, colour, marks.text, marks.name, strict=True)
        ]
        return pdk.Layer(
            "SolidPolygonLayer", data, id="cells", get_polygon="p", get_fill_color="c", pickable=True, filled=True,
            extruded=False, opacity=0.95, auto_highlight=True, **_flat(projection),
        )  # fmt: skip
    place = _place(projection, marks.l_deg, marks.b_deg).round(4).tolist()
    data = [{"p": p, "c": c, "t": t, "i": i} for p, c, t, i in zip(place, colour, marks.text, marks.name, strict=True)]
    size = 2.0 if len(data) > 5000 else 3.0 if len(data) > 800 else 5.0
    return pdk.Layer(
        "ScatterplotLayer", data, id="stars", get_position="p", get_fill_color="c", pickable=True, opacity=0.85,
        radius_units=pdk.types.String("pixels"), get_radius=size, auto_highlight=True, **_flat(projection),
    )  # fmt: skip


def _cells(projection: str, cell: np.ndarray, order: int) -> np.ndarray:
    """Corners (n, 4, 2) on the map; a cell at the edge of the map stays on the side of its centre."""
    l_deg, b_deg = cell_corners(cell, order)
    centre, _ = cell_centres(cell, order)
    around = _signed(centre)
    beyond = around[:, None] + _signed(l_deg - around[:, None])
    return _place(projection, np.clip(beyond, -179.99, 179.99), b_deg)


def _flat(projection: str) -> dict:
    return {} if projection == "sphere" else {"coordinate_system": CARTESIAN}


def _grid(projection: str, ink: tuple[int, int, int], ground: tuple[int, int, int]) -> list[pdk.Layer]:
    lines, words = [], []
    up, along = np.linspace(-90, 90, 61), np.linspace(-179.99, 179.99, 91)
    for meridian in range(-180, 181, 30):
        lines.append(_place(projection, np.full_like(up, np.clip(meridian, -179.99, 179.99)), up))
        if meridian % 60 == 0 and abs(meridian) < 180:
            words.append((f"{meridian % 360}", _place(projection, np.array(float(meridian)), np.array(-34.0))))
    lines += [_place(projection, along, np.full_like(along, parallel)) for parallel in (-60, -30, 0, 30, 60)]
    layers = []
    if projection == "sphere":
        globe = [{"p": [[-180, 90], [0, 90], [180, 90], [180, -90], [0, -90], [-180, -90]]}]
        layers.append(
            pdk.Layer("SolidPolygonLayer", globe, id="globe", get_polygon="p", get_fill_color=_mixed(ground, ink, 0.06))
        )
    data = [{"p": line.round(3).tolist()} for line in lines]
    layers.append(
        pdk.Layer(
            "PathLayer",
            data,
            id="grid",
            get_path="p",
            get_color=_mixed(ground, ink, 0.3),
            width_units=_PIXELS,
            get_width=1,
            **_flat(projection),
        )
    )
    layers.append(_text(projection, words, _mixed(ground, ink, 0.6), "degrees", 12))
    return layers


_PIXELS = pdk.types.String("pixels")


def _text(
    projection: str, words: Sequence, colour: Sequence[int], name: str, size: int, anchor: str = "middle"
) -> pdk.Layer:
    data = [{"p": place.round(3).tolist(), "n": text} for text, place in words]
    return pdk.Layer(
        "TextLayer", data, id=name, get_position="p", get_text="n", get_size=size, get_color=list(colour),
        get_text_anchor=pdk.types.String(anchor), get_alignment_baseline=pdk.types.String("center"),
        get_pixel_offset=[8, 0] if anchor == "start" else [0, 0], font_family=pdk.types.String("sans-serif"),
        **_flat(projection),
    )  # fmt: skip


def _names(projection: str, known: pd.DataFrame | None, ink: tuple[int, int, int]) -> list[pdk.Layer]:
    if known is None or known.empty:
        return []
    place = _place(projection, known["l"].to_numpy(), known["b"].to_numpy())
    rings = [{"p": p, "t": t} for p, t in zip(place.round(3).tolist(), _about(known), strict=True)]
    return [
        pdk.Layer(
            "ScatterplotLayer",
            rings,
            id="known",
            get_position="p",
            get_radius=6,
            radius_units=_PIXELS,
            filled=False,
            stroked=True,
            get_line_color=list(ink),
            line_width_units=_PIXELS,
            get_line_width=1.5,
            pickable=True,
            **_flat(projection),
        ),
        _text(projection, list(zip(known["name"], place, strict=True)), ink, "names", 12, "start"),
    ]


def _about(known: pd.DataFrame) -> list[str]:
    return [f"{item.name}\n{item.distance_pc:.0f} pc\n{item.reference}" for item in known.itertuples(index=False)]


def _start(projection: str, field: Field | None) -> dict:
    half_width = 2.83 * _UNITS if projection == "aitoff" else 180.0
    half_height = half_width / 2
    if field is None or field.whole_sky:
        zoom = min(np.log2(_WIDTH / (2.1 * half_width)), np.log2(HEIGHT / (2.1 * half_height)))
        return {"target": [0, 0, 0], "zoom": float(zoom)}
    centre = _place(projection, np.array(field.l_deg), np.array(field.b_deg))
    per_degree = half_width / 180.0 if projection == "plate" else _UNITS * np.pi / 180.0
    zoom = np.log2(HEIGHT / (2.2 * field.radius_deg * per_degree))
    return {"target": [float(centre[0]), float(centre[1]), 0], "zoom": float(zoom)}


def _space(marks: Marks, ink: tuple[int, int, int], known: pd.DataFrame | None, arms: Mapping) -> pdk.Deck:
    position = marks.position_pc if marks.position_pc is not None else np.full((len(marks.l_deg), 3), np.nan)
    rows = np.flatnonzero(np.isfinite(position).all(axis=1))
    reach = float(np.quantile(np.linalg.norm(position[rows], axis=1), 0.98)) if len(rows) else 1000.0
    angle = np.deg2rad(np.arange(0, 361, 4))
    circle = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    paths = [{"p": (radius * circle).round(1).tolist()} for radius in (reach / 3, 2 * reach / 3, reach)]
    paths += [{"p": [[-reach, 0, 0], [reach, 0, 0]]}, {"p": [[0, -reach, 0], [0, reach, 0]]}]
    words = [("to the Galactic centre", np.array([reach, 0, 0])), ("rotation", np.array([0, reach, 0]))]
    words += [("Sun", np.zeros(3)), (f"{reach:,.0f} pc", np.array([-reach * 0.71, -reach * 0.71, 0]))]
    words += [(f"{name} Arm", line[len(line) // 2]) for name, line in arms.items()]
    faint = [*_mixed(ink, (128, 128, 128), 0.5)]
    spirals = [{"p": line.round(1).tolist(), "t": f"{name} Arm"} for name, line in arms.items()]
    lines = {"get_path": "p", "width_units": _PIXELS, "coordinate_system": CARTESIAN}
    faded = np.zeros(len(marks.l_deg), dtype=bool) if marks.faded is None else marks.faded
    layers = [
        pdk.Layer("PathLayer", paths, id="rings", get_color=[128, 128, 128], get_width=1, **lines),
        pdk.Layer("PathLayer", spirals, id="arms", get_color=[204, 121, 167], get_width=2, opacity=0.6, **lines),
        _cloud("faded", marks, position, rows[faded[rows]], 1.3, 0.35),
        _cloud("stars", marks, position, rows[~faded[rows]], 2.0 if len(rows) > 3000 else 3.5, 1.0),
        _text("space", words, faint, "words", 12),
    ]
    if known is not None and len(known):
        near = known[known["distance_pc"].between(0.2 * reach, 1.1 * reach)]  # nearer names would cover each other
        layers.append(
            _text("space", list(zip(near["name"], near[["x", "y", "z"]].to_numpy(), strict=True)), ink, "names", 12)
        )
    view = pdk.View(type="OrbitView", controller=True, orbit_axis="Z")
    zoom = float(np.log2(0.62 * _WIDTH / (2 * reach)))
    return _deck(layers, view, {"target": [0, 0, 0], "rotation_x": 50, "rotation_orbit": 60, "zoom": zoom})


def _cloud(name: str, marks: Marks, position: np.ndarray, rows: np.ndarray, size: float, opacity: float) -> pdk.Layer:
    columns = position[rows].round(1).tolist(), marks.colour[rows].tolist(), rows.tolist()
    data = [{"p": p, "c": c, "t": marks.text[row], "i": marks.name[row]} for p, c, row in zip(*columns, strict=True)]
    return pdk.Layer(
        "PointCloudLayer",
        data,
        id=name,
        get_position="p",
        get_color="c",
        point_size=size,
        opacity=opacity,
        material=False,
        pickable=True,
        auto_highlight=True,
        coordinate_system=CARTESIAN,
    )


def _mixed(one: Sequence[int], other: Sequence[int], share: float) -> list[int]:
    return [round(a + (b - a) * share) for a, b in zip(one, other, strict=True)]
