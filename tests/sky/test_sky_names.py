"""Names on the maps: every known place keeps its ring, no two names cover each other when the map opens."""

import json
from itertools import combinations

import numpy as np
import pytest

from core.figures.sky_deck import HEIGHT, PHONE_WIDTH, PROJECTIONS, WIDTH, sky_deck
from core.figures.sky_names import box_of_word, overlap, sides_of_names
from core.gaia import frames
from core.sky.matching import known_groups
from core.sky.sky_cells import Field
from core.sky.spiral_arms import arm_lines
from tests.sky.test_sky_figures import COLOURS, stars

KNOWN = known_groups()
KNOWN = KNOWN.assign(
    **dict(
        zip(
            "xyz",
            (frames.unit_vectors(KNOWN["l"].to_numpy(), KNOWN["b"].to_numpy()) * KNOWN[["distance_pc"]].to_numpy()).T,
            strict=True,
        )
    )
)


def layers_of(projection: str, field: Field | None = None) -> dict[str, dict]:
    deck = sky_deck(projection, stars(2000), field=field, known=KNOWN, arms=arm_lines(3000.0), **COLOURS)
    return {layer["id"]: layer for layer in json.loads(deck.to_json())["layers"]}


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_some_places_are_named_and_all_have_a_ring(projection):
    layers = layers_of(projection)
    rings = {item[2].split("\n")[0] for item in layers["known"]["data"]}
    named = {item["n"] for item in layers["names"]["data"]}
    assert named < rings
    assert len(named) >= 4
    assert projection == "space" or rings == set(KNOWN["name"])


@pytest.mark.parametrize("projection", ["aitoff", "plate"])
def test_no_name_covers_another_when_the_map_opens(projection):
    words = layers_of(projection)["names"]["data"]
    start = json.loads(sky_deck(projection, stars(20), **COLOURS).to_json())["initialViewState"]
    boxes = []
    for word in words:
        x, y = np.array(word["p"]) * 2.0 ** start["zoom"]
        width = box_of_word(word["n"], 0, 0)[2]
        boxes.append(box_of_word(word["n"], x + np.sign(word["o"][0]) * width + word["o"][0], y))
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))


def test_a_nearer_look_names_more_of_what_is_there():
    cygnus = Field(76.0, 1.0, 6.0)
    near = {item["n"] for item in layers_of("aitoff", cygnus)["names"]["data"]}
    assert {"Cygnus OB2", "Cygnus OB3"} <= near


def test_the_larger_place_is_named_first_and_nothing_runs_over_the_edge():
    row = np.array([[-15.0, 0.0], [0.0, 0.0], [15.0, 0.0], [np.nan, 0.0]])
    between = sides_of_names(["one", "between", "other", "hidden"], row, np.array([1.0, 9.0, 1.0, 9.0]))
    assert between == {0: "left", 2: "right"}  # rings stand on both sides of the second
    apart = np.array([[-30.0, 0.0], [30.0, 0.0]])
    assert sides_of_names(["longer name", "two"], apart, np.array([1.0, 3.0])) == {1: "right", 0: "left"}
    assert sides_of_names(["name"], np.array([[90.0, 0.0]]), np.ones(1), half_width_px=100.0) == {0: "left"}
    taken = [box_of_word("degrees", 40.0, 0.0)]
    assert sides_of_names(["name"], np.array([[0.0, 0.0]]), np.ones(1), taken) == {0: "left"}
    assert sides_of_names(["name"], np.array([[0.0, 0.0]]), np.ones(1), taken, outward=True) == {}


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_a_phone_sees_the_whole_map(projection):
    views = [
        json.loads(sky_deck(projection, stars(500), known=KNOWN, width_px=width, **COLOURS).to_json())
        for width in (WIDTH, PHONE_WIDTH)
    ]
    wide, narrow = (view["initialViewState"]["zoom"] for view in views)
    ratio = PHONE_WIDTH / (HEIGHT if projection == "sphere" else WIDTH)
    assert narrow == pytest.approx(wide + np.log2(ratio), abs=0.2)
    names = [len(next(layer for layer in view["layers"] if layer["id"] == "names")["data"]) for view in views]
    assert names[1] <= names[0]
