"""The comparison of real hot stars with simulated ones finds what was put in, whatever the brightness."""

import numpy as np

from core.spectra.grid import WAVELENGTH_NM
from validation.hot_stars import BANDS_NM, LEAST_STARS, compared, summary


def test_a_missing_blue_end_is_found_in_its_bands_alone():
    rng = np.random.default_rng(1)
    others = (1000.0 / WAVELENGTH_NM) ** 3 * (1 + 0.05 * rng.standard_normal((200, 1)) * (WAVELENGTH_NM - 700) / 300)
    others *= rng.uniform(1e-16, 1e-13, (200, 1))
    real = np.median(others / others[:, 150:151], axis=0) * np.where(WAVELENGTH_NM < 380, 0.7, 1.0)
    ratio, share = compared(3e-15 * real, others)
    blue = np.array([high <= 380 for _, high in BANDS_NM])
    np.testing.assert_allclose(ratio[blue], -0.3, atol=0.02)
    np.testing.assert_allclose(ratio[~blue], 0.0, atol=0.02)
    assert (share[blue] < 0.02).all()
    assert (np.abs(share[~blue] - 0.5) < 0.3).all()
    assert summary([(ratio, share)] * 4)["336-360 nm"].startswith("-30 ± 0")


def test_too_few_neighbours_are_no_comparison():
    flux = np.ones((LEAST_STARS - 1, len(WAVELENGTH_NM)))
    assert compared(flux[0], flux) is None
    assert summary([])["stars"] == 0
