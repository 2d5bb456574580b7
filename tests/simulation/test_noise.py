"""The noise of simulated XP coefficients: its errors, its correlations, its laws, and its likeness to real errors."""

import numpy as np
import pytest

from core.settings import current_settings
from core.simulation.instrument import to_coefficients
from core.simulation.noise import add_noise, expected_errors, sampled_errors
from core.simulation.systematics import add_systematics
from core.spectra.calibration import calibrate, coefficient_covariance, design_matrix, flux_covariance
from core.spectra.grid import WAVELENGTH_NM

GRID_NM = np.arange(320.0, 1101.0, 2.0)
SEED = 20


def star(teff, g, n=1):
    """Noise-free coefficients of n black bodies of G about g."""
    x = 1.438776877e7 / (GRID_NM * teff)
    flux = GRID_NM**-5.0 / np.expm1(x)
    flux *= 3.2e-17 * 10 ** (-0.4 * (g - 15)) / np.interp(620.0, GRID_NM, flux)
    bp, rp = to_coefficients(GRID_NM, np.repeat(flux[None], n, axis=0))
    return bp, rp, np.full(n, float(g))


@pytest.mark.parametrize(("teff", "g"), [(5500.0, 16.5), (25000.0, 13.0), (9000.0, 7.0)])
def test_the_scatter_is_what_the_errors_say(teff, g):
    bp, rp, mag = star(teff, g, 4000)
    seen = add_noise(bp, rp, mag, np.random.default_rng(SEED), systematics=False)
    for drawn, true, error in ((seen.bp, bp, seen.bp_error), (seen.rp, rp, seen.rp_error)):
        deviate = (drawn - true) / error
        assert np.abs(deviate.mean(axis=0)).max() < 0.08
        np.testing.assert_allclose(deviate.std(axis=0), 1.0, atol=0.06)


@pytest.mark.parametrize(("teff", "g"), [(5500.0, 16.5), (25000.0, 12.5)])
def test_drawn_correlations_are_those_stated(teff, g):
    bp, rp, mag = star(teff, g, 6000)
    seen = add_noise(bp, rp, mag, np.random.default_rng(SEED), systematics=False, with_correlations=True)
    for drawn, true, error, packed in (
        (seen.bp, bp, seen.bp_error, seen.bp_correlation),
        (seen.rp, rp, seen.rp_error, seen.rp_correlation),
    ):
        stated = coefficient_covariance(np.ones((1, 55)), packed[:1])[0]
        np.testing.assert_allclose(np.corrcoef(((drawn - true) / error).T), stated, atol=0.08)
        assert np.linalg.eigvalsh(stated).min() > 0


@pytest.mark.parametrize(("teff", "g"), [(4000.0, 17.5), (6000.0, 14.0), (30000.0, 12.0), (10000.0, 6.0)])
def test_fast_sampled_errors_equal_the_full_covariance(teff, g):
    bp, rp, mag = star(teff, g, 40)
    seen = add_noise(bp, rp, mag, np.random.default_rng(SEED), with_correlations=True)
    exact = calibrate(seen)[1]
    np.testing.assert_allclose(sampled_errors(seen), exact, rtol=0.1)
    assert np.median(np.abs(sampled_errors(seen) / exact - 1)) < 0.03


def test_fainter_stars_are_noisier_and_one_seed_gives_one_star():
    relative = []
    for g in (9.0, 12.0, 14.0, 16.0, 17.5):
        bp, rp, _ = star(6000.0, g)
        relative.append(expected_errors(bp, rp, "rp")[0, 0] / rp[0, 0])
    assert np.all(np.diff(relative[1:]) > 0)
    bp, rp, mag = star(6000.0, 15.0, 5)
    one, same, other = (add_noise(bp, rp, mag, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.bp, same.bp)
    assert not np.array_equal(one.bp, other.bp)


def test_noise_carries_about_26_degrees_of_freedom():
    # Number of independent samples of a flux noise with these correlations: (trace)^2 / trace of the square
    bp, rp, mag = star(5800.0, 16.5)
    seen = add_noise(bp, rp, mag, np.random.default_rng(SEED), with_correlations=True)
    covariance = flux_covariance(seen)[0]
    correlation = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert 21 < 343**2 / (correlation**2).sum() < 33


def test_calibration_errors_are_a_few_per_cent_and_grow_in_the_ultraviolet_of_bright_hot_stars():
    change = {}
    for g in (5.0, 13.0):
        bp, rp, mag = star(35000.0, g, 500)
        flux = np.concatenate([bp, rp], axis=1) @ design_matrix()
        seen = np.concatenate(add_systematics(bp, rp, mag, np.random.default_rng(SEED)), axis=1) @ design_matrix()
        change[g] = seen / flux - 1
    ultraviolet, visual = WAVELENGTH_NM < 350, (WAVELENGTH_NM > 450) & (WAVELENGTH_NM < 900)
    assert -0.3 < np.median(change[5.0][:, ultraviolet]) < -0.12
    assert -0.12 < np.median(change[13.0][:, ultraviolet]) < -0.03
    for seen in change.values():
        assert 0.002 < np.abs(seen[:, visual]).mean() < 0.03


def test_wiggles_are_smooth_over_ten_nanometres_and_independent_over_sixty():
    bp, rp, mag = star(12000.0, 8.0, 4000)
    flux = np.concatenate([bp, rp], axis=1) @ design_matrix()
    seen = np.concatenate(add_systematics(bp, rp, mag, np.random.default_rng(SEED)), axis=1) @ design_matrix()
    relative = seen / flux - 1
    correlation = np.corrcoef(relative[:, (WAVELENGTH_NM >= 700) & (WAVELENGTH_NM <= 780)].T)
    assert correlation[20, 22] > 0.8  # 4 nm
    assert 0.2 < correlation[20, 27] < 0.95  # 14 nm
    assert abs(correlation[5, 35]) < 0.3  # 60 nm


def test_published_magnitude_of_the_noise():
    """Pinned: medians in per cent of 68 field stars at G 12.5-13.5; a blue star errs less in BP, more in RP."""
    relative = {}
    for teff in (5600.0, 15000.0):
        bp, rp, mag = star(teff, 13.0, 50)
        seen = add_noise(bp, rp, mag, np.random.default_rng(SEED), systematics=False)
        relative[teff] = np.median(
            100 * sampled_errors(seen) / (np.concatenate([bp, rp], axis=1) @ design_matrix()), axis=0
        )
    for wavelength, published in {450: 1.9, 550: 1.0, 1000: 3.9}.items():
        assert relative[5600.0][(wavelength - 336) // 2] == pytest.approx(published, rel=0.25)
    bluer = relative[15000.0] / relative[5600.0]
    assert bluer[(450 - 336) // 2] < 0.8
    assert 1.2 < bluer[(1000 - 336) // 2] < 2.0


@pytest.fixture(scope="module")
def real_stars():
    import pandas as pd

    from recipes.noise_law import read_coefficients

    folder = current_settings().real_data_dir
    if not (folder / "xp_continuous.parquet").exists():
        pytest.skip(f"no real data at {folder}")
    sampled = pd.read_parquet(
        folder / "xp_sampled.parquet", columns=["source_id", "g_synth", "bp_rp_synth", "flux_error"]
    )
    table = read_coefficients(folder).merge(sampled, on="source_id")
    return table[table.flux_error.notna()].reset_index(drop=True)


@pytest.mark.parametrize(
    "g_range", [(11.0, 12.5), (12.5, 13.5), (13.5, 15.0), (15.0, 16.0), (16.0, 17.0), (17.0, 17.65)]
)
@pytest.mark.parametrize("colour_range", [(0.5, 1.0), (1.0, 1.8), (1.8, 4.0)])
def test_errors_are_those_of_real_stars(real_stars, g_range, colour_range):
    from recipes.noise_law import stacked

    chosen = real_stars[real_stars.g_synth.between(*g_range) & real_stars.bp_rp_synth.between(*colour_range)]
    if len(chosen) < 20:
        pytest.skip(f"only {len(chosen)} real stars in the bin")
    bp, rp = stacked(chosen, "bp_coefficients"), stacked(chosen, "rp_coefficients")
    seen = add_noise(bp, rp, chosen.g_synth.to_numpy(), np.random.default_rng(SEED), systematics=False)
    ratio = np.median(sampled_errors(seen) / stacked(chosen, "flux_error"), axis=0)
    wanted = [(wavelength - 336) // 2 for wavelength in (336, 376, 400, 450, 550, 600, 700, 850, 950, 1000)]
    np.testing.assert_allclose(ratio[wanted], 1.0, atol=0.2)


def test_correlations_are_those_of_real_stars(real_stars):
    from core.spectra.spectrum_set import Coefficients
    from recipes.noise_law import stacked

    known = real_stars[real_stars.bp_coefficient_correlations.notna()]
    values = {name: stacked(known, f"{name}_coefficients") for name in ("bp", "rp")}
    columns = {
        f"{b}_{k}": stacked(known, f"{b}_coefficient_{k}s") for b in ("bp", "rp") for k in ("error", "correlation")
    }
    columns |= {name: value.astype(np.float32) for name, value in columns.items() if name.endswith("correlation")}
    real = lag_correlations(flux_covariance(Coefficients(**values, **columns)))
    drawn = add_noise(
        **values,
        phot_g_mean_mag=known.g_synth.to_numpy(),
        rng=np.random.default_rng(SEED),
        systematics=False,
        with_correlations=True,
    )
    model = lag_correlations(flux_covariance(drawn))
    np.testing.assert_allclose(np.median(model, axis=0), np.median(real, axis=0), atol=0.15)


def lag_correlations(covariance):
    """Correlations (n_stars, 3 wavelengths, 6 lags) of the sampled noise."""
    scale = np.sqrt(np.einsum("nii->ni", covariance))
    starts = [(wavelength - 336) // 2 for wavelength in (400, 600, 800)]
    return np.stack(
        [
            np.stack(
                [covariance[:, i, i + lag] / (scale[:, i] * scale[:, i + lag]) for lag in (1, 2, 3, 5, 10, 20)], axis=1
            )
            for i in starts
        ],
        axis=1,
    )
