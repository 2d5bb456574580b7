"""Places and distances beside those of published catalogues, where the folder of real data is there."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import Angle

from core.settings import current_settings
from core.sky import frames
from core.sky.distances import distances
from core.sky.matching import CLUSTERS_FILE

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
