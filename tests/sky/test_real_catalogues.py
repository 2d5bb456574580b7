"""Places and distances beside those of published catalogues, where the folder of real data is there."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import Angle

from core.gaia import frames
from core.gaia.distances import distances
from core.settings import current_settings
from core.sky.matching import CLUSTERS_FILE, KNOWN_ASSOCIATIONS

ALS_FILE = CLUSTERS_FILE.with_name("als_ii_supplement_b.csv")


def catalogue(name):
    path = current_settings().real_data_dir / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return pd.read_csv(path)


def test_galactocentric_places_equal_those_of_the_cluster_catalogue():
    table = catalogue(CLUSTERS_FILE)
    place = frames.heliocentric(*table[["RA_ICRS", "DE_ICRS", "dist50"]].to_numpy().T)
    assert frames.galactocentric(place) == pytest.approx(table[["X", "Y", "Z"]].to_numpy(), abs=0.01)


def test_distances_agree_with_those_of_als_ii():
    table = catalogue(ALS_FILE)
    table = table[(table["Plx"] > 8 * table["Plx_err"]) & table["ALS2_dist_P50"].notna() & table["RA_DR2"].notna()]
    ra = Angle(table["RA_DR2"].to_list(), unit=u.hourangle).deg
    dec = Angle(table["DEC_DR2"].to_list(), unit=u.deg).deg
    l_deg, b_deg = frames.galactic(ra, dec)
    assert np.abs(b_deg - table["GLAT"]).max() < 0.02
    # ALS II adds 0.040 mas to the parallaxes of DR2.
    found = distances(table["Plx"].to_numpy() + 0.040, table["Plx_err"].to_numpy(), "disc", l_deg=l_deg, b_deg=b_deg)
    ratio = found.distance_pc / table["ALS2_dist_P50"]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)
    assert np.quantile(np.abs(ratio - 1.0), 0.9) < 0.05


CORES = {
    "Vela OB2": "Pozzo 1", "Trumpler 10": "Trumpler 10", "alpha Persei": "Melotte 20", "Cepheus OB4": "Berkeley 59",
    "lambda Orionis": "Collinder 69", "Monoceros OB1": "NGC 2264", "Monoceros OB2": "NGC 2244",
    "Cygnus OB3": "NGC 6871", "Ara OB1": "NGC 6193", "Scorpius OB1": "NGC 6231", "Sagittarius OB1": "NGC 6530",
    "Serpens OB1": "NGC 6611", "Cassiopeia OB6": "IC 1805", "h Persei": "NGC 869", "chi Persei": "NGC 884",
    "Carina Nebula": "Trumpler 16",
}  # fmt: skip
"""Known places that are said to stand at a cluster of the catalogue."""


def test_known_places_stand_where_the_catalogue_has_their_clusters():
    table = catalogue(CLUSTERS_FILE)
    table.index = table["Name"].str.strip().str.replace("_", " ")
    for item in KNOWN_ASSOCIATIONS:
        if item.name in CORES:
            row = table.loc[CORES[item.name]]
            assert abs(item.l_deg - row["GLON"]) < 0.1, item.name
            assert abs(item.b_deg - row["GLAT"]) < 0.1, item.name
            assert item.distance_pc == pytest.approx(row["dist50"], rel=0.01), item.name
            assert item.radius_deg > row["r50"], item.name
    assert {item.name for item in KNOWN_ASSOCIATIONS} >= set(CORES)
