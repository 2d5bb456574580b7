"""Stored runs read back: which may be compared, pairwise comparison, the table in three formats, the commands."""

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pytest

from core.__main__ import main
from core.errors import RunError, UsageError
from core.evaluation.comparison import check_comparable, comparison_rows, comparison_table, grounds, same_test_stars
from core.evaluation.comparison_text import comparison_text
from core.evaluation.pairwise_comparison import METRICS, compare_pairwise
from core.runs.folders import choose_network, run_folders
from core.runs.result import load_run_result, load_run_results
from tests.evaluation.stored_runs import drawn_logits, drawn_stars, write_baselines, write_stored_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A good, a middling and a poor network on the same stars, one with baselines."""
    root = tmp_path_factory.mktemp("runs")
    train, test = drawn_stars()
    shared = drawn_logits(train["label"].to_numpy() * 0, 0.0, 99)
    for seed, (key, separation) in enumerate({"cnn": 4.0, "deep": 2.0, "wide": 1.0}.items()):
        write_stored_run(
            root / key, train, test, model=key, title=key.upper(), separation=separation, seed=10 * seed, shared=shared
        )
    write_baselines(root / "deep")
    return root


@pytest.fixture(scope="module")
def results(runs):
    return load_run_results(run_folders([runs]), with_metadata=False)


def test_a_folder_of_runs_holds_each_network_once(runs):
    assert [folder.name for folder in run_folders([runs, runs / "cnn"])] == ["cnn", "deep", "wide"]
    assert choose_network(runs, "deep") == runs / "deep"
    with pytest.raises(UsageError, match=r"cnn\|deep\|wide"):
        choose_network(runs, None)
    with pytest.raises(RunError, match=r"holds no run\.json"):
        run_folders([runs / "nothing"])


def test_runs_on_other_folds_are_compared_on_the_held_out_stars_alone(results, tmp_path):
    run = results[0].run
    other = replace(results[0], name="other", run=run.changed(data=run.data.changed(fold_map="x")))
    strange = replace(results[0], name="strange", test=results[0].test.iloc[1:])
    untested = replace(results[0], name="untested", test=results[0].test.iloc[:0])
    assert [run.name for run in same_test_stars(results[0], [other, strange, untested])] == ["other"]
    matrix = compare_pairwise([results[1], other], test="test")
    known = compare_pairwise([results[1], results[0]], test="test").tests[results[1].name, results[0].name]
    assert matrix.tests[results[1].name, "other"].difference == known.difference
    for refused in ([results[1], strange], [untested, untested]):
        with pytest.raises(UsageError, match="other stars"):
            compare_pairwise(refused, test="test")
    with pytest.raises(UsageError, match="different grounds"):
        compare_pairwise([results[1], other])


def test_a_run_that_was_damaged_is_refused_in_words(runs, tmp_path):
    train, test = drawn_stars(60, 40)
    folder = write_stored_run(tmp_path / "run", train, test)
    (folder / "test.parquet").write_bytes(b"no table")
    with pytest.raises(RunError, match="cannot be read"):
        load_run_result(folder, with_metadata=False)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"members": [], "state": "running"}))
    with pytest.raises(RunError, match="no finished fold"):
        load_run_result(folder)


def test_a_run_whose_weights_are_not_shipped_is_compared_by_its_predictions(runs, tmp_path):
    train, test = drawn_stars()
    folder = write_stored_run(tmp_path / "fcn", train, test, model="fcn", title="FCN")
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"members": [], "members_not_shipped": run["members"]}))
    for file in folder.glob("*.onnx"):
        file.unlink()
    result = load_run_result(folder, with_metadata=False)
    assert result.n_members == 5
    (row,) = comparison_rows([result], n_draws=20)
    assert row.val_loss is not None
    assert main(["compare", str(folder), "--format", "md"]) == 0


def test_one_fold_in_common_gives_a_difference_and_no_verdict(results):
    alone = replace(results[0], name="one fold", oof=results[0].oof[results[0].oof["fold"] == 0])
    test = compare_pairwise([alone, results[2]]).tests[("one fold", "wide")]
    assert test.difference > 0
    assert (test.n, test.p_value, test.winner) == (1, None, None)
    assert comparison_rows([alone], n_draws=20)[0].val_accuracy_std is None


def test_rows_stand_for_networks_and_baselines_without_a_nan(results):
    rows = comparison_rows(results, n_draws=50)
    assert [row.kind for row in rows] == ["network"] * 3 + ["baseline"] * 2
    table = comparison_table(rows)
    assert not table.map(lambda value: isinstance(value, float) and value != value).to_numpy().any()
    first = table.iloc[0]
    assert first["val_accuracy_mean"] > table.iloc[2]["val_accuracy_mean"]
    assert first["test_auc_low"] <= first["test_auc"] <= first["test_auc_high"]
    assert first["published_val_accuracy"] == 0.9375
    assert first["parameters"] == 175_841
    oof = results[0].oof
    right = (oof["probability"] >= 0.5) == (oof["label"] == 1)
    assert first["val_accuracy_mean"] == pytest.approx(right.groupby(oof["fold"]).mean().mean())


def test_baselines_have_test_figures_and_networks_say_what_ended_them(results):
    rows = comparison_rows(results, n_draws=50)
    trees, metadata = rows[3:]
    held_out = results[1].baselines_test
    table = held_out[held_out["baseline"] == "gradient_boosting"]
    right = ((table["probability"] >= 0.5) == (table["label"] == 1)).mean()
    assert trees.test_accuracy.value == pytest.approx(right)
    assert trees.test_auc.low < trees.test_auc.value < trees.test_auc.high
    assert trees.test_auc.value > metadata.test_auc.value
    assert (trees.n_by_patience, trees.n_by_limit) == (None, None)
    assert (rows[0].n_by_patience, rows[0].n_by_limit) == (0, 5), "four epochs of four"
    run = results[0].run
    longer = replace(
        results[0], run=run.changed(epochs=9, members=[run.members[0].changed(epochs=9), *run.members[1:]])
    )
    row = comparison_rows([longer], n_draws=20)[0]
    assert (row.n_by_patience, row.n_by_limit) == (4, 1)
    assert "patience 4, limit 1" in comparison_text([row], "md")
    without = replace(results[1], baselines_test=None)
    assert comparison_rows([without], n_draws=20)[-1].test_auc.value is None


def test_other_data_or_folds_cannot_be_compared(results, tmp_path):
    train, test = drawn_stars(seed=3)
    stranger = load_run_result(write_stored_run(tmp_path / "other", train, test, sha256="b" * 64), with_metadata=False)
    assert len(grounds([*results, stranger])) == 2
    with pytest.raises(UsageError, match="2 different grounds"):
        check_comparable([*results, stranger])


def test_the_better_network_beats_the_worse_by_both_tests(results):
    for metric in METRICS:
        matrix = compare_pairwise(results, metric, "folds")
        assert matrix.tests[("cnn", "wide")].winner == "cnn", metric
    on_test = compare_pairwise(results, "accuracy", "test")
    assert on_test.tests[("cnn", "wide")].winner == "cnn"
    assert on_test.tests[("wide", "cnn")].difference == pytest.approx(-on_test.tests[("cnn", "wide")].difference)


def test_the_three_formats_hold_the_same_networks(results):
    rows = comparison_rows(results, n_draws=20)
    read = list(csv.DictReader(io.StringIO(comparison_text(rows, "csv"))))
    assert [row["model"] for row in read][:3] == ["cnn", "deep", "wide"]
    assert {"val_accuracy_std", "test_f1", "test_ap", "brier", "ece"} <= set(read[0])
    markdown = comparison_text(rows, "md").splitlines()
    assert len(markdown) == 2 + len(rows)
    assert len({line.count("|") for line in markdown}) == 1
    latex = comparison_text(rows, "latex")
    assert latex.count(r"\\") == 1 + len(rows)
    assert r"$\pm$" in latex
    assert "nan" not in (latex + comparison_text(rows, "csv")).lower()
    with pytest.raises(UsageError, match="csv, md, latex"):
        comparison_text(rows, "xml")


def test_compare_prints_the_table_and_refuses_strangers(runs, tmp_path, capsys):
    assert main(["compare", str(runs), "--format", "csv", "--no-speed"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert table["model"].tolist() == ["cnn", "deep", "wide", "gradient_boosting", "metadata"]
    train, test = drawn_stars(100, 40, seed=3)
    other = write_stored_run(tmp_path / "other", train, test, sha256="b" * 64)
    assert main(["compare", str(runs / "cnn"), str(other)]) == 2
    assert main(["compare", str(tmp_path / "absent")]) == 1
    assert main(["compare", str(runs), "--format", "xml"]) == 2


def test_compare_without_runs_takes_the_shipped_ones(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(tmp_path))
    assert main(["compare"]) == 1
    assert "no reference runs" in capsys.readouterr().err
    (tmp_path / "reference_runs").symlink_to(runs)
    assert main(["compare", "--format", "md"]) == 0
    out = capsys.readouterr().out
    assert out.index("CNN") < out.index("DEEP") < out.index("WIDE")


def test_evaluate_turns_a_test_set_into_a_purity(runs, capsys):
    arguments = ["evaluate", str(runs), "--model", "cnn", "--prevalence", "0.001"]
    assert main([*arguments, "--purity", "0.5", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["model"] == "cnn"
    expected = report["yield"]
    share = 0.001 * expected["completeness"]["value"]
    false = 0.999 * expected["false_positive_rate"]["value"]
    assert expected["purity"]["value"] == pytest.approx(share / (share + false))
    assert [entry["method"] for entry in report["calibration"]] == ["none", "temperature", "platt", "isotonic"]
    assert main([*arguments, "--purity", "0.9"]) == 0
    assert "of the candidates are massive" in capsys.readouterr().out
    assert main(["evaluate", str(runs), "--prevalence", "0.001"]) == 2
    assert main([*arguments[:-1], "3"]) == 2
    assert main([*arguments, "--purity", "1.5"]) == 2
