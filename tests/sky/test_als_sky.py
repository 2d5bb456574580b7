"""The real OB stars of the ALS II supplement as a table for maps and groups."""

import numpy as np
import pandas as pd
import pytest

from core.errors import MissingColumnError
from core.settings import current_settings
from core.sky.als_sky import FILE, als_path, als_sky_table, is_of_dr2
from core.sky.cluster_file import OLD_RELEASE, cluster_table
from core.sky.settings import GroupingSettings
from core.sky.star_source import source_of_table


def supplement(folder, n=12):
    """A made-up file of the supplement's columns: n stars at one place, one without a parallax."""
    table = pd.DataFrame({
        "ID_ALS": range(n), "ID_DR2": 128 * (10**8 + np.arange(n)), "RA_DR2": "20:33:00.0", "DEC_DR2": "+41:19:00.0",
        "Plx": 0.56, "Plx_err": 0.01, "PM_RA": -2.5, "PM_RA_err": 0.05, "PM_DEC": -4.2, "PM_DEC_err": 0.05,
        "Gmag_cor": 10.0, "BPmag": 11.0, "RPmag": 9.5, "RUWE": 1.0, "SpT_ALS": "O9V",
    })  # fmt: skip
    table.loc[0, "Plx"] = np.nan
    table.loc[1, "SpT_ALS"] = "OB"
    path = folder / FILE
    path.parent.mkdir(parents=True)
    table.to_csv(path, index=False)
    return path


def test_stars_with_parallaxes_are_read_and_grouped(tmp_path, monkeypatch):
    monkeypatch.setenv("XP_REAL_DATA", str(tmp_path))
    assert als_path() is None
    path = supplement(tmp_path)
    assert als_path() == path
    table = als_sky_table(path)
    stars = table.to_pandas()
    assert len(stars) == 11
    assert stars["parallax"].iloc[0] == pytest.approx(0.60)
    assert (stars["ra"].iloc[0], stars["dec"].iloc[0]) == pytest.approx((308.25, 41.3167), abs=1e-3)
    assert stars["name"].iloc[1] == "ALS 2"
    assert is_of_dr2(stars).all()
    assert table["true_label"].to_pylist()[:2] == [None, "massive"]
    found, result = cluster_table(table, GroupingSettings(eps_pc=100.0, min_samples=5))
    assert (found.group == 0).all() or (found.group == 1).all()
    assert OLD_RELEASE in result["note"].to_pylist()[0]  # the file's zero point is off already, ours is not applied
    assert "name" in source_of_table(table, "ALS", "", "").columns


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    pd.DataFrame({"ID_DR2": [1]}).to_csv(path)
    with pytest.raises(MissingColumnError, match="not the supplement"):
        als_sky_table(path)


def test_the_real_supplement_has_groups_that_clusters_are_known_at():
    from core.sky.matching import known_groups, match_groups
    from ui.sky_map.cache import LEAST_OVERLAP

    folder = current_settings().real_data_dir
    if not (folder / FILE).is_file():
        pytest.skip(f"no supplement of ALS II in {folder}")
    from core.gaia import frames

    known = known_groups(folder)
    place = frames.unit_vectors(known["l"].to_numpy(), known["b"].to_numpy()) * known[["distance_pc"]].to_numpy()
    known = known.assign(**dict(zip("xyz", place.T, strict=True)))
    found, _ = cluster_table(als_sky_table(folder / FILE), GroupingSettings(eps_pc=80.0, min_samples=8))
    matches = match_groups(found, known)
    named = set(matches.loc[matches["overlap"] >= LEAST_OVERLAP, "name"])
    assert found.group.max() >= 2
    assert "Trumpler 10" in named
