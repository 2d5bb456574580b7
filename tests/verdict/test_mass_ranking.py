"""A ranking follows what spectra show, and the classifier that has one needs the spectra."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.spectra.grid import WAVELENGTH_NM
from core.verdict.mass_ranking import fit_mass_ranking, inputs, shown
from core.verdict.photometric_classifier import (
    features,
    fit_photometric_classifier,
    load_photometric_classifier,
    store_photometric_classifier,
)
from core.verdict.sky_estimate import estimate_sky_probability

N = 1500


def made_up_stars(seed: int, n: int = N) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Spectra whose slope is the temperature and whose dip at 486 nm the gravity, their Gaia columns, their truth."""
    rng = np.random.default_rng(seed)
    log_teff, logg, a_v = rng.uniform(4.1, 4.5, n), rng.uniform(3.0, 4.5, n), rng.uniform(0.0, 4.0, n)
    x = (WAVELENGTH_NM - 600.0) / 300.0
    dip = np.exp(-(((WAVELENGTH_NM - 486.0) / 8.0) ** 2))
    flux = np.exp(-np.outer(8.0 * (log_teff - 4.3), x)) * (1.0 - np.outer((logg - 2.5) / 8.0, dip)) * 1e-15
    massive = log_teff > 4.3
    columns = {
        "probability": np.full(n, 0.6), "probability_std": np.full(n, 0.05), "bp_rp": a_v / 2.0 - 0.2,
        "phot_g_mean_mag": rng.uniform(9.0, 15.0, n), "parallax": np.full(n, 0.5), "parallax_error": np.full(n, 0.02),
    }  # fmt: skip
    return flux, columns, massive


def ranking_of(flux, columns, massive):
    seen = inputs(shown(flux, "l2", None), columns["phot_g_mean_mag"], columns["bp_rp"])
    return fit_mass_ranking(seen, massive, "l2", None)


@pytest.fixture(scope="module")
def fitted():
    flux, columns, massive = made_up_stars(1)
    ranking = ranking_of(flux, columns, massive)
    rank = ranking.of(flux, columns["phot_g_mean_mag"], columns["bp_rp"])
    x = np.column_stack([features(columns), rank])
    sizes = {"n_massive": int(massive.sum()), "n_low_mass": int((~massive).sum())}
    return fit_photometric_classifier(x[massive], x[~massive], **sizes, started="now", ranking=ranking)


def test_unseen_stars_are_ranked(fitted):
    flux, columns, massive = made_up_stars(2)
    rank = fitted.ranking.of(flux, columns["phot_g_mean_mag"], columns["bp_rp"])
    assert roc_auc_score(massive, rank) > 0.99
    brighter = fitted.ranking.of(flux * 50.0, columns["phot_g_mean_mag"], columns["bp_rp"])
    np.testing.assert_allclose(brighter, rank, atol=1e-4)  # the shape tells, not the scale


def test_the_classifier_parts_what_the_ensemble_does_not(fitted):
    flux, columns, massive = made_up_stars(3)
    probability = fitted.probability(columns, flux)
    assert np.median(probability[massive]) > 0.9
    assert np.median(probability[~massive]) < 0.1
    missing = columns | {"parallax": np.full(N, np.nan)}
    np.testing.assert_array_equal(fitted.probability(missing, flux), 0.6)


def test_without_a_spectrum_the_formula_answers(fitted):
    flux, columns, _ = made_up_stars(4, 50)
    asked = (columns["probability"], columns["probability_std"], columns)
    np.testing.assert_array_equal(estimate_sky_probability(*asked, fitted), estimate_sky_probability(*asked))
    np.testing.assert_allclose(estimate_sky_probability(*asked, fitted, flux), fitted.probability(columns, flux))
    with pytest.raises(ValueError, match="give the flux"):
        fitted.probability(columns)


def test_what_is_stored_is_what_is_read(fitted, tmp_path):
    flux, columns, _ = made_up_stars(5, 50)
    store_photometric_classifier(tmp_path, fitted)
    again = load_photometric_classifier(tmp_path, "now")
    np.testing.assert_array_equal(again.probability(columns, flux), fitted.probability(columns, flux))
    store_photometric_classifier(tmp_path, replace(fitted, started="earlier"))
    assert load_photometric_classifier(tmp_path, "now") is None
