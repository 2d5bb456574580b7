"""Fits of stars whose parameters are known, and of spectra that cannot be fitted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.parameters.choices import FitSettings, bare, for_spectra, model_of
from core.parameters.fit import NO_ERRORS, NO_FIT, PARAMETERS, fit_spectra, stretched
from core.parameters.star_fit import compared_with_gaia, fit_star
from core.simulation.single_star import simulate_star
from core.spectra.spectrum_set import concatenate
from validation.drawn_stars import drawn_stars

BARE = bare(FitSettings(families=("normal",)))


@pytest.fixture(scope="module")
def drawn():
    return drawn_stars(model_of("normal", BARE), 120, 13.0, seed=5)


@pytest.fixture(scope="module")
def fitted(drawn):
    return fit_spectra(drawn[1], BARE)


def test_known_parameters_come_back(drawn, fitted):
    truth = drawn[0]
    assert np.median(np.abs(np.log(fitted["teff"]) - truth[:, 0])) < 0.03
    assert np.median(np.abs(fitted["a_v"] - truth[:, 3])) < 0.1


def test_intervals_of_real_stars_are_wider_about_the_same_best_value_and_stay_inside_the_models():
    model = model_of("normal", BARE)
    theta = np.array([[np.log(5000.0), 3.0, 0.0, 0.05, 0.32], [np.log(20000.0), 4.0, 0.0, 1.0, 0.32]])
    ends = theta[:, 3] - 0.04, theta[:, 3] + 0.1
    low, high = stretched(model, theta, 3, ends, FitSettings())
    np.testing.assert_allclose(high - theta[:, 3], [0.16, 0.2])
    np.testing.assert_allclose(low, [0.0, 0.92], atol=1e-12)
    for given, found in zip(ends, stretched(model, theta, 3, ends, BARE), strict=True):
        np.testing.assert_allclose(found, given)


def test_intervals_hold_the_truth_about_as_often_as_they_say(drawn, fitted):
    truth = {"teff": np.exp(drawn[0][:, 0]), "logg": drawn[0][:, 1], "a_v": drawn[0][:, 3]}
    for name, values in truth.items():
        inside = ((fitted[f"{name}_low"] <= values) & (fitted[f"{name}_high"] >= values)).mean()
        assert 0.5 < inside < 0.85, (name, inside)


def test_values_lie_within_their_intervals_and_models(fitted):
    for name in PARAMETERS:
        assert (fitted[f"{name}_low"] <= fitted[name] + 1e-9).all()
        assert (fitted[name] <= fitted[f"{name}_high"] + 1e-9).all()
    assert fitted["probability_physics"].between(0, 1).all()
    assert fitted["a_v"].between(0, 12).all()


def test_a_sampled_spectrum_alone_gives_nearly_the_same(drawn):
    some = drawn[1].take(np.arange(40))
    with_all = fit_spectra(some, BARE)
    without = fit_spectra(replace(some, coefficients=None), BARE)
    assert np.median(np.abs(np.log(without["teff"] / with_all["teff"]))) < 0.02


def test_an_o_star_is_massive_and_a_sunlike_star_is_not():
    rows = [
        simulate_star(32000.0, 3.9, 0.0, 1.5, 3.1, 12.0, 1)[1],
        simulate_star(5800.0, 4.4, 0.0, 0.5, 3.1, 12.0, 1)[1],
    ]
    table = pd.concat([fit_spectra(row, for_spectra(FitSettings(), row)) for row in rows], ignore_index=True)
    assert table.loc[0, "probability_physics"] > 0.9
    assert table.loc[1, "probability_physics"] < 0.1
    assert table.loc[1, "family"] == "normal"
    assert 0.5 < table.loc[1, "mass_now"] < 1.6


def test_a_white_dwarf_is_told_by_its_family():
    star = simulate_star(15000.0, 8.0, 0.0, 0.0, 3.1, 13.0, 1, family="white_dwarf")[1]
    table = fit_spectra(star, for_spectra(FitSettings(), star))
    assert table.loc[0, "family"] == "white_dwarf"
    assert table.loc[0, "probability_physics"] < 0.2
    assert np.isnan(table.loc[0, "mh"])


def test_bad_rows_are_noted_and_stop_nothing(drawn):
    few = drawn[1].take(np.arange(5))
    flux = few.flux.copy()
    flux[0] = np.nan
    flux[1, 40] = np.nan
    flux[2] = -1e-16
    bad = replace(few, flux=flux)
    table = fit_spectra(bad, BARE)
    assert list(table["flag"][:3]) == [NO_FIT] * 3
    assert (table["note"][:3] != "").all()
    assert np.isnan(table.loc[0, "teff"])
    assert np.isfinite(table["teff"][3:]).all()
    assert list(table["source_id"]) == list(few.source_id)


def test_without_errors_the_expected_ones_are_assumed_and_said_so(drawn):
    bare_flux = replace(drawn[1].take(np.arange(3)), coefficients=None, flux_error=None)
    table = fit_spectra(bare_flux, BARE)
    assert set(table["flag"]) <= {NO_ERRORS, "edge"}  # a fit at the models' edge says that first
    assert (table["flag"] == NO_ERRORS).any()
    assert table["note"].str.contains("assumed").all()
    assert np.isfinite(table["teff"]).all()


def test_noise_that_is_no_star_is_said_to_fit_badly(drawn):
    one = drawn[1].take(np.arange(1))
    wave = 1 + 0.6 * np.sin(np.arange(343) / 8.0)
    table = fit_spectra(replace(one, flux=one.flux * wave, coefficients=None), FitSettings())
    assert table.loc[0, "flag"] in ("poor_fit", "not_converged")
    assert "chi-square" in table.loc[0, "note"]


def test_rows_do_not_depend_on_their_neighbours(drawn):
    some = drawn[1].take(np.arange(6))
    together, alone = fit_spectra(some, BARE), fit_spectra(some.take(np.array([4])), BARE)
    assert np.isclose(together.loc[4, "teff"], alone.loc[0, "teff"], rtol=5e-3)
    assert len(fit_spectra(concatenate([some, some]), BARE)) == 12


def test_one_star_with_everything_that_the_page_shows():
    star = simulate_star(20000.0, 4.0, 0.0, 1.0, 3.1, 11.0, 2)[1]
    fit = fit_star(star)
    assert fit.flux.shape == fit.residual.shape == (343,)
    assert np.median(np.abs(fit.flux / star.flux[0] - 1)) < 0.05
    assert {"teff", "logg", "a_v"} <= set(fit.draws)
    assert fit.families["probability"].sum() == pytest.approx(1.0)
    beside = compared_with_gaia(fit, {"teff_gspphot": 21000.0})
    assert beside.loc[0, "GSP-Phot"] == "21000"
    assert beside.loc[0, "ESP-HS"] == "–"
