"""`python -m core fit`: the columns that scripts depend on, row by row, with units."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.__main__ import EXIT_USAGE, main
from core.parameters import sampling
from core.parameters.fit_file import SCHEMA, to_astropy
from core.simulation.draw import simulate

NAMES = ["source_id"]
NAMES += [f"{name}{end}" for name in ("teff", "logg", "mh", "a_v", "r_v") for end in ("", "_low", "_high")]
NAMES += ["family", "log_luminosity", "mass_now", "chi2", "probability_physics", "flag", "note"]


@pytest.fixture(scope="module")
def spectra(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "stars.parquet"
    simulate("training", 24, 3, path)
    return path


def test_one_row_per_row_in_order(spectra, tmp_path):
    out = tmp_path / "out.parquet"
    assert main(["fit", str(spectra), "--out", str(out), "--law", "F19"]) == 0
    table = pq.read_table(out)
    assert table.column_names == NAMES
    assert table["source_id"].to_pylist() == pq.read_table(spectra)["source_id"].to_pylist()
    assert table.schema.field("teff").metadata[b"unit"] == b"K"
    assert table.schema.field("teff_low").metadata[b"ucd"] == b"phys.temperature.effective;stat.min"
    frame = table.to_pandas()
    truth = pq.read_table(spectra).to_pandas()
    assert np.median(np.abs(np.log(frame["teff"] / truth["true_teff"]))) < 0.15
    exported = to_astropy(frame.assign(family=frame["family"].fillna("")))
    assert str(exported["a_v"].unit) == "mag"
    assert exported.colnames == SCHEMA.names


def test_sampled_intervals(spectra, tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "N_NUTS_DRAWS", 25)
    out = tmp_path / "sampled.parquet"
    few = tmp_path / "few.parquet"
    pq.write_table(pq.read_table(spectra).slice(0, 3), few)
    assert main(["fit", str(few), "--out", str(out), "--sample", "nuts"]) == 0
    frame = pq.read_table(out).to_pandas()
    assert (frame["teff_low"] <= frame["teff"]).all()
    assert (frame["teff"] <= frame["teff_high"]).all()


@pytest.mark.parametrize("extra", [["--law", "nonsense"], ["--out", "x.csv"]])
def test_what_it_does_not_know_is_refused(spectra, tmp_path, extra):
    arguments = ["fit", str(spectra), *(extra if "--out" in extra else ["--out", str(tmp_path / "o.parquet"), *extra])]
    assert main(arguments) == EXIT_USAGE
    assert not (tmp_path / "o.parquet").exists()


def test_a_missing_file_is_said(tmp_path):
    assert main(["fit", str(tmp_path / "no.parquet"), "--out", str(tmp_path / "o.parquet")]) == EXIT_USAGE
