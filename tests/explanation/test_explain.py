"""Explanations of whole runs: what must be found, what must hold, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.errors import LabelError, RunError, UsageError
from core.explanation.background import choose_background
from core.explanation.checks import run_checks
from core.explanation.explain import explain, open_run
from core.explanation.stars import stars_of_run
from core.explanation.store import flat_table, store_explanation, stored_explanation
from core.explanation.summary import group_of, network_correlations, window_table
from core.explanation.windows import in_bands, resolution_bands
from core.settings import current_settings
from core.spectra.writers import write_spectra
from tests.explanation.conftest import PLANTED_NM, planted_spectra
from tests.verdict.tiny_runs import black_bodies, write_run

REFERENCE = current_settings().reference_runs_dir
CHECKED = ("wide", "cnn_2d", "starnet")


@pytest.fixture(scope="module")
def explained(simulated, background, process):
    """Six simulated stars, the third with a gap, explained by the shipped wide network."""
    stars = simulated.take(np.arange(6))
    flux = stars.flux.copy()
    flux[2, 100] = np.nan
    return explain(open_run(REFERENCE / "wide"), replace(stars, flux=flux), background, process)


@pytest.mark.timeout(600)
def test_a_planted_band_is_found(planted_run, process):
    data = planted_spectra(120, seed=9)
    massive = (data.metadata["label"] == "massive").to_numpy()
    background = choose_background(data.flux[20:], massive[20:], n_stars=30)
    found = explain(open_run(planted_run), data.take(np.arange(20)), background, process)
    assert ((found.probability >= 0.5) == massive[:20]).mean() >= 0.9, "the network has learnt the band"
    strength = np.abs(in_bands(found.shap)).mean(axis=0)
    top = [resolution_bands()[number] for number in np.argsort(-strength)[:2]]
    assert all(band.low_nm < PLANTED_NM[1] and band.high_nm > PLANTED_NM[0] for band in top)
    best = window_table(found).iloc[0]
    assert best["window"] in ("Hα 656.3", "He I 667.8, TiO 665.1")
    assert found.relative_error < 0.01


@pytest.mark.timeout(600)
@pytest.mark.parametrize("key", ["deep", "starnet", "cnn_2d"])
def test_the_best_networks_look_where_hot_stars_differ(key, process):
    """The Balmer jump and what lies at the Balmer, Paschen and helium lines tells O and B from A to M; bands of
    molecules tell cool stars from each other (Gray & Corbally 2009, Stellar Spectral Classification)."""
    stars = stars_of_run(REFERENCE / key)
    found = explain(open_run(REFERENCE / key), stars.sample(60), stars.background(50), process)
    table = window_table(found)
    top = table["window"].head(8).tolist()
    assert any("Balmer jump" in name for name in top[:5])
    hot = ("Balmer", "Paschen", "H", "He I", "He II", "Ca II")
    assert sum(name.startswith(hot) for name in top) >= 5
    cool = table["window"].str.startswith(("TiO", "CH", "Na D", "Mg b")) & ~table["window"].str.contains("Paschen")
    assert not cool.head(6).any()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("key", CHECKED)
def test_the_sanity_checks_of_shipped_networks(simulated, background, process, key):
    stars = simulated.take(np.arange(4))
    results, curves = run_checks(open_run(REFERENCE / key), stars, background, process)
    by_name = {result.check: result for result in results}
    assert set(by_name) == {"additivity", "removal", "random weights", "stability"}
    assert by_name["additivity"].passed
    assert by_name["removal"].passed
    assert by_name["random weights"].passed
    assert -1 <= by_name["stability"].value <= 1
    assert curves.deletion[0] == pytest.approx(1, abs=1e-6)
    assert curves.deletion[-1] == pytest.approx(0, abs=1e-6)
    json.dumps([result.to_dict() for result in results])


def test_base_value_and_parts_give_the_logit(explained):
    good = explained.explained
    assert good.tolist() == [True, True, False, True, True, True]
    assert "missing" in explained.note[2] or explained.note[2]
    assert np.abs(explained.additivity_error[good]).max() < 1e-3
    bands = in_bands(explained.shap[good]).sum(axis=1)
    np.testing.assert_allclose(explained.base_value + bands, explained.logit[good], atol=1e-3)


def test_the_logits_are_those_that_classify_gives(explained, simulated):
    expected = open_run(REFERENCE / "wide").ensemble.logits(simulated.flux[:6]).mean(axis=0)
    good = explained.explained
    np.testing.assert_allclose(explained.logit[good], expected[good], atol=1e-3)


def test_what_is_kept_comes_back(explained, tmp_path):
    store_explanation(explained, tmp_path / "kept.parquet")
    again = stored_explanation(tmp_path / "kept.parquet")
    np.testing.assert_array_equal(again.shap, explained.shap)
    assert (again.explainer, again.base_value) == (explained.explainer, explained.base_value)
    assert list(again.note) == list(explained.note)
    assert len(flat_table(again)) == 6


def test_stars_are_grouped_by_truth_and_verdict(explained):
    groups = group_of(explained)
    right = (explained.probability >= 0.5) == (explained.label == "massive")
    assert all((groups[i] in ("found", "rightly dismissed")) == right[i] for i in range(6) if explained.explained[i])


def test_a_network_agrees_with_itself(explained):
    table = network_correlations({"one": explained, "again": explained})
    np.testing.assert_allclose(table.to_numpy(), 1.0)


def test_the_command_writes_the_promised_columns(simulated, tmp_path, capsys):
    source, out = tmp_path / "stars.parquet", tmp_path / "out.parquet"
    write_spectra(simulated, source)
    base = ["explain", str(source), "--run", str(REFERENCE / "wide"), "--out", str(out), "--stars", "3"]
    assert main([*base, "--background", str(source), "--background-stars", "20", "--threads", "1"]) == 0
    table = pd.read_parquet(out)
    columns = ["source_id", "base_value", "logit", "shap", "shap_context", "additivity_error", "explainer", "note"]
    assert list(table.columns) == columns
    assert table["source_id"].tolist() == simulated.source_id[:3].tolist()
    assert all(len(values) == 343 for values in table["shap"])
    assert "3 explained" in capsys.readouterr().out
    assert main([*base, "--background", str(source), "--background-stars", "6"]) == 2
    assert "too small" in capsys.readouterr().err
    assert main([*base, "--member", "4"]) == 2
    assert "no member 4" in capsys.readouterr().err


def test_a_background_of_one_class_is_refused():
    with pytest.raises(UsageError, match="holds no massive star"):
        choose_background(black_bodies(30), np.zeros(30), n_stars=10)


def test_a_background_of_few_stars_is_refused():
    with pytest.raises(UsageError, match="too small"):
        choose_background(black_bodies(8), np.arange(8) % 2, n_stars=100)


def test_a_background_has_both_classes_alike_and_repeats():
    flux, label = black_bodies(400), np.arange(400) > 250
    first = choose_background(flux, label, n_stars=40)
    assert first.label.mean() == 0.5
    np.testing.assert_array_equal(first.flux, choose_background(flux, label, n_stars=40).flux)


def test_labels_of_a_background_file_are_needed(simulated, tmp_path, capsys):
    source = tmp_path / "stars.parquet"
    write_spectra(replace(simulated, metadata=simulated.metadata.drop(columns="label")), source)
    arguments = ["explain", str(source), "--run", str(REFERENCE / "wide"), "--out", str(tmp_path / "out.parquet")]
    assert main([*arguments, "--background", str(source)]) == 1
    assert "no column 'label'" in capsys.readouterr().err
    assert issubclass(LabelError, Exception)


@pytest.mark.parametrize("representation", ["hilbert", "coefficients"])
def test_what_has_no_wavelengths_is_refused(tmp_path, representation):
    folder = write_run(tmp_path / "run", representation=representation)
    with pytest.raises(UsageError, match="led back to wavelengths"):
        open_run(folder)


def test_a_missing_run_is_said(tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        open_run(tmp_path / "nowhere")


def test_weights_of_another_network_are_refused(tmp_path, simulated, background, process):
    folder = write_run(tmp_path / "run", n_members=1)  # says 'wide', but holds a single layer
    with pytest.raises(RunError, match="another network"):
        explain(open_run(folder), simulated.take(np.arange(2)), background, process)
    assert explain(open_run(REFERENCE / "wide"), simulated.take(np.arange(1)), background, process).explained.all()
