"""Synthetic photometry: physical laws, GaiaXPy's own integrals and real stars."""

import contextlib
import io

import numpy as np
import pandas as pd
import pytest

from core.settings import current_settings
from core.spectra.calibration import design_matrix
from core.spectra.design_recipe import gaiaxpy_table
from core.spectra.grid import N_COEFFICIENTS, WAVELENGTH_NM
from core.spectra.photometry import passbands, synthetic_photometry


def black_body(teff: float) -> np.ndarray:
    exponent = 1.4387769e7 / (WAVELENGTH_NM * teff)  # h c / k in nm K (CODATA 2018)
    return 1e-9 / WAVELENGTH_NM**5 / np.expm1(exponent)


def test_a_hundred_times_the_flux_is_five_magnitudes():
    flux = black_body(9000)[None]
    for faint, bright in zip(synthetic_photometry(flux), synthetic_photometry(100 * flux), strict=True):
        np.testing.assert_allclose(faint - bright, 5.0, atol=1e-12)


def test_hotter_is_bluer_and_ten_thousand_kelvin_is_about_neutral():
    teff = np.array([3000, 4000, 6000, 10000, 20000, 40000])
    _, bp, rp = synthetic_photometry(np.stack([black_body(t) for t in teff]))
    assert (np.diff(bp - rp) < 0).all()
    # Vega is the zero point. Its Paschen continuum, between the Balmer and Paschen jumps, is as steep as a
    # black body of about 15,000 K, although the star has 9,600 K.
    assert abs(np.interp(15000, teff, bp - rp)) < 0.1


def test_passbands_are_means_of_the_flux():
    weights, _ = passbands()
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=2e-3)
    mean_wavelength = weights @ WAVELENGTH_NM
    assert mean_wavelength[1] < mean_wavelength[0] < mean_wavelength[2]
    assert not weights[1, WAVELENGTH_NM > 700].any()
    assert not weights[2, WAVELENGTH_NM < 615].any()


def test_missing_and_negative_flux():
    flux = np.repeat(black_body(8000)[None], 3, axis=0)
    flux[0, WAVELENGTH_NM < 600] = np.nan  # as for a star without BP
    flux[1] = -flux[1]
    g, bp, rp = synthetic_photometry(flux)
    assert np.isnan([g[0], bp[0], g[1], bp[1], rp[1]]).all()
    assert rp[0] == rp[2]
    with pytest.raises(ValueError, match=r"\(n_stars, 343\)"):
        synthetic_photometry(flux[:, :-1])


@pytest.fixture(scope="module")
def smooth_coefficients() -> np.ndarray:
    """Coefficients whose spectra are black bodies: least squares, as an instrument without noise would give."""
    flux = np.stack([black_body(teff) for teff in (3500, 5000, 7000, 10000, 15000, 30000)]) * 1e-3
    return flux @ np.linalg.pinv(design_matrix(), rcond=1e-4)


def test_equal_to_gaiaxpy(smooth_coefficients):
    with contextlib.redirect_stdout(io.StringIO()):
        from gaiaxpy import PhotometricSystem, generate

        table = gaiaxpy_table(smooth_coefficients[:, :N_COEFFICIENTS], smooth_coefficients[:, N_COEFFICIENTS:])
        expected = generate(table, photometric_system=PhotometricSystem.Gaia_DR3_Vega, save_file=False)
    ours = synthetic_photometry(smooth_coefficients @ design_matrix())
    for name, magnitude in zip(("G", "BP", "RP"), ours, strict=True):
        np.testing.assert_allclose(magnitude, expected[f"GaiaDr3Vega_mag_{name}"], atol=0.01)


def test_real_stars():
    path = current_settings().real_data_dir / "xp_sampled.parquet"
    if not path.exists():
        pytest.skip(f"no real XP spectra: {path} is absent (set XP_REAL_DATA)")
    table = pd.read_parquet(path)
    g, bp, rp = synthetic_photometry(np.stack(table["flux"].to_list()))
    known = np.isfinite(g)
    assert known.mean() > 0.98
    assert np.median(np.abs(g - table["g_synth"])[known]) < 0.005
    assert np.median(np.abs(bp - rp - table["bp_rp_synth"])[known]) < 0.005
    assert np.quantile(np.abs(bp - rp - table["bp_rp_synth"])[known], 0.99) < 0.02
