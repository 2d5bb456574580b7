"""Laws of the representations, the same checks over every entry of the table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.spectra.grid import N_COEFFICIENTS, N_SAMPLES, WAVELENGTH_NM
from core.spectra.representations import (
    REPRESENTATIONS,
    context,
    find_representation,
    fit_context_statistics,
    fit_representation,
    fold,
    represent,
    representation_matrix,
)
from core.spectra.spectrum_set import Coefficients

ALL = [pytest.param(r, id=r.name) for r in REPRESENTATIONS]
SCALE_FREE = [pytest.param(r, id=r.name) for r in REPRESENTATIONS if r.name != "raw_scaled"]


def spectra(n_stars: int = 60) -> tuple[np.ndarray, Coefficients]:
    rng = np.random.default_rng(3)
    slope, line = rng.uniform(-3, 3, size=(2, n_stars, 1))
    flux = (WAVELENGTH_NM / 600) ** slope + 0.05 * line * np.exp(-0.5 * ((WAVELENGTH_NM - 656) / 8) ** 2)
    flux = 1e-16 * (flux + rng.normal(scale=0.01, size=flux.shape))
    return flux, Coefficients(*(rng.normal(size=(2, n_stars, N_COEFFICIENTS)) * 100))


def shown(name: str, flux: np.ndarray, coefficients: Coefficients, scale: float = 1.0) -> np.ndarray:
    scaled = Coefficients(bp=scale * coefficients.bp, rp=scale * coefficients.rp)
    return represent(scale * flux, name, state=fit_representation(name, flux), coefficients=scaled)


@pytest.mark.parametrize("representation", ALL)
def test_every_representation_is_343_finite_numbers_and_uses_what_it_says(representation):
    values = shown(representation.name, *spectra(200))
    assert values.shape == (200, N_SAMPLES)
    assert np.isfinite(values).all()
    used = np.flatnonzero(values.any(axis=0))
    assert used[-1] < representation.n_values
    assert len(used) > 0.9 * representation.n_values


@pytest.mark.parametrize("representation", SCALE_FREE)
@settings(max_examples=10, deadline=None)
@given(scale=st.floats(1e-3, 1e3))
def test_brightness_does_not_matter(representation, scale):
    flux, coefficients = spectra()
    np.testing.assert_allclose(
        shown(representation.name, flux, coefficients, scale),
        shown(representation.name, flux, coefficients),
        rtol=1e-6,
        atol=1e-9,
    )


def test_raw_scaled_keeps_the_brightness():
    flux, _ = spectra()
    np.testing.assert_allclose(represent(7 * flux, "raw_scaled"), 7 * represent(flux, "raw_scaled"))


@pytest.mark.parametrize("name", ["l2", "standardised"])
def test_normalising_twice_changes_nothing(name):
    once = represent(spectra()[0], name)
    np.testing.assert_allclose(represent(once, name), once, rtol=1e-12, atol=1e-15)


def test_l2_has_length_one_even_in_single_precision():
    values = represent(spectra()[0].astype(np.float32), "l2")
    np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("representation", [p for p in ALL if p.values[0].linear])
def test_linear_ones_are_their_matrix(representation):
    flux, _ = spectra()
    expected = represent(flux, "l2") @ representation_matrix(representation.name)
    np.testing.assert_allclose(represent(flux, representation.name), expected, atol=1e-14)


def test_continuum_removes_any_cubic_and_nothing_twice():
    position = np.linspace(-1, 1, N_SAMPLES)
    cubic = (3 + position - 0.5 * position**2 + 0.2 * position**3)[None]
    np.testing.assert_allclose(represent(cubic, "continuum"), 0, atol=1e-14)
    matrix = representation_matrix("continuum")
    np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-14)


def test_derivative_of_a_straight_line_is_its_slope():
    line = (1 + 0.01 * WAVELENGTH_NM)[None]
    np.testing.assert_allclose(represent(line, "derivative"), 20 * 0.01 / np.linalg.norm(line), rtol=1e-9)


def test_wavelets_keep_the_energy_but_for_the_ends():
    flux, _ = spectra()
    np.testing.assert_allclose(np.linalg.norm(represent(flux, "wavelet"), axis=1), 1.0, atol=0.06)


def test_hilbert_finds_amplitude_and_frequency_of_a_wave():
    sample = np.arange(N_SAMPLES)
    wave = 5 + np.sin(2 * np.pi * 0.05 * sample)[None]
    values = represent(wave, "hilbert")[0]
    middle = slice(40, 130)
    np.testing.assert_allclose(values[:172][middle], 1 / np.linalg.norm(wave), rtol=0.05)
    np.testing.assert_allclose(values[172:][middle], 0.05, rtol=0.1)


def test_principal_components_have_unit_variance_on_the_training_set():
    rng = np.random.default_rng(8)
    flux = 1 + 0.1 * rng.normal(size=(400, N_SAMPLES))
    values = represent(flux, "pca", state=fit_representation("pca", flux))
    used = values[:, : find_representation("pca").n_values]
    np.testing.assert_allclose(used.std(axis=0, ddof=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(used.mean(axis=0), 0.0, atol=1e-9)


@pytest.mark.parametrize("representation", ALL)
def test_rows_are_independent_and_bad_rows_are_nan(representation):
    flux, coefficients = spectra()
    name, state = representation.name, fit_representation(representation.name, flux)
    whole = represent(flux, name, state=state, coefficients=coefficients)
    alone = represent(flux[7:8], name, state=state, coefficients=coefficients.take(slice(7, 8)))
    np.testing.assert_allclose(whole[7:8], alone, rtol=1e-9, atol=1e-12)

    flux[0], coefficients.bp[0] = np.nan, np.nan
    flux[1], coefficients.bp[1], coefficients.rp[1] = 0.0, 0.0, 0.0
    bad = represent(flux, name, state=state, coefficients=coefficients)
    assert np.isnan(bad[:2]).all()
    np.testing.assert_array_equal(bad[2:], whole[2:])


def test_folding_keeps_every_sample():
    values = spectra()[0]
    image = fold(values)
    assert image.shape == (60, 19, 19)
    flat = image.reshape(60, -1)
    np.testing.assert_array_equal(flat[:, :N_SAMPLES], values)
    assert not flat[:, N_SAMPLES:].any()


def test_what_is_missing_is_named():
    flux, _ = spectra()
    with pytest.raises(UsageError, match=r"unknown representation 'fourier'.*l2"):
        represent(flux, "fourier")
    with pytest.raises(UsageError, match="needs the state"):
        represent(flux, "pca")
    with pytest.raises(UsageError, match="XP_CONTINUOUS"):
        represent(flux, "coefficients")
    with pytest.raises(UsageError, match="not linear"):
        representation_matrix("hilbert")
    with pytest.raises(UsageError, match="more than 32"):
        fit_representation("pca", flux[:10])


def test_published_context_is_the_raw_extremes():
    flux, _ = spectra()
    np.testing.assert_array_equal(context(flux, "published"), np.stack([flux.min(axis=1), flux.max(axis=1)], axis=1))


def test_log_context_is_standard_on_the_training_stars_and_survives_negative_flux():
    flux, _ = spectra()
    flux[0, 5] = -1e-18
    statistics = fit_context_statistics(flux)
    values = context(flux, "log", statistics)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(values.std(axis=0), 1, rtol=1e-9)
    brighter = context(100 * flux[1:], "log", statistics) - context(flux[1:], "log", statistics)
    np.testing.assert_allclose(brighter, np.broadcast_to(2 / np.array(statistics["std"]), brighter.shape))
    with pytest.raises(UsageError, match="fit_context_statistics"):
        context(flux, "log")
    with pytest.raises(UsageError, match="unknown context 'raw'"):
        context(flux, "raw")
