"""Figures are pure: rendered to JSON in memory, with titles, units, and colours that everybody can tell apart."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.figures import palette
from core.figures.dataset_card import composition_figure, histogram_figure, sky_figure
from core.figures.layout import flux_scale
from core.figures.probability import members_figure
from core.figures.projection import hammer, outline
from core.figures.rvs import rvs_figure
from core.figures.spectral_lines import HEADROOM, LINE_MARKS, drop_crowded_labels
from core.figures.spectrum import class_means_figure, overlay_figure, spectrum_figure
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.representations import REPRESENTATIONS

FLUX = 3e-16 * (WAVELENGTH_NM / 500) ** -2
TABLE = pd.DataFrame(
    {
        "label": ["massive", "low-mass", None, "low-mass"],
        "category": ["O", "M", "M", None],
        "phot_g_mean_mag": [10.0, 12.0, np.nan, 14.0],
        "bp_rp": [0.0, 2.0, 1.0, np.nan],
        "ra": [10.0, 200.0, np.nan, 300.0],
        "dec": [-20.0, 40.0, 0.0, 80.0],
    }
)
L2 = REPRESENTATIONS[0]
RVS = pd.DataFrame(
    {"wavelength_nm": [846.0, 858.0, 870.0], "flux": [1.0, np.nan, 0.9], "flux_error": [0.1, 0.1, np.nan]}
)
FIGURES = {
    "spectrum": lambda: spectrum_figure(FLUX, FLUX / 20, title="Spectrum", others={"model": FLUX * 1.1}),
    "spectrum without errors": lambda: spectrum_figure(FLUX, title="Spectrum", lines=False),
    "overlay": lambda: overlay_figure(np.stack([FLUX, FLUX]) / 1e-15, ["a", "b"], L2),
    "class means": lambda: class_means_figure({"massive": (FLUX, np.stack([FLUX / 2, FLUX * 2]))}, L2),
    "composition": lambda: composition_figure(TABLE),
    "magnitudes": lambda: histogram_figure(TABLE, "phot_g_mean_mag", title="G", x_title="G (mag)", low=3, high=21),
    "sky": lambda: sky_figure(TABLE),
    "rvs": lambda: rvs_figure(RVS),
}


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two '#RRGGBB' colours, WCAG 2.1."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_a_title_and_titled_axes_and_can_be_sent(name):
    figure = FIGURES[name]()
    assert figure.layout.title.text
    assert figure.layout.xaxis.title.text
    assert json.loads(figure.to_json())["data"]


def test_a_spectrum_names_its_units_and_shows_its_error():
    figure = FIGURES["spectrum"]()
    assert "nm" in figure.layout.xaxis.title.text
    assert "W m" in figure.layout.yaxis.title.text
    band = next(trace for trace in figure.data if trace.name == "1 σ error")
    scale, _ = flux_scale(FLUX)
    assert max(band.y) == pytest.approx(1.05 * FLUX.max() / scale)


def test_missing_samples_leave_a_gap_and_no_error():
    flux = FLUX.copy()
    flux[100:110] = np.nan
    figure = spectrum_figure(flux, np.full(343, np.nan), title="Gap")
    assert "1 σ error" not in {trace.name for trace in figure.data}
    assert np.isnan(np.array(figure.data[0].y, dtype=float)[100:110]).all()
    assert spectrum_figure(np.full(343, np.nan), title="Nothing").data


def test_labels_of_lines_stand_above_the_spectrum_and_inside_the_grid():
    assert all(WAVELENGTH_NM[0] < mark.wavelength_nm < WAVELENGTH_NM[-1] for mark in LINE_MARKS)
    figure = FIGURES["spectrum"]()
    lowest_label = min(min(trace.y) for trace in figure.data if trace.mode == "text")
    assert lowest_label > 1 / HEADROOM
    assert {mark.group for mark in LINE_MARKS} == set(palette.LINE_COLOURS)


@given(exponent=st.integers(-30, 5), factor=st.floats(1.0, 9.99))
def test_the_scale_brings_the_peak_to_one_digit(exponent, factor):
    scale, title = flux_scale(np.array([factor * 10.0**exponent, np.nan]))
    assert 0.999 <= factor * 10.0**exponent / scale < 10.001
    assert "W m" in title


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_strip_shows_every_member_and_their_mean(members):
    figure = members_figure(np.array(members))
    assert list(figure.data[0].x) == members
    assert figure.data[1].x[0] == pytest.approx(np.mean(members))
    assert figure.data[1].error_x.visible is (len(members) > 1)


def test_the_classes_have_two_colours_that_stand_out_on_both_backgrounds():
    import tomllib

    from core.settings import PROJECT_ROOT

    theme = tomllib.loads((PROJECT_ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for scheme in ("light", "dark"):
        background = theme[scheme]["backgroundColor"]
        for colour in palette.LABEL_COLOURS.values():
            assert contrast(colour, background) >= 3.0
        assert contrast(theme[scheme]["textColor"], background) >= 7.0
        assert contrast(theme[scheme]["primaryColor"], background) >= 4.5
        assert contrast(theme[scheme]["primaryColor"], "#FFFFFF") >= 3.9  # the words on a button
        assert contrast(theme[scheme]["linkColor"], background) >= 4.5
    assert theme["chartCategoricalColors"][:2] == list(palette.LABEL_COLOURS.values())


def test_a_class_has_the_same_colour_in_every_figure():
    for figure in (FIGURES["composition"](), FIGURES["magnitudes"]()):
        for trace in figure.data:
            colour = trace.marker.color or trace.line.color
            assert colour == palette.LABEL_COLOURS.get(trace.name, palette.GREY)


def test_every_star_is_counted_once():
    assert sum(sum(trace.x) for trace in composition_figure(TABLE).data) == len(TABLE)
    magnitudes = FIGURES["magnitudes"]()
    assert sum(sum(trace.y) for trace in magnitudes.data) == TABLE["phot_g_mean_mag"].notna().sum()
    assert np.nansum(np.array(sky_figure(TABLE).data[0].z, dtype=float)) == TABLE["ra"].notna().sum()


def test_the_projection_keeps_areas():
    """Small cells of equal solid angle have equal areas wherever they lie."""
    step = 1e-3
    areas = []
    for longitude, latitude in itertools.product((-150.0, -40.0, 5.0, 120.0), (-80.0, -10.0, 45.0, 70.0)):
        x, y = hammer(longitude + np.array([0, step, 0]), latitude + np.array([0, 0, step]))
        jacobian = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        areas.append(abs(jacobian) / np.cos(np.radians(latitude)))
    np.testing.assert_allclose(areas, areas[0], rtol=1e-3)


def test_the_projection_fits_its_frame():
    for x, y in outline():
        assert np.abs(x).max() <= 2 * np.sqrt(2) + 1e-9
        assert np.abs(y).max() <= np.sqrt(2) + 1e-9
    assert hammer(np.array([0.0]), np.array([0.0])) == (0.0, 0.0)
    assert hammer(np.array([10.0]), np.array([0.0]))[0] < 0  # longitude grows to the left


@pytest.mark.parametrize("width_px", [270, 700])
def test_labels_of_lines_do_not_lie_on_each_other(width_px):
    figure = drop_crowded_labels(spectrum_figure(FLUX, title="Spectrum"), width_px)
    px_per_nm = width_px / (WAVELENGTH_NM[-1] - WAVELENGTH_NM[0])
    labels = [trace for trace in figure.data if trace.mode == "text"]
    shown = [(y, x, text) for trace in labels for x, y, text in zip(trace.x, trace.y, trace.text, strict=True) if text]
    assert len({y for y, _, _ in shown}) == 5, "every lane keeps some"
    assert (len(shown) == len(LINE_MARKS)) == (width_px == 700), "and only a narrow figure loses any"
    for (lane, x, text), (next_lane, next_x, next_text) in itertools.pairwise(sorted(shown)):
        letters = (len(text) + len(next_text)) / 2
        assert lane != next_lane or (next_x - x) * px_per_nm >= 6 * letters, (text, next_text)
