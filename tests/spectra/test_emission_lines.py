"""Emission lines are marked where they are, and taken off without touching the rest."""

import numpy as np
import pytest

from core.datasets.real_stars import real_stars_path
from core.simulation.single_star import simulate_star
from core.spectra.emission_lines import LINES, measure_emission, without_lines
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_spectra


def line(centre_nm, height, width_nm=4.0):
    return 1.0 + height * np.exp(-0.5 * ((WAVELENGTH_NM - centre_nm) / width_nm) ** 2)


@pytest.fixture(scope="module")
def hot_star():
    return simulate_star(24_000.0, 4.0, 0.0, 0.3, 3.1, 12.0, seed=1)[1]


@pytest.mark.parametrize("name", LINES)
def test_a_strong_line_is_marked_alone(hot_star, name):
    flux = hot_star.flux * line(LINES[name][0], 0.8)
    for error in (hot_star.flux_error, None):
        found = measure_emission(flux, error)
        assert name in found.note(0)
        assert not measure_emission(hot_star.flux, error).found.any()


def test_taking_lines_off_restores_the_star(hot_star):
    flux = hot_star.flux * line(656.5, 1.5) * line(486.3, 0.8)
    cleaned = without_lines(flux)
    assert not measure_emission(cleaned, hot_star.flux_error).found.any()
    outside = np.abs(WAVELENGTH_NM[:, None] - [centre for centre, _ in LINES.values()]).min(axis=1) > 20.0
    np.testing.assert_array_equal(cleaned[:, outside], flux[:, outside])
    np.testing.assert_allclose(cleaned, hot_star.flux, rtol=0.15)


def test_few_real_stars_are_marked():
    stars = read_spectra(real_stars_path())
    assert measure_emission(stars.flux, stars.flux_error).found.any(axis=1).mean() < 0.04


def test_what_cannot_be_measured_is_not_marked():
    flux = np.full((3, len(WAVELENGTH_NM)), np.nan)
    flux[1:] = np.array([[0.0], [-1e-16]])
    assert not np.column_stack([measure_emission(flux).found, measure_emission(flux, np.abs(flux)).found]).any()
