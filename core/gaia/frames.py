"""Places and motions in ICRS, Galactic, heliocentric and Galactocentric coordinates.

Cartesian axes are Galactic everywhere: x towards the Galactic centre, y along rotation (l = 90 degrees), z north.
The rotation matrix and the Galactocentric frame are astropy's.
"""

from functools import lru_cache

import numpy as np

KMS_PER_MAS_YR_KPC = 4.740470463533348
"""Speed in km/s of 1 mas/yr at 1 kpc: one astronomical unit per Julian year."""
SUN_RADIUS_PC, SUN_HEIGHT_PC = 8150.0, 5.5
"""The Sun's distance from the Galactic centre and its height above the plane: Reid et al. 2019, ApJ 885, 131."""


@lru_cache(maxsize=1)
def icrs_to_galactic() -> np.ndarray:
    """Rotation matrix (3, 3): Galactic vector = matrix @ ICRS vector."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    axes = SkyCoord(ra=[0, 90, 0] * u.deg, dec=[0, 0, 90] * u.deg, frame="icrs").galactic
    matrix = axes.cartesian.xyz.value.copy()  # columns are the ICRS axes in Galactic coordinates
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=1)
def galactic_to_icrs() -> np.ndarray:
    """Rotation matrix (3, 3): ICRS vector = matrix @ Galactic vector; the inverse of `icrs_to_galactic` to 1e-15."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    axes = SkyCoord(l=[0, 90, 0] * u.deg, b=[0, 0, 90] * u.deg, frame="galactic").icrs
    matrix = axes.cartesian.xyz.value.copy()  # columns are the Galactic axes in ICRS
    matrix.setflags(write=False)
    return matrix


def cartesian(
    longitude_deg: np.ndarray, latitude_deg: np.ndarray, distance: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y, z of places given by two angles and a distance, in the distance's unit."""
    longitude = np.deg2rad(np.asarray(longitude_deg, dtype=np.float64))
    latitude = np.deg2rad(np.asarray(latitude_deg, dtype=np.float64))
    flat = distance * np.cos(latitude)
    return flat * np.cos(longitude), flat * np.sin(longitude), distance * np.sin(latitude)


def spherical(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitude (0..360) and latitude in degrees and distance of places: the inverse of `cartesian`."""
    distance = np.sqrt(x**2 + y**2 + z**2)
    return np.rad2deg(np.arctan2(y, x)) % 360.0, np.rad2deg(np.arcsin(z / distance)), distance


def unit_vectors(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
    """Directions as vectors of length 1, ndarray of shape (n, 3)."""
    return np.stack(cartesian(longitude_deg, latitude_deg, 1.0), axis=-1)


def angles(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude (0..360) and latitude in degrees of vectors (n, 3) of any length."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    return np.rad2deg(np.arctan2(y, x)) % 360.0, np.rad2deg(np.arctan2(z, np.hypot(x, y)))


def galactic(ra_deg: np.ndarray, dec_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Galactic l and b in degrees.

    >>> l_deg, b_deg = galactic(np.array([266.40499]), np.array([-28.93617]))
    >>> bool(b_deg[0] < 0.001)
    True
    """
    return angles(galactic_directions(ra_deg, dec_deg))


def icrs(l_deg: np.ndarray, b_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ICRS ra and dec in degrees of Galactic l and b."""
    return angles(unit_vectors(l_deg, b_deg) @ icrs_to_galactic())


def galactic_directions(ra_deg: np.ndarray, dec_deg: np.ndarray) -> np.ndarray:
    """Directions as Galactic unit vectors, ndarray of shape (n, 3)."""
    return unit_vectors(ra_deg, dec_deg) @ icrs_to_galactic().T


def heliocentric(ra_deg: np.ndarray, dec_deg: np.ndarray, distance_pc: np.ndarray) -> np.ndarray:
    """Places relative to the Sun in parsecs along the Galactic axes, ndarray of shape (n, 3)."""
    return galactic_directions(ra_deg, dec_deg) * np.asarray(distance_pc, dtype=np.float64)[..., None]


def galactocentric(heliocentric_pc: np.ndarray) -> np.ndarray:
    """Places (n, 3) relative to the Galactic centre in parsecs; the Sun is at about (-8122, 0, 21).

    The frame is astropy's default `Galactocentric` (GRAVITY Collaboration 2018 and Bennett & Bovy 2019), whose x axis
    points from the Sun's side to the centre and beyond.
    """
    import astropy.units as u
    from astropy.coordinates import CartesianRepresentation, Galactic, Galactocentric

    places = np.atleast_2d(np.asarray(heliocentric_pc, dtype=np.float64))
    points = Galactic(CartesianRepresentation(places.T * u.pc)).transform_to(Galactocentric())
    return points.cartesian.xyz.to_value(u.pc).T


def proper_motion_vectors(ra_deg: np.ndarray, dec_deg: np.ndarray, pmra: np.ndarray, pmdec: np.ndarray) -> np.ndarray:
    """Proper motions as Galactic vectors across the line of sight, mas/yr, ndarray of shape (n, 3).

    As vectors they have no pole where l turns. `pmra` includes cos(dec), as in Gaia's tables.
    """
    ra, dec = np.deg2rad(np.asarray(ra_deg, dtype=np.float64)), np.deg2rad(np.asarray(dec_deg, dtype=np.float64))
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    motion = (
        np.asarray(pmra, dtype=np.float64)[..., None] * east + np.asarray(pmdec, dtype=np.float64)[..., None] * north
    )
    return motion @ icrs_to_galactic().T


def tangential_velocity(motion_mas_yr: np.ndarray, distance_pc: np.ndarray) -> np.ndarray:
    """Velocity across the line of sight in km/s relative to the Sun, (n, 3), from vectors in mas/yr."""
    return motion_mas_yr * (KMS_PER_MAS_YR_KPC * np.asarray(distance_pc, dtype=np.float64)[..., None] / 1000.0)


def along_l_and_b(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Components of vectors (n, 3) towards growing l and growing b at the given directions, shape (n, 2)."""
    longitude, latitude = (np.deg2rad(angle) for angle in angles(directions))
    zero = np.zeros_like(longitude)
    to_l = np.stack([-np.sin(longitude), np.cos(longitude), zero], axis=-1)
    to_b = np.stack(
        [-np.sin(latitude) * np.cos(longitude), -np.sin(latitude) * np.sin(longitude), np.cos(latitude)], axis=-1
    )
    return np.stack([(vectors * to_l).sum(axis=-1), (vectors * to_b).sum(axis=-1)], axis=-1)
