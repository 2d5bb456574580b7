"""`python -m core molecules` and `train --task molecules`."""

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.molecules.catalogue import load_catalogue
from core.molecules.example import hot_core
from core.molecules.results import COLUMNS, species_names


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    spectrum = hot_core(load_catalogue())
    folder = tmp_path_factory.mktemp("windows")
    paths = []
    for number in np.unique(spectrum.window):
        rows = spectrum.window == number
        paths.append(folder / f"window{number}.dat")
        np.savetxt(paths[-1], np.column_stack([spectrum.frequency_mhz[rows], spectrum.value_k[rows]]), fmt="%.6f")
    return [str(path) for path in paths]


def test_windows_become_one_table(windows, tmp_path, capsys):
    out = tmp_path / "found.parquet"
    names = "CH3OH,CH3CN;v8=1,SO2,C-13-H3CN,HC3N;v4=1,v7=1"
    arguments = [
        "molecules",
        *windows,
        "--out",
        str(out),
        "--velocity-kms",
        "12.5",
        "--unit-y",
        "K",
        "--species",
        names,
    ]
    assert main(arguments) == 0
    table = pd.read_parquet(out)
    assert list(table.columns) == list(COLUMNS)
    label = dict(zip(table["species"] + ";" + table["state"], table["label"], strict=True))
    assert label["CH3OH;vt=0"] == label["SO2;v=0"] == label["CH3CN;v8=1"] == "detected"
    assert label["C-13-H3CN;v=0"] == "not covered"
    said = capsys.readouterr().out
    assert "line width" in said
    assert "decoys detected" in said


def test_the_catalogue_is_listed(capsys):
    assert main(["molecules", "--list"]) == 0
    said = capsys.readouterr().out
    assert "CH3CN;v8=1" in said
    assert "species and states" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["molecules"], "no spectrum is given"),
        (["molecules", "x.dat"], "no output is given"),
        (["molecules", "nowhere.dat", "--out", "o.parquet"], "is no file"),
        (["train", "--out", "o"], "--data"),
        (["train", "--out", "o", "--task", "molecules", "--split", "moon"], "'moon'"),
    ],
)
def test_requests_that_cannot_be_meant(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) in (1, 2)
    assert message in capsys.readouterr().err


def test_species_of_a_file_and_states_with_commas(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("CH3OH  # methanol\nCH3CN;v8=1\n")
    assert species_names(str(path)) == ["CH3OH", "CH3CN;v8=1"]
    assert species_names("HC3N;v6=1,v7=1,SO2") == ["HC3N;v6=1,v7=1", "SO2"]
