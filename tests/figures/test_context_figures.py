"""Figures of a star's surroundings, of its strengths, of Overview and of a group: they hold what they are given."""

import numpy as np
import pandas as pd
import pytest

from core.figures.association import group_figure
from core.figures.context import alike_figure, colour_colour_figure, hr_figure
from core.figures.overview import known_sky_figure, two_stars_figure
from core.figures.sky_legend import round_numbers
from core.figures.strengths import strengths_figure
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.line_strengths import FEATURES, line_strengths
from core.star.strengths import strengths_table

FLUX = 1e-15 * (WAVELENGTH_NM / 500.0) ** -3


def test_strengths_stand_between_the_ends_of_their_scale_or_at_its_edge():
    table = strengths_table(line_strengths(FLUX[None], 0.01 * FLUX[None]))
    n = len(FEATURES)
    quantiles = {name: np.linspace(-1, 1, 5)[None].repeat(n, axis=0) for name in ("a", "b", "c")}
    limits = np.tile([-1.0, 1.0], (n, 1))
    figure = strengths_figure(table, quantiles, {"a": 1, "b": 2, "c": 3}, limits)
    star = next(trace for trace in figure.data if trace.name == "This star")
    assert len(star.x) == n
    assert np.all((np.asarray(star.x) >= -0.22) & (np.asarray(star.x) <= 1.22))


def test_alike_stars_are_drawn_with_what_is_left():
    figure = alike_figure(FLUX, [("one", FLUX * 1.1), ("two", FLUX * 0.9)])
    assert [trace.name for trace in figure.data] == ["This star", "one", "one", "two", "two"]
    np.testing.assert_allclose(np.asarray(figure.data[2].y), 100 * (1 / 1.1 - 1))


def test_the_star_stands_in_the_diagrams():
    tracks = {8.0: pd.DataFrame({"teff": [22e3, 20e3], "log_luminosity": [3.4, 3.9]})}
    best = {"teff": 2e4, "teff_low": 1.9e4, "teff_high": 2.2e4, "log_luminosity": 4.0}
    star = hr_figure(tracks, pd.DataFrame(), best).data[-1]
    assert (star.x[0], star.y[0]) == (2e4, 4.0)
    known = pd.DataFrame({"h_ks": [0.1, 0.2], "j_h": [0.5, 0.6], "label": ["massive", None]})
    figure = colour_colour_figure(known, (0.0, -0.1), (0.06, 0.1))
    assert [trace.name for trace in figure.data] == ["Real, massive", "Real, neither by its type", "This star"]


def test_overview_shows_two_stars_and_the_sky():
    assert len(two_stars_figure(FLUX, FLUX[::-1], ("a", "b")).data) == 2
    label = np.array(["massive", "low-mass", None], dtype=object)
    groups = pd.DataFrame({"name": ["Cygnus OB2"], "l": [79.8], "b": [0.8]})
    figure = known_sky_figure(np.array([80.0, 10.0, 200.0]), np.zeros(3), label, groups)
    assert sum(len(trace.x) for trace in figure.data if trace.name and trace.name.startswith("real")) == 3


def test_a_group_is_drawn_before_the_others():
    x, y = np.arange(10.0), np.arange(10.0)
    y[3] = np.nan
    figure = group_figure("t", x, y, np.array([2, 3]), ("x", "y"), falling=True)
    assert figure.data[-1].name == "Members (1)"
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


@pytest.mark.parametrize(("low", "high"), [(3.13, 16.9), (0.0, 1.0), (-2.2, 0.31), (1e-4, 2.3e-3)])
def test_legends_have_round_numbers(low, high):
    found = round_numbers(low, high)
    assert 4 <= len(found) <= 11
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)
    assert all(len(f"{value:g}".lstrip("-").replace(".", "").lstrip("0").split("e")[0]) <= 2 for value in found)
