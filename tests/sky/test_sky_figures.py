"""Maps and figures as data: every view is complete JSON within its budget, colours and legends say the same."""

import json
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from core.figures.association import k_distance_figure, scan_figure, space_figure
from core.figures.palette import GROUP_COLOURS
from core.figures.sky_colour import paint_classes, paint_groups, paint_scale
from core.figures.sky_deck import PROJECTIONS, sky_deck
from core.figures.sky_legend import legend_svg
from core.figures.sky_marks import Marks, name_of
from core.figures.star_film import group_colours
from core.sky.matching import known_groups
from core.sky.sky_cells import MOST_MARKS, Field, cell_centres, cell_corners
from core.sky.spiral_arms import arm_lines
from tests.sky.samples import CENTRES_PC

SVG = "{http://www.w3.org/2000/svg}"
COLOURS = {"ink": (20, 20, 20), "background": (255, 255, 255)}


def cells(n: int, order: int) -> Marks:
    cell = np.arange(n)
    l_deg, b_deg = cell_centres(cell, order)
    text = ["1,234 stars\nl 123.4° b -12.3°\nmean probability 0.93\nmassive 93%\nbrightest G 12.3 mag"] * n
    return Marks(l_deg, b_deg, np.full((n, 3), 200, np.uint8), text, [str(c) for c in cell], cell, order)


def stars(n: int) -> Marks:
    rng = np.random.default_rng(n)
    place = rng.normal(0, 500, (n, 3))
    place[0] = np.nan
    names = [str(2**60 + i) for i in range(n)]
    colour = np.full((n, 3), 9, np.uint8)
    return Marks(rng.uniform(0, 360, n), rng.uniform(-90, 90, n), colour, names, names, None, None,
                 place, np.arange(n) % 2 == 0)  # fmt: skip


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("field", [Field(), Field(359.0, -5.0, 3.0)], ids=["sky", "field"])
def test_every_view_holds_every_mark_and_no_tile_server(projection, field):
    known = known_groups().assign(x=1.0, y=2.0, z=3.0)
    marks = stars(50)
    text = sky_deck(projection, marks, field=field, known=known, arms=arm_lines(3000.0), **COLOURS).to_json()
    assert "http" not in text
    layers = {layer["id"]: layer["data"] for layer in json.loads(text)["layers"]}
    found = {name_of(row) for name in ("stars", "faded") for row in layers.get(name, [])}
    assert found == set(marks.name[projection == "space" :])  # the first has no place in space


@pytest.mark.parametrize("projection", ["aitoff", "plate", "sphere"])
def test_the_largest_map_stays_within_its_payload(projection):
    text = sky_deck(projection, cells(MOST_MARKS, 6), **COLOURS).to_json()
    assert len(text) < 8_000_000
    layer = next(layer for layer in json.loads(text)["layers"] if layer["id"] == "cells")
    shape = np.array([row[0] for row in layer["data"]])
    assert {name_of(row) for row in layer["data"]} == {str(cell) for cell in range(MOST_MARKS)}
    assert np.isfinite(shape).all()
    # no cell is torn across the map
    away_from_poles = np.abs(cell_corners(np.arange(MOST_MARKS), 6)[1]).max(axis=1) < 80
    assert np.ptp(shape[away_from_poles], axis=1).max() < 12


def test_colours_and_legends():
    painted = paint_scale(np.array([0.0, 0.5, 1.0, np.nan]), "Probability", "Cividis", limits=(0, 1))
    assert len({tuple(row) for row in painted.colour.tolist()}) == 4
    assert paint_scale(np.full(3, np.nan), "G", "Viridis").colour.shape == (3, 3)
    classes = paint_classes(np.array(["massive", "low-mass", None], dtype=object))
    assert len(np.unique(classes.colour, axis=0)) == 3
    groups = paint_groups(np.array([-1, 0, 1]))
    assert groups.faded.tolist() == [True, False, False]
    for item in (painted, classes, groups, paint_scale(np.array([1.0, 1000.0]), "n", "Viridis", logarithmic=True)):
        words = [part.text for part in ElementTree.fromstring(legend_svg(item, (20, 20, 20))).iter(f"{SVG}text")]
        assert words[0] == item.title
        assert len(words) == 1 + (len(item.names) or (2 if item.logarithmic else 6))


def test_the_legend_of_a_scale_has_its_ticks_in_place():
    painted = paint_scale(np.array([1.0, 1000.0]), "n & more", "Viridis", limits=(0, 3), logarithmic=True)
    drawing = ElementTree.fromstring(legend_svg(painted, (1, 2, 3)))
    bar = drawing.find(f"{SVG}rect")
    left, width = float(bar.get("x")), float(bar.get("width"))
    ticks = [float(line.get("x1")) for line in drawing.iter(f"{SVG}line")]
    assert np.allclose(ticks, left + width * np.arange(4) / 3, atol=0.1)
    assert [part.text for part in drawing.iter(f"{SVG}text")][1:] == ["1", "10", "100", "1,000"]


def test_a_turn_of_the_space_figure():
    place = np.concatenate([CENTRES_PC, [[np.nan] * 3]])
    figure = space_figure(place, np.array([0, 1, -1, -1]), np.arange(4) + 2**60)
    assert sum(len(trace.x) for trace in figure.data) == 3 + 1  # and the Sun
    assert len(figure.frames) == 60
    assert str(2**60) in str(figure.data[1].customdata)
    assert len(space_figure(place, None, np.arange(4)).data[0].x) == 3
    assert len(space_figure(np.full((2, 3), np.nan), None, np.arange(2)).data[0].x) == 0


def test_the_eps_figures_say_what_is_chosen():
    figure = k_distance_figure(np.linspace(1, 50, 500), 5, 20.0, 30.0, "pc")
    assert {trace.name for trace in figure.data} == {"Stars", "eps now: 30 pc", "Suggested: 20 pc"}
    assert len(k_distance_figure(np.empty(0), 5, None, 30.0, "pc").layout.annotations) == 1
    pairs = [(radius, samples, 3, 0.5, 0.1) for radius in (10.0, 20.0) for samples in (4, 8)]
    scan = pd.DataFrame(pairs, columns=["eps", "min_samples", "n_groups", "noise_fraction", "largest_fraction"])
    figure = scan_figure(scan, (12.0, 5), "pc")
    assert figure.data[0].z.shape == (2, 2)
    assert figure.data[1].y == ("4",)


def test_a_film_has_as_many_colours_as_the_map():
    colours = group_colours(np.arange(len(GROUP_COLOURS)))
    assert len(np.unique(colours, axis=0)) == len(GROUP_COLOURS)
