"""Line strengths: what is put in comes out, dust leaves it alone, emission and absorption are told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.simulation.extinction import transmission
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.line_strengths import ABSORPTION, EMISSION, FEATURES, NOT_SEEN, line_strengths

NAMES = [item.name for item in FEATURES]
ALPHA, JUMP = NAMES.index("Hα"), NAMES.index("Balmer jump")


def star(depth: float = 0.0, jump_dex: float = 0.0) -> np.ndarray:
    """A power law with a Gaussian at Hα (depth above zero: absorption) and a step at the Balmer edge."""
    flux = 1e-15 * (WAVELENGTH_NM / 600.0) ** -2
    flux = flux * (1 - depth * np.exp(-0.5 * ((WAVELENGTH_NM - 656.5) / 4.0) ** 2))
    return flux * np.where(WAVELENGTH_NM < 364.6, 10**-jump_dex, 1.0)


@given(st.floats(-0.6, 0.6), st.floats(0, 3))
def test_the_width_of_a_line_is_its_area_behind_any_dust(depth, a_v):
    flux = star(depth) * transmission(WAVELENGTH_NM, np.array([a_v]))[0]
    plain = star(0.0) * transmission(WAVELENGTH_NM, np.array([a_v]))[0]
    width = line_strengths(flux[None]).value[0, ALPHA] - line_strengths(plain[None]).value[0, ALPHA]
    assert width == pytest.approx(depth * 4.0 * np.sqrt(2 * np.pi), abs=0.02 + 0.03 * abs(depth) * 10)


@given(st.floats(0, 0.6))
def test_the_balmer_jump_is_the_step(jump):
    found = line_strengths(star(0.0, jump)[None]).value[0, JUMP] - line_strengths(star()[None]).value[0, JUMP]
    assert found == pytest.approx(jump, abs=1e-6)


@given(st.floats(1e-3, 1e3))
def test_brightness_is_no_strength(factor):
    np.testing.assert_allclose(
        line_strengths(factor * star(0.2)[None]).value, line_strengths(star(0.2)[None]).value, atol=1e-9
    )


def test_emission_and_absorption_are_told_apart_and_noise_is_neither():
    flux = np.stack([star(0.3), star(-0.3), star(0.0)])
    found = line_strengths(flux, 0.003 * flux)
    assert [found.kind(row, ALPHA) for row in range(3)] == [ABSORPTION, EMISSION, NOT_SEEN]
    noisy = line_strengths(flux, 0.5 * flux)
    assert noisy.kind(1, ALPHA) == NOT_SEEN
    assert np.isnan(line_strengths(-flux).value).all()
