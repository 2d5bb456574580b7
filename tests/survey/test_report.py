"""Questions to a finished survey, and its report against numbers that are counted by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.errors import SurveyError, UsageError
from core.survey.report import EARLY_TEFF, survey_report
from core.survey.result import SCORES, Selection, SurveyResult
from core.survey.survey import survey


@pytest.fixture(scope="module")
def folder(stars, run_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("survey") / "out"
    survey(stars, run_dir, out, workers=1, partition_rows=200)
    return out


@pytest.fixture(scope="module")
def table(folder) -> pd.DataFrame:
    return pd.read_parquet(folder)


@pytest.mark.parametrize("score", SCORES)
def test_counts_are_those_of_the_table(folder, table, score):
    result = SurveyResult.open(folder)
    chosen = table[score] >= 0.5
    counts = result.counts(Selection(0.5, score=score))
    assert counts["n_rows"] == len(table)
    assert counts["n_selected"] == chosen.sum()
    assert counts["n_impostors"] == (chosen & table["impostor"].fillna(False).astype(bool)).sum()
    bright = result.counts(Selection(0.0, g_range=(0.0, 14.0)))["n_selected"]
    assert bright == (table["phot_g_mean_mag"] <= 14).sum()


def test_distributions_agree_with_numpy(folder, table):
    result = SurveyResult.open(folder)
    edges = np.linspace(5, 18, 14)
    expected, _ = np.histogram(table["phot_g_mean_mag"], edges)
    np.testing.assert_array_equal(result.histogram("phot_g_mean_mag", edges), expected)
    y_edges = np.linspace(-1, 5, 13)
    expected, *_ = np.histogram2d(table["bp_rp"], table["phot_g_mean_mag"], (y_edges, edges))
    np.testing.assert_array_equal(result.plane("phot_g_mean_mag", edges, "bp_rp", y_edges), expected)


def test_pages_of_candidates_cover_the_selection_once(folder, table):
    result = SurveyResult.open(folder)
    pages = [result.candidates(Selection(0.5), page=page, rows=40) for page in range(20)]
    joined = pd.concat([page for page in pages if len(page)])
    assert sorted(joined["source_id"]) == sorted(table.loc[table["sky_probability"] >= 0.5, "source_id"])
    assert joined["sky_probability"].is_monotonic_decreasing
    with pytest.raises(UsageError, match="unknown"):
        result.candidates(Selection(), sort="flux; DROP TABLE stars")
    with pytest.raises(UsageError, match="between 0 and 1"):
        Selection(1.5)
    with pytest.raises(UsageError, match="choose one of"):
        Selection(score="flux")


def test_a_survey_from_before_the_sky_counted_is_judged_by_its_spectra(folder, table, tmp_path):
    older = tmp_path / "older"
    older.mkdir()
    (older / "_manifest.json").write_bytes((folder / "_manifest.json").read_bytes())
    table.drop(columns="sky_probability").to_parquet(older / "part-000000.parquet", index=False)
    found = SurveyResult.open(older).counts(Selection(0.5))["n_selected"]
    assert found == (table["probability"] >= 0.5).sum()


@pytest.mark.parametrize("score", SCORES)
def test_the_report_counts_the_truth(folder, table, score):
    report = survey_report(SurveyResult.open(folder), 0.05, score)
    assert report.threshold == pytest.approx(0.95)
    candidate = (table[score] >= 0.95) & ~table["impostor"].fillna(False).astype(bool)
    massive = table["true_label"] == "massive"
    everyone, early = report.truth
    assert report.n_candidates == candidate.sum()
    assert (everyone.completeness.found, everyone.completeness.of) == ((candidate & massive).sum(), massive.sum())
    assert everyone.purity.value == pytest.approx((candidate & massive).sum() / candidate.sum())
    assert early.completeness.of == (massive & (table["true_teff"] >= EARLY_TEFF)).sum()
    assert everyone.purity.low < everyone.purity.value <= everyone.purity.high
    if score == "probability":
        assert 0.2 < report.estimated_prevalence < 0.7  # half of the training population is massive
    kept = np.where(table["impostor"].fillna(False), 0, table[score])
    found = kept >= early.threshold_at_wanted
    assert (found & massive & (table["true_teff"] >= EARLY_TEFF)).sum() >= 0.8 * early.completeness.of


def test_commands_print_the_report(folder, stars, run_dir, tmp_path):
    runner, program = CliRunner(), build_app()
    done = runner.invoke(
        program, ["survey", str(stars), "--out", str(tmp_path / "s"), "--workers", "1", "--all-members"]
    )
    assert done.exit_code == 0, done.output
    assert "600 rows in 1 of 1 partitions" in done.output.replace("\n", " ")
    printed = runner.invoke(program, ["survey-report", str(folder), "--prevalence", "0.05"])
    assert "B1 and earlier" in printed.output
    asked = runner.invoke(program, ["survey-report", str(folder), "--prevalence", "0.05", "--json"])
    as_json = json.loads(asked.output)
    assert as_json["n_rows"] == 600


def test_what_is_no_survey_is_said(tmp_path, folder):
    with pytest.raises(SurveyError, match=r"_manifest\.json"):
        SurveyResult.open(tmp_path)
    with pytest.raises(UsageError, match="between 0 and 1"):
        survey_report(SurveyResult.open(folder), 0.0)
