"""`models`, `train` and `runs` as a script calls them."""

import json

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.runs.run import read_run
from models.registry import MODEL_KEYS
from tests.training.conftest import labelled_spectra


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Labelled spectra as Parquet."""
    return write(tmp_path_factory.mktemp("data") / "stars.parquet")


def write(path, n: int = 120, **columns):
    spectra = labelled_spectra(n)
    table = spectra.metadata.assign(source_id=spectra.source_id, flux=list(spectra.flux), **columns)
    table.to_parquet(path)
    return path


def test_models_lists_the_ten(capsys):
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["key"] for entry in listed] == list(MODEL_KEYS)
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert all(f"{entry['parameters']:,}" in text and f"{entry['published_parameters']:,}" in text for entry in listed)


def test_train_and_runs(file, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(tmp_path / "shipped"))
    assert main(["runs"]) == 0
    assert "no training run yet" in capsys.readouterr().out
    out = tmp_path / "runs" / "first"
    base = ["train", "--model", "wide", "--data", str(file), "--preset", "quick", "--epochs", "1", "--out", str(out)]
    assert main([*base, "--folds", "3", "--only-folds", "1"]) == 0
    printed = capsys.readouterr().out
    assert "120 stars, 60 massive" in printed
    assert "epochs 1, patience 5, batch_size 256" in printed, "the resolved settings are shown"
    run = read_run(out)
    assert (run.settings.epochs, run.settings.preset, run.folds_done) == (1, "quick", [0])
    assert main([*base, "--folds", "3"]) == 1
    assert "already holds a run" in capsys.readouterr().err
    assert main([*base, "--folds", "3", "--only-folds", "2", "--resume"]) == 0
    assert read_run(out).folds_done == [0, 1]
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["folds"], listed["state"]) == ("first", "2/3", "finished")


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--model", "resnet"], 2, "'resnet'"),
        (["--preset", "slow"], 2, "'slow'"),
        (["--representation", "fourier"], 2, "'fourier'"),
        (["--validation", "random"], 2, "'random'"),
        (["--epochs", "0"], 2, "epochs is 0"),
        (["--folds", "70"], 1, "fewer than 70 folds"),
        (["--data", "missing.parquet"], 1, "missing.parquet"),
    ],
)
def test_what_cannot_be_trained_is_refused(file, tmp_path, capsys, options, status, message):
    out = tmp_path / "run"
    assert main(["train", "--model", "wide", "--data", str(file), "--out", str(out), *options]) == status
    assert message in capsys.readouterr().err
    assert not out.exists(), "nothing is left behind"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": "massive"}, "all 120 stars are labelled 'massive'"),
        ({"label": np.where(np.arange(120) % 2, "massive", None)}, "60 of 120 stars have no label"),
        ({"label": np.where(np.arange(120) % 2, "massive", "dwarf")}, "'dwarf'"),
        ({"part": "validation"}, "'validation'"),
    ],
)
def test_labels_that_cannot_be_trained_on_are_named(tmp_path, capsys, columns, message):
    path = write(tmp_path / "bad.parquet", **columns)
    assert main(["train", "--model", "wide", "--data", str(path), "--out", str(tmp_path / "run")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_star_in_both_parts_is_refused_as_a_leak(tmp_path, capsys):
    path = write(tmp_path / "leak.parquet", part=np.where(np.arange(120) < 30, "test", "train"))
    table = pd.read_parquet(path)
    table.loc[100, "source_id"] = table.loc[0, "source_id"]
    table.to_parquet(path)
    assert main(["train", "--model", "wide", "--data", str(path), "--out", str(tmp_path / "run")]) == 1
    assert "both the training and the test part" in capsys.readouterr().err
