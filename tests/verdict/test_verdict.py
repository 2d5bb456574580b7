"""One verdict, many views: the same star shows the same numbers in a table, a survey and on its card."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.__main__ import main
from core.errors import UsageError
from core.settings import PROJECT_ROOT, current_settings
from core.simulation.draw import simulate
from core.spectra.readers import read_spectra
from core.spectra.spectrum_set import SpectrumSet
from core.star.card import verdict_card
from core.star.record import StarRecord
from core.statistics.prevalence import reweight
from core.survey.columns import SCHEMA, survey_table
from core.verdict.companions import NO_COMPANIONS, Companions, companions_of
from core.verdict.conformal import UNDECIDED, fit_conformal
from core.verdict.doubts import CHECKS, DOUBTED, TRUSTED
from core.verdict.ensemble import load_ensemble
from core.verdict.sky_estimate import CANDIDATE_FROM, estimate_sky_probability
from core.verdict.sky_posterior import brightness_log_odds, sky_log_odds, sky_probability
from core.verdict.verdict import Verdict, classify, judge, no_verdict
from tests.verdict.tiny_runs import black_bodies, write_run

SHARED = ("probability", "probability_std", "sky_probability", "label", "ood_score", "impostor", "note")


def verdict_of(members: np.ndarray, companions: Companions = NO_COMPANIONS, **facts: float) -> Verdict:
    """On stars that all share their facts."""
    n = members.shape[1]
    known = {name: np.full(n, value) for name, value in facts.items()}
    return Verdict(np.arange(n), members, np.full(n, "", dtype=object), None, known, companions)


@pytest.fixture(scope="module")
def stars(tmp_path_factory) -> Path:
    """A file of simulated stars."""
    path = tmp_path_factory.mktemp("stars") / "stars.parquet"
    simulate("training", 60, 3, path, workers=1)
    return path


@pytest.fixture(scope="module")
def spectra(stars) -> SpectrumSet:
    """The simulated stars, two of which cannot be classified."""
    found = read_spectra(stars)
    flux = found.flux.copy()
    flux[4], flux[9, 7] = 0.0, np.nan
    return SpectrumSet(found.source_id, flux, metadata=found.metadata)


@pytest.fixture(scope="module")
def shipped():
    ensemble = load_ensemble(current_settings().default_run_dir, threads=1)
    return ensemble, companions_of(ensemble)


def test_table_survey_and_card_are_views_of_one_verdict(spectra, shipped):
    ensemble, companions = shipped
    assert companions.photometric_classifier is not None
    assert companions.out_of_distribution is not None
    verdict = judge(spectra, ensemble, companions)
    survey = survey_table(spectra, verdict).to_pandas()
    pd.testing.assert_frame_equal(classify(spectra, ensemble), verdict.table())
    for row in (0, 4, 9, 31, 59):
        one = spectra.take(np.array([row]))
        gaia = {"source_id": int(one.source_id[0])} | one.metadata.iloc[0].to_dict()
        card = verdict_card(StarRecord("", int(one.source_id[0]), one, gaia, "file"), *shipped).to_dict()
        for name in SHARED:
            there = survey[name].iloc[row]
            there = None if there is None or there is pd.NA or there != there else there
            if isinstance(there, float):
                # float32 in the file of a survey; a batch of one star sums in another order
                assert card[name] == pytest.approx(there, rel=1e-4, abs=1e-6), (name, row)
            elif name == "impostor" and card["label"] is None:
                assert card[name] is None
            else:
                assert card[name] == there, (name, row)
        json.dumps(card, allow_nan=False)


def test_the_command_says_and_prints_the_same_ladder(stars, spectra, shipped, capsys):
    query = ["star", str(spectra.source_id[0]), "--open", str(stars), "--offline"]
    assert main(query) == 0
    said = capsys.readouterr().out
    assert main([*query, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    verdict = judge(read_spectra(stars).take(np.array([0])), *shipped).star()
    assert card["sky_probability"] == pytest.approx(verdict.sky_probability)
    assert card["posterior"] == pytest.approx(verdict.posterior(card["prevalence"]))
    for rung, stated in zip(verdict.ladder(), card["ladder"], strict=True):
        assert stated["probability"] == pytest.approx(rung.probability)
        assert f"{rung.title}: {'at least ' if rung.at_least else ''}{rung.probability:.4f}" in said


@given(arrays.arrays(np.float64, (5, 20), elements=st.floats(0.0, 1.0)))
def test_where_all_members_were_asked_mean_and_spread_are_numpys_to_the_digit(members):
    verdict = verdict_of(members)
    np.testing.assert_array_equal(verdict.probability, members.mean(axis=0))
    np.testing.assert_array_equal(verdict.probability_std, members.std(axis=0, ddof=1))
    assert (verdict.n_asked == 5).all()


@given(arrays.arrays(np.float64, (4, 12), elements=st.floats(0.0, 1.0)), st.integers(0, 3))
def test_a_member_that_was_not_asked_does_not_count(members, skipped):
    """A member that learnt from a star, or one that a cascade spared, leaves the verdict to the others."""
    others = np.delete(members, skipped, axis=0)
    with_gap = members.copy()
    with_gap[skipped] = np.nan
    verdict = verdict_of(with_gap)
    np.testing.assert_allclose(verdict.probability, others.mean(axis=0))
    np.testing.assert_allclose(verdict.probability_std, others.std(axis=0, ddof=1), atol=1e-12)
    assert len(verdict.star(3).members) == 3


def test_the_formula_reads_the_parallax_of_possible_candidates_only():
    probability = np.array([0.5 * CANDIDATE_FROM, 0.4, np.nan])
    facts = {"phot_g_mean_mag": 14.0, "bp_rp": 0.8, "parallax": 3.0, "parallax_error": 0.05}
    columns = {name: np.full(3, value) for name, value in facts.items()}
    found = estimate_sky_probability(probability, np.zeros(3), columns)
    log_odds = brightness_log_odds(columns["phot_g_mean_mag"])
    np.testing.assert_array_equal(found[0], sky_probability(probability, log_odds)[0])
    np.testing.assert_array_equal(found[1], sky_probability(probability, sky_log_odds(columns))[1])
    assert found[1] < 1e-6  # far too near for a massive star
    assert np.isnan(found[2])


def test_the_posterior_is_that_of_the_score_that_is_asked_for():
    verdict = verdict_of(np.array([[0.9], [0.94]]), phot_g_mean_mag=12.0)
    star = verdict.star()
    assert star.posterior(0.001) == float(reweight(verdict.sky_probability, 0.001)[0])
    assert star.posterior(0.001, "probability") == float(reweight(verdict.probability, 0.001)[0])
    assert star.unknown_facts == ("bp_rp", "parallax", "parallax_error")
    assert star.posterior(0.001) < star.sky_probability
    for prevalence, score in ((1.5, "probability"), (0.001, "ood_score")):
        with pytest.raises(UsageError):
            star.posterior(prevalence, score)


def test_nothing_is_computed_that_is_not_asked_for(tmp_path):
    ensemble = load_ensemble(write_run(tmp_path / "run"))
    verdict = judge(SpectrumSet(np.arange(5), black_bodies(5)), ensemble)
    verdict.table()
    assert not {"sky_probability", "ood_score", "_contaminant", "trust"} & set(vars(verdict))


def test_every_kind_of_doubt_is_raised_and_said():
    conformal = fit_conformal(np.linspace(0, 1, 200), np.tile([1, 0], 100))
    near = {"phot_g_mean_mag": 14.0, "bp_rp": -0.3, "parallax": 1.2, "parallax_error": 0.03}
    verdict = verdict_of(np.full((2, 1), 0.7), Companions(conformal=conformal), **near)
    verdict.note[:] = "noted"
    vars(verdict)["ood_score"] = np.array([3.0])
    star = verdict.star()
    assert [doubt.kind for doubt in star.doubts] == list(CHECKS)
    assert all(doubt.text for doubt in star.doubts)
    assert (star.trust, star.conformal_label(), star.contaminant) == (DOUBTED, UNDECIDED, True)
    assert verdict_of(np.full((2, 1), 0.7)).star().trust == TRUSTED


def test_no_verdict_has_a_note_and_nothing_else():
    star = no_verdict(128, "no XP spectrum").star()
    assert star.note == "no XP spectrum"
    values = (star.probability, star.probability_std, star.label, star.sky_probability, star.trust, star.ood_score)
    assert values == (None,) * 6
    assert star.conformal_p_values is None


def test_the_commands_document_names_every_value_of_the_card():
    section = (PROJECT_ROOT / "docs" / "cli.md").read_text().split("## `star`")[1].split("\n## ")[0]
    card = verdict_card(StarRecord("128", 128, None, {"source_id": 128}, "archive")).to_dict()
    assert [name for name in card if f"`{name}`" not in section] == []
    assert set(SHARED) - set(card) == set()
    assert {"sky_probability", "impostor", "ood_score"} <= set(SCHEMA.names)
