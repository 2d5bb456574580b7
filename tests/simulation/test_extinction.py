"""The vectorised extinction equals the library's curve and keeps the laws of extinction."""

import time

import numpy as np
import pytest

from core.errors import ParameterRangeError
from core.simulation.extinction import transmission

WAVELENGTH_NM = np.arange(320.0, 1101.0, 2.0)


@pytest.mark.parametrize("r_v", [2.3, 2.75, 3.1, 4.2, 5.6])
@pytest.mark.parametrize("a_v", [0.0, 0.3, 6.0])
def test_equals_dust_extinction(r_v, a_v):
    u = pytest.importorskip("astropy.units")
    from dust_extinction.parameter_averages import G23

    expected = G23(Rv=r_v).extinguish(WAVELENGTH_NM * u.nm, Av=a_v)
    np.testing.assert_allclose(transmission(WAVELENGTH_NM, np.array([a_v]), r_v)[0], expected, rtol=1e-6)


def test_two_clouds_multiply():
    a_v = np.array([0.4, 2.0])
    r_v = np.array([2.5, 4.0])
    once = transmission(WAVELENGTH_NM, a_v, r_v)
    np.testing.assert_allclose(once * once, transmission(WAVELENGTH_NM, 2 * a_v, r_v), rtol=1e-12)


def test_blue_light_suffers_more_and_large_grains_are_greyer():
    through = transmission(WAVELENGTH_NM, np.array([1.0, 1.0]), np.array([3.1, 5.0]))
    assert np.all(np.diff(through[0]) > 0)
    blue, red = np.searchsorted(WAVELENGTH_NM, [380, 900])
    assert through[1, blue] / through[1, red] > through[0, blue] / through[0, red]


@pytest.mark.parametrize(
    ("wavelength", "a_v", "r_v", "named"),
    [
        ([500.0], 1.0, 2.2, "2.2"),
        ([500.0], -0.1, 3.1, "-0.1"),
        ([50.0], 1.0, 3.1, "50"),
        ([500.0], np.nan, 3.1, "nan"),
    ],
)
def test_values_outside_the_law_are_refused_by_name(wavelength, a_v, r_v, named):
    with pytest.raises(ParameterRangeError, match=named):
        transmission(np.array(wavelength), np.array([a_v]), r_v)


def test_fast_enough_for_surveys():
    """20,000 spectra a second on two cores, in processor time, so that a busy machine does not matter."""
    rng = np.random.default_rng(1)
    a_v, r_v = rng.uniform(0, 6, 8000), rng.uniform(2.3, 5.6, 8000)
    transmission(WAVELENGTH_NM, a_v[:1], r_v[:1])
    seconds = min(_seconds_for(a_v, r_v) for _ in range(3))
    assert 8000 / seconds > 10_000


def _seconds_for(a_v, r_v):
    start = time.process_time()
    transmission(WAVELENGTH_NM, a_v, r_v)
    return time.process_time() - start
