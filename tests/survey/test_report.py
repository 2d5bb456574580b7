"""Questions to a finished survey, and its report against numbers that are counted by hand."""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.datasets.known_stars import ALS_FILE, GOLD_FILE, known_stars_dir
from core.errors import SurveyError, UsageError
from core.survey.index import B_EDGES, FOLDER, HISTOGRAMS, L_EDGES
from core.survey.report import EARLY_TEFF, survey_report
from core.survey.result import Selection, SurveyResult
from core.survey.survey import survey
from core.verdict.verdict import SCORES
from tests.survey.marks import take_as_written


@pytest.fixture(scope="module")
def folder(stars, run_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("survey") / "out"
    survey(stars, run_dir, out, workers=1, partition_rows=200)
    return out


@pytest.fixture(scope="module")
def table(folder) -> pd.DataFrame:
    return pd.read_parquet(folder)


def test_counts_are_those_of_the_table(folder, table):
    result = SurveyResult.open(folder)
    chosen = table["sky_probability"] >= 0.5
    counts = result.counts(Selection(0.5))
    assert counts["n_rows"] == len(table)
    assert counts["n_selected"] == chosen.sum()
    assert counts["n_impostors"] == (chosen & table["impostor"].fillna(False).astype(bool)).sum()
    assert counts["n_known"] == 0
    assert counts["n_out_of_distribution"] == (chosen & (table["ood_score"] > 1)).sum()
    bright = result.counts(Selection(0.0, g_range=(0.0, 14.0)))["n_selected"]
    assert bright == (table["phot_g_mean_mag"] <= 14).sum()
    by_spectrum = result.counts(Selection(0.5, score="probability"))["n_selected"]
    assert by_spectrum == (table["probability"] >= 0.5).sum()


def test_distributions_agree_with_numpy(folder, table):
    result = SurveyResult.open(folder)
    edges = np.linspace(5, 18, 14)
    expected, _ = np.histogram(table["phot_g_mean_mag"], edges)
    np.testing.assert_array_equal(result.histogram("phot_g_mean_mag", edges, Selection()), expected)
    y_edges = np.linspace(-1, 5, 13)
    expected, *_ = np.histogram2d(table["bp_rp"], table["phot_g_mean_mag"], (y_edges, edges))
    np.testing.assert_array_equal(result.plane("phot_g_mean_mag", edges, "bp_rp", y_edges, Selection()), expected)


def test_the_index_counts_what_a_pass_over_all_stars_counts(folder, table):
    result = SurveyResult.open(folder)
    assert result.counts_of_all.n_rows == result.counts_of_all.n_classified == len(table)
    for name, axes in HISTOGRAMS.items():
        if name == "sky":
            expected = result.sky(L_EDGES, B_EDGES, Selection())
        elif len(axes) == 2:
            (y, y_edges), (x, x_edges) = axes
            expected = result.plane(x, x_edges, y, y_edges, Selection())
        else:
            expected = result.histogram(*axes[0], Selection())
        np.testing.assert_array_equal(result.counts_of_all.histograms[name], expected)
    assert result.counts_of_all.odds["probability"].sum() == len(table)
    possible = result.ask("SELECT source_id FROM candidates")["source_id"]
    wanted = (table["probability"] >= 0.01) | (table["true_label"] == "massive")
    assert sorted(possible) == sorted(table.loc[wanted, "source_id"])


def test_known_stars_are_marked_and_can_be_left_out(folder, table, tmp_path, monkeypatch):
    chosen = table.loc[table["sky_probability"] >= 0.5, "source_id"].to_numpy()
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    lists = {ALS_FILE: (chosen[:3], "ALS massive O9"), GOLD_FILE: (chosen[2:5], "Gaia golden OBA")}
    for name, (ids, known_as) in lists.items():
        path = known_stars_dir() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"source_id": ids, "known_as": known_as}).to_parquet(path, index=False)
    result = SurveyResult.open(folder)
    assert result.counts(Selection(0.5))["n_known"] == 5
    known = result.candidates(Selection(0.5, known="known"), sort="source_id").set_index("source_id")["known_as"]
    assert known.to_dict() == {
        **dict.fromkeys(chosen[2:5], "Gaia golden OBA"),
        **dict.fromkeys(chosen[:3], "ALS massive O9"),
    }
    new = result.candidates(Selection(0.5, known="new"), rows=5000)
    assert sorted(new["source_id"]) == sorted(chosen[5:])
    with pytest.raises(UsageError, match="known is"):
        Selection(known="perhaps")


def test_pages_of_candidates_cover_the_selection_once(folder, table):
    result = SurveyResult.open(folder)
    pages = [result.candidates(Selection(0.5), page=page, rows=40) for page in range(20)]
    joined = pd.concat([page for page in pages if len(page)])
    assert sorted(joined["source_id"]) == sorted(table.loc[table["sky_probability"] >= 0.5, "source_id"])
    assert joined["sky_probability"].is_monotonic_decreasing
    every = result.candidates(Selection(), rows=5000)
    assert len(every) == len(table)
    whole = result.candidates(Selection(0.5), rows=5000)
    pd.testing.assert_frame_equal(whole, joined.reset_index(drop=True))
    with pytest.raises(UsageError, match="unknown"):
        result.candidates(Selection(), sort="flux; DROP TABLE stars")
    with pytest.raises(UsageError, match="between 0 and 1"):
        Selection(1.5)
    with pytest.raises(UsageError, match="choose one of"):
        Selection(score="flux")


def test_stars_without_an_id_of_their_own_stay_within_the_selection(folder, table, tmp_path):
    other = shutil.copytree(folder, tmp_path / "out")
    shutil.rmtree(other / FOLDER)
    for part in sorted(other.glob("part-*.parquet")):
        stars = pq.read_table(part)
        pq.write_table(stars.set_column(0, "source_id", pa.array(np.full(len(stars), -1))), part)
    take_as_written(other)
    wanted = np.sort(table.loc[table["sky_probability"] >= 0.5, "sky_probability"])[::-1]
    result = SurveyResult.open(other)
    pages = [result.candidates(Selection(0.5), page=page, rows=40) for page in range(20)]
    assert [len(page) for page in pages[:2]] == [40, 40]
    found = pd.concat([page for page in pages if len(page)])
    np.testing.assert_array_equal(found["sky_probability"], wanted)
    by_color = result.candidates(Selection(0.5), sort="bp_rp", descending=False, rows=30)
    np.testing.assert_array_equal(by_color["bp_rp"], np.sort(table.loc[table["sky_probability"] >= 0.5, "bp_rp"])[:30])


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
    of_star = np.where(table["impostor"].fillna(False), 0, table[score])
    found = of_star >= early.threshold_at_wanted
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
