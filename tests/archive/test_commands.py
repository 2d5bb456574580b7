"""The commands star, fetch and build-dataset: what they print, write and return."""

import json

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.spectra.readers import read_spectra
from tests.archive.stand_in import Fault
from tests.archive.stand_in.sky import THETA1_ORI_C


@pytest.fixture(autouse=True)
def _no_default_run(archive, monkeypatch, tmp_path):
    """No shipped ensemble and no embedded set: these tests look at looking up."""
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(tmp_path / "nothing"))
    monkeypatch.setattr("core.star.lookup.embedded_path", lambda make=False: None)


@pytest.mark.parametrize("words", [[str(THETA1_ORI_C)], ["Theta1 Ori C"], ["Theta1", "Ori", "C"], ["83.81862 -5.38968"],
                                   ["05 35 16.47 -05 23 22.8"], ["galactic", "209.0107", "-19.3841"],
                                   ["83.81862", "-5.38968"]])  # fmt: skip
def test_id_name_and_coordinates_lead_to_the_card(words, capsys):
    assert main(["star", *words]) == 0
    assert f"Gaia DR3 {THETA1_ORI_C}" in capsys.readouterr().out


def test_the_json_card_is_strict_json_with_everything_on_it(capsys):
    assert main(["star", "HD 37022", "--json"]) == 0
    card = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert card["source_id"] == THETA1_ORI_C
    assert card["simbad"]["sp_type"] == "O7Vp"
    assert card["absolute_magnitude"]["value"] == pytest.approx(-4.0, abs=0.1)
    assert {item["classifier"] for item in card["gaia_opinions"]} == {"GSP-Phot", "ESP-ELS", "ESP-HS", "FLAME", "DSC"}
    assert {"probability", "probability_std", "label", "impostor", "impostor_reason", "advice", "gaia"} <= set(card)


@pytest.mark.parametrize(("words", "status", "text"), [
    (["Nobody At All"], 1, "Simbad knows no object"), (["12 -95"], 2, "cannot be read"), ([" "], 2, "Nothing to look"),
    (["HD 37022", "--jsn"], 2, "no option --jsn"),
    (["83.8 -5.4", "--epoch", "soon"], 2, "epoch"), (["5.9e18"], 1, "floating-point"),
])  # fmt: skip
def test_a_wrong_query_ends_with_a_sentence(words, status, text, capsys):
    assert main(["star", *words]) == status
    assert text in capsys.readouterr().err


def test_star_offline_says_why(capsys):
    assert main(["star", str(THETA1_ORI_C), "--offline"]) == 1
    assert "without a network" in capsys.readouterr().err


def test_fetch_writes_and_lists_what_is_missing(archive, tmp_path, capsys):
    ids = archive.sky.gaia["source_id"].to_numpy()[:12]
    path, out = tmp_path / "ids.txt", tmp_path / "x.parquet"
    path.write_text("# my stars\n" + "\n".join(f"Gaia DR3 {item}" for item in ids) + f"\n{ids[0] + 128}\n")
    assert main(["fetch", str(path), "--out", str(out)]) == 3
    assert read_spectra(out).source_id.tolist() == ids.tolist()
    assert pd.read_csv(f"{out}.undelivered.csv")["source_id"].tolist() == [ids[0] + 128]
    assert "no such source" in capsys.readouterr().err
    path.write_text("\n".join(map(str, ids)))
    assert main(["fetch", str(path), "--out", str(out)]) == 0


@pytest.mark.parametrize("name", ["ids.csv", "ids.parquet"])
def test_fetch_reads_tables_of_ids(archive, tmp_path, name):
    ids = archive.sky.gaia["source_id"].to_numpy()[:4]
    table = pd.DataFrame({"name": list("abcd"), "source_id": ids})
    path = tmp_path / name
    table.to_csv(path, index=False) if name.endswith("csv") else table.to_parquet(path)
    assert main(["fetch", str(path), "--out", str(tmp_path / "x.parquet")]) == 0
    assert read_spectra(tmp_path / "x.parquet").source_id.tolist() == ids.tolist()


@pytest.mark.parametrize(("content", "text"), [
    ("5.9e18\n", "line 1"), ("abc", "line 1"), ("", "no source id"), ("<!DOCTYPE html><html>", "web page"),
    ("\x00\xff", "line 1"),
])  # fmt: skip
def test_a_bad_list_of_ids_is_named_with_its_line(tmp_path, content, text, capsys):
    path = tmp_path / "ids.txt"
    path.write_text(content)
    assert main(["fetch", str(path), "--out", str(tmp_path / "x.parquet")]) == 1
    assert text in capsys.readouterr().err
    assert not (tmp_path / "x.parquet").exists()


def test_float_ids_in_a_table_are_refused(tmp_path, capsys):
    path = tmp_path / "ids.parquet"
    pd.DataFrame({"source_id": np.array([5.9e18])}).to_parquet(path)
    assert main(["fetch", str(path), "--out", str(tmp_path / "x.parquet")]) == 1
    assert "floating-point" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--correlations"], ["--chunk", "100"], ["--seed", "2"]])
def test_what_has_no_meaning_with_a_catalogue_is_refused(tmp_path, capsys, words):
    assert main(["fetch", "--hats", "nowhere", "--out", str(tmp_path / "out"), *words]) == 2
    assert f"{words[0]} has no meaning with --hats" in " ".join(capsys.readouterr().err.split())


def test_fetch_random_into_a_folder(tmp_path, capsys):
    out = tmp_path / "random"
    assert main(["fetch", "--random", "20", "--out", str(out), "--cone", "150 20 60"]) == 0
    assert len(read_spectra(out)) == 20
    assert "20 spectra" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--random", "5"], ["--out", "x"], ["f", "--random", "5", "--out", "x"],
                                       ["--random", "5", "--out", "x", "--cone", "1 2"],
                                       ["--random", "5", "--out", "x", "--cone", "1 2 900"],
                                       ["--random", "5", "--out", "x", "--seed", "-1"],
                                       ["--random", "5", "--out", "x", "--box", "1 2 3 4"],
                                       ["ids.txt", "--hats", "x", "--out", "x"],
                                       ["ids.txt", "--out", "."],
                                       ["ids.txt", "--out", "x", "--cone", "1 2 3"]])  # fmt: skip
def test_fetch_without_sense_is_a_usage_error(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["fetch", *arguments]) == 2


def test_a_folder_in_the_place_of_the_output_is_noticed_before_anything_is_fetched(archive, tmp_path):
    (tmp_path / "x.parquet").mkdir()
    (tmp_path / "ids.txt").write_text(str(THETA1_ORI_C))
    assert main(["fetch", str(tmp_path / "ids.txt"), "--out", str(tmp_path / "x.parquet")]) == 2
    assert sum(archive.counts.values()) == 0


def test_a_disk_that_cannot_be_written_is_a_sentence(tmp_path, capsys):
    (tmp_path / "ids.txt").write_text(str(THETA1_ORI_C))
    (tmp_path / "file").write_text("")
    assert main(["fetch", str(tmp_path / "ids.txt"), "--out", str(tmp_path / "file" / "x.parquet")]) == 1
    assert "Not a directory" in capsys.readouterr().err


def test_brackets_in_a_name_are_no_markup(capsys, monkeypatch):
    from core.commands import star

    monkeypatch.setattr(star, "card_facts", lambda card: [("Simbad", "[kw97] 12 [/bold]")])
    assert main(["star", str(THETA1_ORI_C)]) == 0
    assert "[kw97] 12 [/bold]" in capsys.readouterr().out


def test_fetch_when_the_quota_is_used_up(archive, tmp_path, capsys):
    path = tmp_path / "ids.txt"
    path.write_text(str(archive.sky.gaia["source_id"].iloc[0]))
    archive.faults.add(Fault("quota", "*", -1))
    assert main(["fetch", str(path), "--out", str(tmp_path / "x.parquet")]) == 1
    assert "anonymous" in capsys.readouterr().err


def test_build_dataset_needs_resume_to_go_on(tmp_path, capsys):
    arguments = ["build-dataset", "--out", str(tmp_path / "set"), "--limit", "24"]
    assert main(arguments) == 0
    assert "label: massive" in capsys.readouterr().out
    assert main(arguments) == 2
    assert main([*arguments, "--resume"]) == 0
