"""Unusual spectra: finite, as bright as asked, with their lines where physics puts them, the same for one seed."""

import numpy as np
import pytest

from core.simulation.unusual.draw import NON_STARS, PECULIAR_STARS, draw_kind, draw_stars
from core.simulation.unusual.faults import DAMAGED, damage, draw_noise
from core.simulation.unusual.galaxies import draw_galaxies
from core.simulation.unusual.light import GRID_NM
from core.simulation.unusual.quasars import draw_quasars
from core.spectra.photometry import synthetic_photometry


@pytest.mark.parametrize("kind", [*NON_STARS, *PECULIAR_STARS])
def test_every_kind_is_finite_bright_as_asked_and_repeatable(kind):
    first, again = (draw_kind(kind, 12, np.random.default_rng(4), (13.0, 15.0)) for _ in range(2))
    np.testing.assert_array_equal(first.flux, again.flux)
    assert np.isfinite(first.flux).all()
    assert (first.flux_error > 0).all()
    asked = first.about["phot_g_mean_mag"].to_numpy()
    assert ((asked >= 13.0) & (asked <= 15.0)).all()
    assert np.abs(synthetic_photometry(first.flux)[0] - asked).max() < 0.15  # the leak and the calibration's errors
    assert (first.about["kind"] == kind).all()


def test_a_quasars_lines_move_with_its_redshift():
    for redshift in (1.0, 1.8):
        light = draw_quasars(40, np.random.default_rng(1), (redshift, redshift))
        near = np.abs(GRID_NM - 279.9 * (1 + redshift))
        line, beside = light.flux[:, near < 4.0].mean(axis=1), light.flux[:, (near > 30.0) & (near < 40.0)].mean(axis=1)
        assert np.median(line / beside) > 1.15


def test_gas_between_dims_a_far_quasar_blueward_of_lyman_alpha_alone():
    light = draw_quasars(60, np.random.default_rng(2), (3.6, 3.6))
    blue = light.flux[:, np.abs(GRID_NM - 480.0) < 10.0].mean(axis=1)
    red = light.flux[:, np.abs(GRID_NM - 600.0) < 10.0].mean(axis=1)
    assert np.median(blue / red) < 1.2  # the continuum alone would be brighter by 1.42 there
    beyond = light.flux[:, GRID_NM < 91.18 * 4.6 - 5.0].mean(axis=1)
    assert np.median(beyond / red) < 0.2


def test_an_old_galaxy_has_the_break_of_its_stars_at_its_redshift():
    light = draw_galaxies(60, np.random.default_rng(3), np.full(60, 0.2), dusty=False)
    old = light.flux[(light.about["young_share"] == 0) & ~light.about["active"]]
    below, above = (old[:, np.abs(GRID_NM - rest * 1.2) < 8.0].mean(axis=1) for rest in (388.0, 412.0))
    assert 1.2 < np.median(above / below) < 3.0


def test_damage_and_noise_say_what_they_are():
    rng = np.random.default_rng(8)
    stars = draw_stars(64, rng)
    hurt = damage(stars, rng)
    assert (hurt.about["kind"] == DAMAGED).all()
    assert (np.abs(hurt.flux / stars.flux - 1.0).max(axis=1) > 0.02).all()
    np.testing.assert_array_equal(hurt.about["damaged_from"], stars.about["kind"])
    assert np.isfinite(draw_noise(20, rng).flux).all()
