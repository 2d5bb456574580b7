"""The forward model of the XP instrument: what is projected comes back from calibration as Gaia delivers it."""

import numpy as np
import pytest

from core.settings import current_settings
from core.simulation.instrument import NODES_NM, forward_matrix, to_coefficients
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM

GRID_NM = np.arange(320.0, 1101.0, 2.0)


def planck(wavelength_nm, teff):
    x = 1.438776877e7 / (wavelength_nm * teff)
    return wavelength_nm**-5.0 / np.expm1(x)


def delivered(wavelength_nm, flux):
    return np.concatenate(to_coefficients(wavelength_nm, flux), axis=1) @ design_matrix()


def through_gaia(wavelength_nm, centre, width):
    """Response to a narrow line on a flat continuum, relative to the continuum: (343,)."""
    flat = np.ones((1, len(wavelength_nm)))
    line = np.exp(-0.5 * ((wavelength_nm - centre) / width) ** 2)
    return (delivered(wavelength_nm, flat + line) / delivered(wavelength_nm, flat) - 1.0)[0]


@pytest.mark.parametrize("teff", [4500.0, 8000.0, 15000.0, 40000.0])
def test_smooth_spectra_come_back(teff):
    flux = planck(GRID_NM, teff)[None]
    ratio = delivered(GRID_NM, flux)[0] / planck(WAVELENGTH_NM, teff)
    inner = (WAVELENGTH_NM >= 420) & (WAVELENGTH_NM <= 970)
    joined = (WAVELENGTH_NM > 570) & (WAVELENGTH_NM < 670)  # both bands end here and ripple, as in real spectra
    assert np.abs(ratio[inner & ~joined] - 1).max() < 0.015
    assert np.abs(ratio[inner & joined] - 1).max() < 0.05
    assert np.sqrt(np.mean((ratio[inner] - 1) ** 2)) < 0.01


def test_projection_is_linear_and_scale_free():
    flux = np.stack([planck(GRID_NM, 5000.0), planck(GRID_NM, 20000.0)])
    bp, rp = to_coefficients(GRID_NM, flux)
    both_bp, both_rp = to_coefficients(GRID_NM, (1e-7 * flux).sum(axis=0, keepdims=True))
    np.testing.assert_allclose(both_bp[0], 1e-7 * bp.sum(axis=0), atol=1e-12 * np.abs(bp).max())
    np.testing.assert_allclose(both_rp[0], 1e-7 * rp.sum(axis=0), atol=1e-12 * np.abs(rp).max())


def test_the_grid_of_the_input_does_not_matter():
    coarse, fine = GRID_NM, np.unique(np.concatenate([GRID_NM, NODES_NM, NODES_NM[:-1] + 0.37]))
    flux = planck(coarse, 12000.0)
    expected = np.concatenate(to_coefficients(coarse, flux[None]), axis=1)
    got = np.concatenate(to_coefficients(fine, np.interp(fine, coarse, flux)[None]), axis=1)
    np.testing.assert_allclose(got, expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize(("centre", "low", "high"), [(400, 45, 110), (486, 28, 70), (600, 20, 50), (700, 60, 110)])
def test_resolving_power_is_that_of_xp(centre, low, high):
    # Montegriffo et al. 2023: resolving power 100 to 30 along BP and 100 to 70 along RP
    response = through_gaia(NODES_NM, centre, 0.5)
    fine = np.arange(centre - 40, centre + 40, 0.05)
    shape = np.interp(fine, WAVELENGTH_NM, response)
    above = fine[shape > shape.max() / 2]
    assert low < centre / (above.max() - above.min()) < high
    assert abs(fine[shape.argmax()] - centre) < 2.0


def test_line_strength_survives_the_smearing():
    response = through_gaia(NODES_NM, 486.0, 3.0)
    near = np.abs(WAVELENGTH_NM - 486) < 40
    assert response[near].sum() * 2.0 == pytest.approx(3.0 * np.sqrt(2 * np.pi), rel=0.05)


def test_light_of_one_band_leaves_the_other_dark():
    bp, rp = to_coefficients(NODES_NM, (np.abs(NODES_NM - 500) < 20).astype(float)[None])
    assert np.abs(rp).max() < 1e-6 * np.abs(bp).max()
    bp, rp = to_coefficients(NODES_NM, (np.abs(NODES_NM - 850) < 20).astype(float)[None])
    assert np.abs(bp).max() < 1e-6 * np.abs(rp).max()


@pytest.mark.parametrize("grid", [np.arange(400.0, 1101.0, 2.0), np.arange(320.0, 900.0), GRID_NM[::-1], GRID_NM[::8]])
def test_a_grid_that_does_not_fit_is_refused(grid):
    with pytest.raises(ValueError, match="wavelength grid"):
        forward_matrix(grid)


@pytest.mark.slow
def test_stored_matrix_follows_from_gaiaxpy():
    import gaiaxpy

    from core.simulation.forward_recipe import forward_arrays

    built = forward_arrays(gaiaxpy)
    stored = forward_matrix(NODES_NM)
    largest = np.abs(stored).max()
    np.testing.assert_allclose(stored, np.concatenate([built["bp"], built["rp"]]), atol=1e-5 * largest)


def test_calspec_standards_come_out_as_gaia_saw_them():
    import pandas as pd

    path = current_settings().real_data_dir / "calspec_vs_gaia_91.parquet"
    if not path.exists():
        pytest.skip(f"no real data at {path}")
    table = pd.read_parquet(path)
    seen, sent = np.stack(table.gaia_flux), np.stack(table.calspec_flux)
    complete = np.isfinite(sent).all(axis=1) & (sent > 0).all(axis=1) & (seen[:, 25] > 0)
    ratio = seen[complete] / delivered(WAVELENGTH_NM_WIDE, widened(sent[complete]))
    assert complete.sum() > 30
    for low, high, reach in [(400, 450, 0.04), (450, 600, 0.025), (600, 900, 0.02)]:
        part = (low <= WAVELENGTH_NM) & (high > WAVELENGTH_NM)
        assert np.median(np.abs(ratio[:, part] - 1)) < reach


WAVELENGTH_NM_WIDE = np.concatenate([np.arange(312.0, 336.0, 2.0), WAVELENGTH_NM, np.arange(1022.0, 1101.0, 2.0)])


def widened(flux):
    return np.stack([np.interp(WAVELENGTH_NM_WIDE, WAVELENGTH_NM, row) for row in flux])
