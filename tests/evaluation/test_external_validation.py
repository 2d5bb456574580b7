"""The shipped ensemble on real spectra that it never saw, and the counting behind the tables."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.external_validation import EXTERNAL_GROUPS, count_massive, early_type_spectra, load_external_set
from core.evaluation.reddened_validation import recall_by_extinction, recall_interval, validate_reddened
from core.settings import current_settings
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import classify


@pytest.fixture(scope="module")
def ensemble():
    folder = current_settings().default_run_dir
    assert folder.is_dir(), f"the shipped ensemble is missing: {folder}"
    return load_ensemble(folder)


@pytest.fixture(scope="module")
def real_data_dir():
    folder = current_settings().real_data_dir
    if not (folder / "xp_sampled.parquet").exists():
        pytest.skip(f"no real XP spectra: {folder} is absent (set XP_REAL_DATA)")
    return folder


@pytest.fixture(scope="module")
def counted(ensemble, real_data_dir):
    external = load_external_set(real_data_dir)
    probability = classify(external.spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan)
    return count_massive(external.group, probability).set_index("group")


def test_unclassified_stars_are_counted_apart():
    group = np.array([EXTERNAL_GROUPS[0]] * 3 + [EXTERNAL_GROUPS[2]] * 2)
    table = count_massive(group, np.array([0.9, 0.1, np.nan, 0.5, 0.2])).set_index("group")
    assert table.loc[EXTERNAL_GROUPS[0], ["n", "unclassified", "massive"]].tolist() == [3, 1, 1]
    assert table.loc[EXTERNAL_GROUPS[2], "fraction"] == 0.5


def test_draws_of_one_spectrum_do_not_narrow_the_interval_of_the_recall():
    found = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    few = pd.DataFrame({"star": np.arange(6), "probability": found})
    many = pd.DataFrame({"star": np.repeat(np.arange(6), 200), "probability": np.repeat(found, 200)})
    assert recall_interval(many) == pytest.approx(recall_interval(few))
    assert recall_interval(few) == pytest.approx((0.5, 1.0))
    assert recall_interval(few.assign(probability=0.9)) == (1.0, 1.0)


def test_every_real_o_b1_standard_is_found(counted):
    row = counted.loc["O-B1 standards"]
    assert row["n"] == 4
    assert row["massive"] == row["n"]


def test_every_real_a_m_standard_is_refused(counted):
    row = counted.loc["A-M standards"]
    assert row["n"] >= 25
    assert row["massive"] == 0


def test_real_field_stars_are_refused_better_than_the_published_network_does(counted):
    assert counted.loc["field stars", "n"] > 900
    assert counted.loc["field stars", "massive"] <= 4


def test_real_hot_subdwarfs_are_refused_better_than_the_published_network_does(counted):
    assert counted.loc["hot subdwarfs", "n"] > 1300
    assert counted.loc["hot subdwarfs", "fraction"] < 0.06


def test_real_o_b1_stars_behind_dust_are_found(ensemble, real_data_dir):
    _, flux = early_type_spectra(real_data_dir)
    table = recall_by_extinction(validate_reddened(ensemble, flux, draws=2)).set_index("a_v")
    assert table.loc["all", "networks"] >= 0.90
    assert table.loc["all", "networks"] > table.loc["all", "colour_cut"]
