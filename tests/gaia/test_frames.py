"""Coordinates equal astropy's."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Galactocentric, SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from core.gaia import frames

RNG = np.random.default_rng(3)
RA = np.concatenate([RNG.uniform(0, 360, 200), [0.0, 360.0, 266.4, 192.85948]])
DEC = np.concatenate([np.rad2deg(np.arcsin(RNG.uniform(-1, 1, 200))), [90.0, -90.0, -28.9, 27.12825]])
DISTANCE = RNG.uniform(10, 9000, len(RA))
PMRA, PMDEC = RNG.normal(0, 20, (2, len(RA)))


@pytest.fixture(scope="module")
def stars() -> SkyCoord:
    return SkyCoord(
        ra=RA * u.deg,
        dec=DEC * u.deg,
        distance=DISTANCE * u.pc,
        pm_ra_cosdec=PMRA * u.mas / u.yr,
        pm_dec=PMDEC * u.mas / u.yr,
        radial_velocity=0 * u.km / u.s,
    )


def test_galactic_directions_equal_astropys(stars):
    l_deg, b_deg = frames.galactic(RA, DEC)
    ours = SkyCoord(l=l_deg * u.deg, b=b_deg * u.deg, frame="galactic")
    assert ours.separation(stars.galactic).to_value(u.uas).max() < 0.1
    assert ((l_deg >= 0) & (l_deg < 360)).all()


def test_places_equal_astropys(stars):
    theirs = stars.galactic.cartesian.xyz.to_value(u.pc).T
    assert frames.heliocentric(RA, DEC, DISTANCE) == pytest.approx(theirs, abs=1e-6)
    centred = stars.transform_to(Galactocentric()).cartesian.xyz.to_value(u.pc).T
    assert frames.galactocentric(theirs) == pytest.approx(centred, abs=1e-5)


def test_velocities_equal_astropys(stars):
    theirs = stars.galactic.velocity.d_xyz.to_value(u.km / u.s).T
    motion = frames.proper_motion_vectors(RA, DEC, PMRA, PMDEC)
    assert frames.tangential_velocity(motion, DISTANCE) == pytest.approx(theirs, abs=1e-7)
    galactic = stars.galactic
    pm = np.stack([galactic.pm_l_cosb.to_value(u.mas / u.yr), galactic.pm_b.to_value(u.mas / u.yr)], axis=1)
    directions = frames.galactic_directions(RA, DEC)
    away_from_poles = np.abs(frames.galactic(RA, DEC)[1]) < 89
    ours = frames.along_l_and_b(motion, directions)
    assert ours[away_from_poles] == pytest.approx(pm[away_from_poles], abs=1e-7)


def test_the_axes_point_to_the_centre_along_rotation_and_north():
    ra, dec = frames.icrs(np.array([0.0, 90.0, 0.0]), np.array([0.0, 0.0, 90.0]))
    assert frames.heliocentric(ra, dec, np.full(3, 10.0)) == pytest.approx(10 * np.eye(3), abs=1e-9)
    assert frames.galactocentric(np.zeros((1, 3)))[0] == pytest.approx([-8122.0, 0.0, 20.8], abs=1.0)


@given(st.floats(0, 359.99), st.floats(-89.9, 89.9))
def test_there_and_back(ra, dec):
    back = frames.icrs(*frames.galactic(np.array([ra]), np.array([dec])))
    assert frames.unit_vectors(*back)[0] == pytest.approx(frames.unit_vectors(np.array(ra), np.array(dec)), abs=1e-12)
