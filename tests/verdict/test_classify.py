"""Verdict tables and the streaming command: schema, notes, order, bounded memory, exit status."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.errors import UsageError
from core.settings import PROJECT_ROOT
from core.spectra.grid import N_COEFFICIENTS
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.verdict.ensemble import load_ensemble
from core.verdict.stream import SCHEMA, classify_file
from core.verdict.verdict import COLUMNS, classify, member_probabilities
from tests.verdict.tiny_runs import black_bodies, write_run

FIRST_ID = 5937083312263887616


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def ensemble(run_dir):
    return load_ensemble(run_dir)


def spectrum_set(flux: np.ndarray) -> SpectrumSet:
    return SpectrumSet(source_id=FIRST_ID + np.arange(len(flux), dtype=np.int64), flux=flux)


def write_spectra(path, flux: np.ndarray, **columns) -> None:
    ids = FIRST_ID + np.arange(len(flux), dtype=np.int64)
    table = {"source_id": pa.array(ids), "flux": pa.array(list(flux), pa.list_(pa.float64()))}
    pq.write_table(pa.table(table | columns), path)


def test_verdicts_follow_from_the_members(ensemble):
    spectra = spectrum_set(black_bodies(50))
    table = classify(spectra, ensemble)
    members = member_probabilities(spectra, ensemble)
    assert tuple(table.columns) == COLUMNS
    assert table["source_id"].dtype == np.int64
    np.testing.assert_allclose(table["probability"], members.mean(axis=0))
    np.testing.assert_allclose(table["probability_std"], members.std(axis=0, ddof=1))
    assert set(table["label"]) == {"massive", "low-mass"}
    np.testing.assert_array_equal(table["label"] == "massive", table["probability"] >= 0.5)
    assert (table["note"] == "").all()
    assert table["probability"].is_monotonic_increasing  # hotter is bluer, and blue is massive to this network


def test_one_member_has_no_spread(tmp_path):
    table = classify(spectrum_set(black_bodies(3)), load_ensemble(write_run(tmp_path / "one", 1)))
    assert table["probability"].notna().all()
    assert table["probability_std"].isna().all()


def test_what_cannot_be_classified_says_why(ensemble):
    flux = black_bodies(6)
    flux[1, 40], flux[2], flux[3] = np.nan, 0.0, -flux[3]
    flux[4, 0] = -1e-19  # noise below zero is legal
    table = classify(spectrum_set(flux), ensemble)
    assert table["probability"].isna().tolist() == [False, True, True, True, False, False]
    assert table["label"].isna().tolist() == table["probability"].isna().tolist()
    assert ((table["note"] != "") == table["probability"].isna()).all()


def test_notes_of_the_input_are_kept(ensemble):
    spectra = spectrum_set(black_bodies(2)).with_notes(np.array([True, False]), "duplicate source_id (row 1 of 2)")
    table = classify(spectra, ensemble)
    assert table["note"].tolist() == ["duplicate source_id (row 1 of 2)", ""]
    assert table["probability"].notna().all()


def test_a_network_on_coefficients_notes_spectra_without_them(tmp_path):
    ensemble = load_ensemble(write_run(tmp_path / "run", 2, representation="coefficients"))
    spectra = spectrum_set(black_bodies(2))
    assert classify(spectra, ensemble)["note"].str.contains("no XP coefficients").all()
    bp = np.ones((2, N_COEFFICIENTS))
    bp[1] = np.nan
    both = SpectrumSet(spectra.source_id, spectra.flux, coefficients=Coefficients(bp=bp, rp=np.ones_like(bp)))
    assert classify(both, ensemble)["probability"].notna().tolist() == [True, False]


def test_file_in_file_out(run_dir, ensemble, tmp_path):
    flux = black_bodies(700)
    flux[5] = np.nan
    write_spectra(tmp_path / "in.parquet", flux, label=pa.array(["nonsense"] * 700))
    seen = []
    done = classify_file(
        tmp_path / "in.parquet",
        ensemble,
        tmp_path / "out.parquet",
        chunk_rows=256,
        on_progress=lambda *p: seen.append(p),
    )
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.equals(SCHEMA)
    assert schema.metadata[b"model"] == b"wide"
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["source_id"].tolist() == (FIRST_ID + np.arange(700)).tolist()
    expected = classify(spectrum_set(flux), ensemble)
    np.testing.assert_allclose(table["probability"], expected["probability"], atol=1e-6)
    column = pq.read_table(tmp_path / "out.parquet")
    assert [column[name].null_count for name in column.column_names] == [0, 1, 1, 1, 0]
    assert (done.n_rows, done.n_classified, done.n_noted) == (700, 699, 1)
    assert done.n_massive == (table["label"] == "massive").sum()
    assert seen[-1] == (pytest.approx(1.0), 700)
    assert len(seen) >= 3


def test_outputs_that_cannot_be_meant(ensemble, tmp_path):
    write_spectra(tmp_path / "in.parquet", black_bodies(3))
    for out, message in (("out.csv", "ends in .parquet"), ("in.parquet", "is the input")):
        with pytest.raises(UsageError, match=message):
            classify_file(tmp_path / "in.parquet", ensemble, tmp_path / out)
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        classify_file(tmp_path / "in.parquet", ensemble, tmp_path / "folder.parquet")


def test_command_line(run_dir, tmp_path, capsys):
    flux = black_bodies(20)
    flux[3] = np.nan
    write_spectra(tmp_path / "in.parquet", flux)
    out = tmp_path / "out.parquet"
    arguments = ["classify", str(tmp_path / "in.parquet"), "--run", str(run_dir), "--out", str(out)]
    assert main(arguments) == 0
    assert "20 rows, 19 classified" in capsys.readouterr().out
    assert list(pd.read_parquet(out).columns) == list(COLUMNS)
    assert main([*arguments, "--model", "cnn"]) == 2
    assert main(["classify", str(tmp_path / "absent.parquet"), "--run", str(run_dir), "--out", str(out)]) == 1


def test_a_failure_leaves_no_output(run_dir, tmp_path, capsys):
    (tmp_path / "in.csv").write_text("<!DOCTYPE html><html><body>503</body></html>")
    out = tmp_path / "out.parquet"
    assert main(["classify", str(tmp_path / "in.csv"), "--run", str(run_dir), "--out", str(out)]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]
    assert "in.csv" in capsys.readouterr().err


def test_the_documented_schema_is_the_schema():
    section = (PROJECT_ROOT / "docs" / "cli.md").read_text().split("## `classify`")[1].split("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", section, flags=re.MULTILINE)
    found = [(field.name, str(field.type), field.nullable) for field in SCHEMA]
    assert [(name, kind, null != "never") for name, kind, null in documented] == found
