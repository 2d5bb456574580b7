"""Coordinates in every notation mean the same place, and proper motions are taken into account."""

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SourceIdError, UsageError
from core.star.nearest import at_epoch, rank_candidates, separation_arcsec
from core.star.resolve import epoch_year, understand

SAME_PLACE = [
    "05 35 16.464 -05 23 22.81",
    "05:35:16.464 -05:23:22.81",
    "5h35m16.464s -5d23m22.81s",
    "83.8186000 -5.3896694",
    "83.8186000, -5.3896694",
    "J053516.464-052322.81",
    "fk5 05 35 16.464 -05 23 22.81",
    "05 35 16.464 \u221205 23 22.81",
]


@pytest.mark.parametrize("text", SAME_PLACE)
def test_notations_agree(text):
    query = understand(text)
    assert query.kind == "coordinates"
    assert float(separation_arcsec(query.ra, query.dec, 83.8186, -5.3896694)) < 0.05


@given(st.floats(0, 359.99), st.floats(-89.9, 89.9))
def test_galactic_coordinates_return_to_where_they_came_from(ra, dec):
    from astropy.coordinates import SkyCoord

    galactic = SkyCoord(ra, dec, unit="deg").galactic
    for text in (
        f"galactic {galactic.l.deg:.8f} {galactic.b.deg:+.8f}",
        f"l={galactic.l.deg:.8f} b={galactic.b.deg:+.8f}",
        f"{galactic.l.deg:.8f} {galactic.b.deg:+.8f} galactic",
    ):
        query = understand(text)
        assert query.kind == "coordinates"
        assert float(separation_arcsec(query.ra, query.dec, ra, dec)) < 0.001


@given(st.floats(0, 359.99), st.floats(-89.9, 89.9))
def test_negative_declinations_keep_their_sign_in_sexagesimal(ra, dec):
    from astropy.coordinates import SkyCoord

    text = SkyCoord(ra, dec, unit="deg").to_string("hmsdms", sep=" ", precision=4)
    query = understand(text)
    assert float(separation_arcsec(query.ra, query.dec, ra, dec)) < 0.01


@pytest.mark.parametrize("text", ["Theta1 Ori C", "HD 37022", "BD+60 2522", "47 Tuc", "M 42", "V* eta Car", "Gaia BH1"])
def test_names_are_names(text):
    assert understand(text).kind == "name"


@pytest.mark.parametrize("text", ["12 -95", "25 00 00 +10 00 00", "400 5", "galactic 10 100"])
def test_impossible_positions_are_refused_with_an_example(text):
    with pytest.raises(UsageError, match="galactic 209"):
        understand(text)


@given(st.text("0123456789.+-: dhms\u00b0'\",;JjlbLB=egGaia DR3galacticfk4E\u2212\u0663\x00\n", max_size=30))
def test_whatever_is_typed_is_understood_or_refused_by_name(text):
    with suppress(UsageError, SourceIdError):
        assert understand(text).kind in ("source_id", "coordinates", "name")


@pytest.mark.parametrize("text", ["9" * 5000, "Gaia DR3 " + "9" * 5000, "x" * 201, "1 " * 400])
def test_endless_queries_are_refused(text):
    with pytest.raises(UsageError, match="characters"):
        understand(text)


@pytest.mark.parametrize(
    ("text", "year"), [("J2000", 2000.0), ("2016.0", 2016.0), (2015.5, 2015.5), ("B1950", 1949.9998)]
)
def test_epochs(text, year):
    assert epoch_year(text) == pytest.approx(year, abs=1e-3)


@pytest.mark.parametrize("text", ["soon", "1066", "J99999"])
def test_bad_epochs_are_refused(text):
    with pytest.raises(UsageError):
        epoch_year(text)


def test_motion_agrees_with_astropy():
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    rng = np.random.default_rng(3)
    stars = pd.DataFrame({
        "ra": rng.uniform(0, 360, 50), "dec": rng.uniform(-85, 85, 50),
        "pmra": rng.normal(0, 2000, 50), "pmdec": rng.normal(0, 2000, 50),
    })  # fmt: skip
    reference = SkyCoord(
        stars["ra"].to_numpy() * u.deg, stars["dec"].to_numpy() * u.deg,
        pm_ra_cosdec=stars["pmra"].to_numpy() * u.mas / u.yr, pm_dec=stars["pmdec"].to_numpy() * u.mas / u.yr,
        obstime=Time(2016.0, format="jyear"), distance=1 * u.kpc, radial_velocity=0 * u.km / u.s,
    ).apply_space_motion(Time(2000.0, format="jyear"))  # fmt: skip
    ra, dec = at_epoch(stars, 2000.0)
    difference = [
        float(separation_arcsec(a, b, c, d))
        for a, b, c, d in zip(ra, dec, reference.ra.deg, reference.dec.deg, strict=True)
    ]
    assert max(difference) < 0.005


def test_a_fast_star_is_found_where_it_was():
    star = pd.DataFrame({"source_id": [1], "ra": [269.4485], "dec": [4.7394], "pmra": [-801.6], "pmdec": [10362.4]})
    ra, dec = at_epoch(star, 2000.0)
    assert len(rank_candidates(star, ra[0], dec[0], 2000.0, 1.0)) == 1
    assert len(rank_candidates(star, ra[0], dec[0], 2016.0, 1.0)) == 0


def test_the_nearest_comes_first_and_unknown_motions_stand_still():
    stars = pd.DataFrame({"source_id": [1, 2, 3], "ra": [10.0, 10.0, 10.0], "dec": [0.002, 0.001, 0.5],
                          "pmra": [None, np.nan, 0.0], "pmdec": [None, np.nan, 0.0]})  # fmt: skip
    ranked = rank_candidates(stars, 10.0, 0.0, 2000.0, 10.0)
    assert ranked["source_id"].tolist() == [2, 1]
    assert ranked["separation_arcsec"].iloc[0] == pytest.approx(3.6, abs=1e-6)
