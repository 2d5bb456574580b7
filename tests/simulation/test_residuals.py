"""Residuals of real stars on simulated ones: near in parameters, redward alone for hot stars, small in the mean."""

import numpy as np
import pytest

from core.simulation.residuals import _library, transplanted
from core.spectra.grid import WAVELENGTH_NM


def stars(teff: float, logg: float, mh: float, n: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.full(n, teff), np.full(n, logg), np.full(n, mh)


def test_hot_stars_get_structure_redward_of_the_balmer_jump_alone():
    relative = transplanted(stars(25_000.0, 4.0, 0.0), np.zeros(2_000), np.random.default_rng(1))
    assert np.array_equal(relative[:, WAVELENGTH_NM < 430], np.zeros_like(relative[:, WAVELENGTH_NM < 430]))
    red = relative[:, WAVELENGTH_NM > 470]
    assert 0.003 < red.std() < 0.05
    assert np.abs(red.mean(axis=0)).max() < 0.01  # of many donors it is structure, not a correction


def test_a_cool_star_gets_the_residual_of_one_of_its_neighbours():
    library = _library()
    donor = np.argmin(np.abs(library.parameters - [4_800.0, 2.6, 0.0]) @ [1 / 150, 1 / 0.25, 1 / 0.15])
    stellar = tuple(np.full(500, value) for value in library.parameters[donor].astype(float))
    relative = transplanted(stellar, np.ones(500), np.random.default_rng(2))
    own = (library.own[donor] + library.common[donor]) @ library.basis
    nearest = np.abs(relative - np.clip(own, -0.7, 1.5)).max(axis=1)
    assert 0.04 < np.mean(nearest < 1e-5) < 0.25  # one of eight is the donor itself
    assert len(np.unique(relative[:, 100])) == 8


def test_far_from_every_donor_only_the_donors_own_part_is_left():
    far = transplanted(stars(2_600.0, 5.2, 0.0), np.ones(2_000), np.random.default_rng(3))
    assert np.abs(far[:, WAVELENGTH_NM < 430]).max() == 0.0


@pytest.mark.parametrize("teff", [4_500.0, 5_800.0])
def test_the_same_stream_gives_the_same_residuals(teff):
    first, second = (transplanted(stars(teff, 4.5, 0.0, 50), np.ones(50), np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first, second)
