"""The LTE model: against pyspeckit, and the laws of opacity."""

import numpy as np
import pytest

from core.molecules.catalogue import load_catalogue
from core.molecules.emission import Component, mixture_brightness, unit_opacity
from core.molecules.radiation import brightness_k

FREQUENCY = np.arange(241_000.0, 242_200.0, 0.25)


@pytest.fixture(scope="module")
def methanol():
    return load_catalogue().find("CH3OH;vt=0")[0]


def test_the_model_is_pyspeckits(methanol):
    lte = pytest.importorskip("pyspeckit.spectrum.models.lte_molecule")
    from astropy import constants
    from astropy import units as u

    temperature, column, width = 120.0, 3e16, 3.0
    ours = mixture_brightness([Component(methanol, column, temperature, 0.0, width)], FREQUENCY)
    theirs = lte.generate_model(
        FREQUENCY * u.MHz,
        0 * u.km / u.s,
        width / np.sqrt(8 * np.log(2)) * u.km / u.s,
        temperature * u.K,
        column * u.cm**-2,
        freqs=methanol.frequency_mhz * u.MHz,
        aij=np.log10(methanol.a_gu / methanol.g_up),
        deg=methanol.g_up,
        EU=(methanol.e_low_k * u.K * constants.k_B + methanol.frequency_mhz * u.MHz * constants.h).to(u.erg).value,
        partfunc=lambda t: methanol.partition_function(float(getattr(t, "value", t))),
        tbg=2.725 * u.K,
    )
    theirs = np.asarray(getattr(theirs, "value", theirs))
    assert ours.max() > 10.0
    assert np.abs(ours - theirs).max() < 0.02 * ours.max()


def test_a_thin_line_grows_with_the_column_and_a_thick_one_ends_at_the_temperature(methanol):
    def peak(column):
        return mixture_brightness([Component(methanol, column, 100.0, 0.0, 3.0)], FREQUENCY).max()

    assert peak(2e12) == pytest.approx(2 * peak(1e12), rel=1e-3)
    ceiling = brightness_k(100.0, FREQUENCY.mean()) - brightness_k(2.725, FREQUENCY.mean())
    assert peak(1e21) == pytest.approx(float(ceiling), rel=0.01)


def test_opacities_are_summed_before_the_exponential(methanol):
    one = Component(methanol, 5e17, 100.0, 0.0, 3.0)
    twice = mixture_brightness([one, one], FREQUENCY)
    assert twice == pytest.approx(mixture_brightness([Component(methanol, 1e18, 100.0, 0.0, 3.0)], FREQUENCY))
    assert twice.max() < 1.2 * mixture_brightness([one], FREQUENCY).max()


def test_a_line_lies_where_the_velocity_puts_it(methanol):
    still, moved = (unit_opacity(methanol, 100.0, v, 2.0, FREQUENCY) for v in (0.0, 50.0))
    shift = FREQUENCY[np.argmax(still)] - FREQUENCY[np.argmax(moved)]
    assert shift == pytest.approx(241_791 * 50 / 299_792.458, abs=0.5)


def test_the_filling_factor_dilutes(methanol):
    full = mixture_brightness([Component(methanol, 1e16, 100.0, 0.0, 3.0)], FREQUENCY)
    half = mixture_brightness([Component(methanol, 1e16, 100.0, 0.0, 3.0, 0.5)], FREQUENCY)
    assert half == pytest.approx(0.5 * full)
