"""The family of extinction curves: published laws reproduced, random structure bounded, every star its own curve."""

import astropy.units as u
import numpy as np
import pytest
from dust_extinction import parameter_averages
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ParameterRangeError
from core.simulation import extinction
from core.simulation.dust_curves import LAWS, MILKY_WAY, N_SHAPES, R_V_RANGE, Dust, law_curve, transmission
from core.simulation.dust_draw import draw_dust

WAVELENGTH_NM = np.arange(320.0, 1101.0, 2.0)


def plain(law: int, a_v: float, r_v: float, blue: float = 1.0, roughness: float = 0.0) -> Dust:
    one = np.ones(1)
    shape = np.zeros((1, 2), dtype=np.int64)
    return Dust(a_v * one, r_v * one, np.array([law]), blue * one, roughness * one, shape)


@pytest.mark.parametrize("name", ["F19", "F99", "F04", "O94", "CCM89", "M14"])
@pytest.mark.parametrize("r_v", [2.6, 3.1, 4.5])
def test_at_a_node_the_curve_is_the_library_s(name, r_v):
    model = getattr(parameter_averages, name)
    expected = np.asarray(model(Rv=r_v)(WAVELENGTH_NM * u.nm))
    found = transmission(WAVELENGTH_NM, plain(LAWS.index(name), 2.0, r_v))[0]
    assert -2.5 * np.log10(found) / 2.0 == pytest.approx(expected, abs=2e-5)


@given(st.sampled_from(MILKY_WAY[1:7]), st.floats(*R_V_RANGE))
@settings(max_examples=40, deadline=None)
def test_between_nodes_it_stays_near_the_law(law, r_v):
    model = getattr(parameter_averages, LAWS[law])
    r_v = float(np.clip(r_v, *model.Rv_range))
    found = -2.5 * np.log10(transmission(WAVELENGTH_NM, plain(law, 1.0, r_v))[0])
    assert np.abs(found - np.asarray(model(Rv=r_v)(WAVELENGTH_NM * u.nm))).max() < 0.012


def test_the_reference_law_is_the_one_of_the_first_draw():
    a_v, r_v = np.array([0.5, 3.0]), np.array([2.9, 3.4])
    none = np.zeros((2, 2), dtype=np.int64)
    dust = Dust(a_v, r_v, np.zeros(2, dtype=int), np.ones(2), np.zeros(2), none)
    assert np.array_equal(transmission(WAVELENGTH_NM, dust), extinction.transmission(WAVELENGTH_NM, a_v, r_v))


@pytest.mark.parametrize("law", range(len(LAWS)))
def test_every_curve_falls_to_the_red_and_passes_one_near_v(law):
    curve = law_curve(law, 3.1, WAVELENGTH_NM)
    smooth = curve[::25]
    assert (np.diff(smooth) < 0.01).all()
    assert np.interp(550.0, WAVELENGTH_NM, curve) == pytest.approx(1.0, abs=0.05)


def test_measured_curves_redden_less_in_the_blue_than_the_laws():
    def rise(name: str) -> float:
        at_360, at_440, at_550 = np.interp(
            [360, 440, 550], WAVELENGTH_NM, law_curve(LAWS.index(name), 3.1, WAVELENGTH_NM)
        )
        return float((at_360 - at_550) / (at_440 - at_550))

    assert rise("XP hot") < rise("XP all") < rise("F19")


def test_structure_is_a_few_per_cent_of_the_extinction_and_zero_on_the_mean():
    rng = np.random.default_rng(1)
    n = 3_000
    shape = rng.integers(N_SHAPES, size=(n, 2))
    dust = Dust(np.ones(n), np.full(n, 3.1), np.full(n, 1), np.ones(n), np.ones(n), shape)
    difference = -2.5 * np.log10(transmission(WAVELENGTH_NM, dust)) - law_curve(1, 3.1, WAVELENGTH_NM)
    away_from_bands = WAVELENGTH_NM > 900
    assert 0.01 < difference.std() < 0.06
    assert np.abs(difference.mean(axis=0)[away_from_bands]).max() < 0.004


def test_the_blue_amplitude_changes_the_blue_end_alone():
    law, weak = (
        transmission(WAVELENGTH_NM, plain(1, 3.0, 3.1)),
        transmission(WAVELENGTH_NM, plain(1, 3.0, 3.1, blue=0.5)),
    )
    red = WAVELENGTH_NM >= 400
    assert np.array_equal(law[:, red], weak[:, red])
    assert (weak[:, ~red] > law[:, ~red]).all()


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=25, deadline=None)
def test_drawn_dust_is_inside_its_ranges_and_only_dims(seed, wide):
    rng = np.random.default_rng(seed)
    dust = draw_dust(rng.uniform(0.0, 10.0, 50), rng, wide=wide)
    passed = transmission(WAVELENGTH_NM, dust)
    assert ((dust.r_v >= R_V_RANGE[0]) & (dust.r_v <= R_V_RANGE[1])).all()
    assert np.isfinite(passed).all()
    assert (passed > 0).all()
    assert np.median(passed) <= 1.0


@pytest.mark.parametrize(("a_v", "r_v", "word"), [(-0.1, 3.1, "negative"), (1.0, 7.0, "R_V = 7")])
def test_dust_outside_the_family_is_refused(a_v, r_v, word):
    with pytest.raises(ParameterRangeError, match=word):
        transmission(WAVELENGTH_NM, plain(1, a_v, r_v))


def test_wavelengths_outside_the_instrument_are_refused():
    with pytest.raises(ParameterRangeError, match="320 to 1100"):
        transmission(np.array([200.0, 400.0]), plain(1, 1.0, 3.1))
