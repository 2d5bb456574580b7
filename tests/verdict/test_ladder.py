"""The ladder of probability: monotone, the same everywhere, and never above what the validation can vouch for."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.__main__ import main
from core.errors import RunError, UsageError
from core.settings import current_settings
from core.simulation.draw import simulate
from core.spectra.readers import read_spectra
from core.star.card import verdict_card
from core.star.record import StarRecord
from core.statistics.intervals import rate_interval
from core.statistics.prevalence import GAIA_PREVALENCE, reweight
from core.survey.columns import survey_table
from core.survey.posterior import posterior_of, with_posterior
from core.verdict.companions import companions_of
from core.verdict.ensemble import load_ensemble
from core.verdict.ladder import far_from_sample, supported_posterior
from core.verdict.sky_validation import (
    SCORES,
    SKY,
    TRAINING_SET,
    SkyValidation,
    count_scores,
    load_sky_validation,
    store_sky_validation,
)
from core.verdict.verdict import judge


def validation(n_massive: int = 2_000, n_low_mass: int = 50_000, n_false: int = 0, mix: str = SKY) -> SkyValidation:
    """Massive stars at 0.999, and some of the low-mass ones above them."""
    probability = np.concatenate([np.full(n_massive, 0.999), np.full(n_false, 0.9999)])
    stars = pd.DataFrame(dict.fromkeys(SCORES, probability))
    stars["massive"] = np.arange(len(stars)) < n_massive
    return count_scores(stars, n_massive, n_low_mass, mix=mix)


@given(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.floats(1e-5, 0.5), st.sampled_from(SCORES), st.booleans())
def test_a_posterior_is_bayes_or_less_and_says_where_it_is_a_limit(spectrum, sky, known, prevalence, score, of_sky):
    found = validation(mix=SKY if of_sky else TRAINING_SET)
    asked = spectrum if score == "probability" else sky
    numbers = (np.array([spectrum]), np.array([sky]), np.array([known]), prevalence, score)
    (posterior,), (at_least,) = supported_posterior(*numbers, found)
    bayes = float(reweight(np.array([asked]), prevalence)[0])
    assert posterior <= bayes * (1 + 1e-9)
    assert at_least == (posterior < bayes * (1 - 1e-9)) or bayes == pytest.approx(posterior)
    if score == "probability" or (of_sky and not known):
        odds = found.largest_ratio("probability")
        assert posterior <= float(reweight(np.array([odds / (1 + odds)]), prevalence)[0]) * (1 + 1e-9)
    assert supported_posterior(*numbers, None)[0][0] == bayes


@given(st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 0.4), st.floats(1.01, 2.0))
def test_the_third_rung_rises_with_the_prevalence(probability, prevalence, factor):
    def posterior(rate: float) -> float:
        one = np.array([probability])
        return float(supported_posterior(one, one, np.array([True]), rate, SCORES[0], validation())[0][0])

    assert posterior(prevalence) <= posterior(prevalence * factor)


def test_the_largest_odds_are_those_that_the_counts_can_prove():
    found = validation()
    least, most = rate_interval(2_000, 2_000).low, rate_interval(0, 50_000).high
    assert found.largest_ratio() == pytest.approx(least / most)
    assert validation(n_low_mass=500_000).largest_ratio() > 9 * found.largest_ratio()
    assert validation(n_false=100).largest_ratio() < found.largest_ratio()
    curve = found.curve()
    assert curve.at(0.99, 0.5).completeness == 1.0
    assert curve.at(0.9995, 0.5).completeness == 0.0


def test_impostors_count_as_not_called():
    stars = pd.DataFrame({"sky_probability": [0.9, 0.9], "probability": [0.9, 0.9], "massive": [True, False]})
    called = count_scores(stars, 1, 1).curve().at(0.5, 0.5)
    refused = count_scores(stars.assign(impostor=[False, True]), 1, 1).curve().at(0.5, 0.5)
    assert (called.false_positive_rate, refused.false_positive_rate) == (1.0, 0.0)
    assert refused.completeness == 1.0


def test_a_validation_is_kept_for_its_own_training_alone(tmp_path):
    found = validation()
    store_sky_validation(tmp_path, SkyValidation(found.massive, found.low_mass, 2_000, 50_000, started="then"))
    kept = load_sky_validation(tmp_path, "then")
    assert kept is not None
    assert kept.mix == SKY
    assert kept.largest_ratio() == found.largest_ratio()
    assert load_sky_validation(tmp_path, "now") is None
    pd.DataFrame({"label": [1, 0], "probability": [0.9, 0.1]}).to_parquet(tmp_path / "test.parquet")
    held_out = load_sky_validation(tmp_path, "now")
    assert held_out is not None
    assert held_out.mix == TRAINING_SET
    (tmp_path / "sky_validation.npz").write_bytes(b"no")
    with pytest.raises(RunError, match="is damaged"):
        load_sky_validation(tmp_path, "then")


def test_card_survey_command_and_export_show_the_same_ladder(tmp_path, capsys):
    path = tmp_path / "stars.parquet"
    simulate("massive", 24, 5, path, workers=1)
    spectra = read_spectra(path)
    ensemble = load_ensemble(current_settings().default_run_dir, threads=1)
    companions = companions_of(ensemble)
    verdict = judge(spectra, ensemble, companions)
    survey = survey_table(spectra, verdict).to_pandas()
    for prevalence in (GAIA_PREVALENCE, 0.01):
        exported = with_posterior(survey, prevalence, validation=companions.sky_validation)
        assert (exported["prevalence"] == prevalence).all()
        for row in range(0, 24, 5):
            one = spectra.take(np.array([row]))
            gaia = {"source_id": int(one.source_id[0])} | one.metadata.iloc[0].to_dict()
            card = verdict_card(StarRecord("", int(one.source_id[0]), one, gaia, "file"), ensemble, companions)
            first, second, third = (rung["probability"] for rung in card.to_dict(prevalence)["ladder"])
            assert first == pytest.approx(exported["probability"][row], rel=1e-4)
            assert second == pytest.approx(exported["sky_probability"][row], rel=1e-4)
            assert third == pytest.approx(exported["posterior"][row], rel=2e-3)
            assert card.to_dict(prevalence)["posterior"] == third
    query = ["star", str(spectra.source_id[0]), "--open", str(path), "--offline", "--prevalence", "0.01", "--json"]
    assert main(query) == 0
    said = json.loads(capsys.readouterr().out)["ladder"]
    assert said[2]["probability"] == pytest.approx(exported["posterior"][0], rel=2e-3)
    values, _ = posterior_of(survey, 0.01, validation=companions.sky_validation)
    assert values[0] == exported["posterior"][0]


def test_a_prevalence_far_from_the_sample_is_told():
    assert far_from_sample(0.5, 3e-4)
    assert far_from_sample(3e-4, 0.01)
    assert not far_from_sample(1e-3, 3e-4)
    assert not far_from_sample(0.5, None)


def test_a_prevalence_outside_is_refused():
    one = np.array([0.5])
    with pytest.raises(UsageError, match="prior is 0"):
        supported_posterior(one, one, np.array([True]), 0.0)
