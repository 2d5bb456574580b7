"""The shipped ensemble on real spectra: both products of a star lead to the same verdict."""

import pandas as pd
import pytest

from core.settings import current_settings
from core.verdict.ensemble import load_ensemble
from core.verdict.stream import classify_file


@pytest.fixture(scope="module")
def shipped():
    return load_ensemble(current_settings().default_run_dir)


@pytest.fixture(scope="module")
def tables(shipped, tmp_path_factory):
    real = current_settings().real_data_dir
    if not (real / "xp_sampled.parquet").exists():
        pytest.skip(f"no real XP spectra: {real} is absent (set XP_REAL_DATA)")
    folder, found = tmp_path_factory.mktemp("verdicts"), {}
    for name in ("xp_sampled", "xp_continuous"):
        classify_file(real / f"{name}.parquet", shipped, folder / f"{name}.parquet")
        found[name] = (pd.read_parquet(real / f"{name}.parquet"), pd.read_parquet(folder / f"{name}.parquet"))
    return found


@pytest.mark.parametrize("name", ["xp_sampled", "xp_continuous"])
def test_every_row_has_a_row(tables, name):
    given, verdicts = tables[name]
    assert verdicts["source_id"].tolist() == given["source_id"].tolist()
    unclassified = verdicts["probability"].isna()
    assert unclassified.mean() < 0.01
    assert (verdicts.loc[unclassified, "note"] != "").all()
    assert verdicts["label"].isna().equals(unclassified)


def test_sampled_and_continuous_spectra_agree(tables):
    sampled, continuous = (tables[name][1].drop_duplicates("source_id") for name in ("xp_sampled", "xp_continuous"))
    both = sampled.merge(continuous, on="source_id").dropna(subset=["probability_x", "probability_y"])
    assert len(both) > 1000
    assert (both["probability_x"] - both["probability_y"]).abs().max() < 0.01
    assert both["probability_x"].nunique() > 100
