"""Errors carried through a classifier: the draws have the stated covariance, the interval the right width."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.evaluation.error_propagation import (
    MEASURED,
    SAMPLED,
    TYPICAL,
    TYPICAL_CORRELATIONS,
    draw_spectra,
    propagate_errors,
)
from core.simulation.instrument import to_coefficients
from core.simulation.noise import add_noise
from core.spectra.calibration import calibrate, flux_covariance
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import Coefficients, SpectrumSet


@pytest.fixture(scope="module")
def measured() -> Coefficients:
    flux = 1e-16 * (WAVELENGTH_NM / 550.0)[None] ** -2.0
    bp, rp = to_coefficients(WAVELENGTH_NM, flux)
    return add_noise(bp, rp, np.array([15.0]), np.random.default_rng(1), systematics=False, with_correlations=True)


def as_star(coefficients: Coefficients | None, flux: np.ndarray, error: np.ndarray | None = None) -> SpectrumSet:
    return SpectrumSet(np.array([1], dtype=np.int64), flux, error, coefficients)


def test_draws_have_the_covariance_of_the_coefficients(measured):
    flux, _ = calibrate(measured, with_errors=False)
    drawn, coefficients, source = draw_spectra(as_star(measured, flux), 6000, np.random.default_rng(2))
    assert source == MEASURED
    expected = flux_covariance(measured)[0]
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(np.cov(drawn.T) / scale, expected / scale, atol=0.08)
    np.testing.assert_allclose(drawn.mean(axis=0), flux[0], atol=4 * np.sqrt(np.diag(expected) / 6000).max())
    np.testing.assert_allclose(calibrate(coefficients, with_errors=False)[0], drawn, rtol=1e-6, atol=1e-24)


def test_sampled_errors_are_kept_and_neighbouring_samples_move_together(measured):
    flux, error = calibrate(measured)
    drawn, coefficients, source = draw_spectra(as_star(None, flux, error), 4000, np.random.default_rng(3))
    assert source == SAMPLED
    assert coefficients is None
    np.testing.assert_allclose(drawn.std(axis=0), error[0], rtol=0.01)
    truth = np.corrcoef(draw_spectra(as_star(measured, flux), 4000, np.random.default_rng(4))[0].T)
    mine = np.corrcoef(drawn.T)
    neighbours = np.arange(342)
    assert mine[neighbours, neighbours + 1].mean() > 0.7, "independent samples would have 0"
    np.testing.assert_allclose(mine[100], truth[100], atol=0.25)


def test_what_a_product_lacks_is_typical_and_said(measured):
    flux, _ = calibrate(measured, with_errors=False)
    bare = Coefficients(bp=measured.bp, rp=measured.rp)
    errors = Coefficients(measured.bp, measured.rp, measured.bp_error, measured.rp_error)
    rng = np.random.default_rng(5)
    assert draw_spectra(as_star(errors, flux), 3, rng)[2] == TYPICAL_CORRELATIONS
    assert draw_spectra(as_star(bare, flux), 3, rng)[2] == TYPICAL
    drawn, _, source = draw_spectra(as_star(None, flux), 2000, rng)
    assert source == TYPICAL
    expected = np.sqrt(np.diag(flux_covariance(measured)[0]))
    # The star's own errors scatter by some ten per cent around the typical ones of its brightness.
    assert np.median(drawn.std(axis=0) / expected) == pytest.approx(1.0, abs=0.5)


def test_the_interval_is_that_of_a_known_classifier(measured):
    """A classifier that reads one sample: its probability's distribution follows from that sample's error."""
    flux, error = calibrate(measured)

    def probabilities(spectra, coefficients=None):
        z = (spectra[:, 120] - flux[0, 120]) / error[0, 120]
        return np.clip(0.5 + 0.1 * z, 0, 1)[None]

    ensemble = SimpleNamespace(needs_coefficients=False, probabilities=probabilities)
    found = propagate_errors(as_star(measured, flux, error), ensemble, n_draws=4000)
    assert (found.low, found.median, found.high) == pytest.approx((0.304, 0.5, 0.696), abs=0.02)
    assert found.massive_share == pytest.approx(0.5, abs=0.04)
    assert propagate_errors(as_star(None, np.full((1, 343), np.nan)), ensemble) is None
