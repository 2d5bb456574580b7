"""From a table of stars to directions, distances and proper motions, with a note on every row that lacks one."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.errors import MissingColumnError, UsageError
from core.gaia import frames
from core.gaia.distances import METHODS, Distances, distances, parallax_zero_point
from core.gaia.releases import OLDER

NO_POSITION = "no usable position (ra and dec in degrees)"
NO_DISTANCE = "no usable distance (parallax missing or not above zero)"
NO_MOTION = "no proper motion"


@dataclass(frozen=True)
class StarPlaces:
    """Where n stars are and how they move across the sky; NaN where unknown.

    Attributes
    ----------
    direction : ndarray of shape (n, 3)
        Galactic unit vectors.
    distance : Distances
    motion : ndarray of shape (n, 3)
        Proper motion as a Galactic vector, mas/yr.
    motion_error : ndarray of shape (n,)
        Mean of the errors in both directions, mas/yr.
    method : str
        How distances were found: a key of `distances.METHODS`, or 'column' where all came from distance_pc.
    """

    direction: np.ndarray
    distance: Distances
    motion: np.ndarray
    motion_error: np.ndarray
    method: str

    def __len__(self) -> int:
        return len(self.direction)

    @property
    def position_pc(self) -> np.ndarray:
        """Heliocentric Galactic Cartesian places, ndarray of shape (n, 3) in pc."""
        return self.direction * self.distance.distance_pc[:, None]

    @property
    def velocity_kms(self) -> np.ndarray:
        """Velocity across the line of sight relative to the Sun, ndarray of shape (n, 3) in km/s."""
        return frames.tangential_velocity(self.motion, self.distance.distance_pc)

    @property
    def distance_error_pc(self) -> np.ndarray:
        """Half of the interval from 16 % to 84 %, 0 where unknown, the distance where the interval has no end."""
        error = self.distance.error_pc
        return np.where(np.isposinf(error), self.distance.distance_pc, np.where(np.isnan(error), 0.0, error))

    @property
    def has_distance_errors(self) -> bool:
        """Whether any star's distance has a known error."""
        return bool((~np.isnan(self.distance.error_pc)).any())

    def take(self, rows: np.ndarray) -> "StarPlaces":
        """The chosen rows."""
        found = self.distance
        return StarPlaces(
            self.direction[rows],
            Distances(found.distance_pc[rows], found.near_pc[rows], found.far_pc[rows]),
            self.motion[rows],
            self.motion_error[rows],
            self.method,
        )

    def resampled(self, rng: np.random.Generator) -> "StarPlaces":
        """The same stars with distances and proper motions drawn from their errors; errors stay."""
        sampled = replace(self.distance, distance_pc=self.distance.sample(rng))
        error = np.where(np.isfinite(self.motion_error), self.motion_error, 0.0)
        noise = rng.standard_normal((len(self), 3)) * error[:, None]
        noise -= (noise * self.direction).sum(axis=1, keepdims=True) * self.direction  # none along the line of sight
        return replace(self, distance=sampled, motion=self.motion + noise)


def star_places(table: pd.DataFrame, method: str | None = None) -> StarPlaces:
    """Read places from a table.

    Parameters
    ----------
    table : DataFrame
        ra, dec (degrees), and parallax (mas; parallax_error for posteriors and errors) or distance_pc, which wins where
        it is known; optionally pmra, pmdec (mas/yr) and their errors, and the columns of
        `distances.parallax_zero_point`.
    method : key of `distances.METHODS` or None
        None takes 'disc' where there is a column parallax_error, else 'inverse'.

    Raises
    ------
    MissingColumnError
        No position, or neither parallax nor distance_pc.
    UsageError
        Unknown method, or one that needs parallax_error where there is none.
    """
    missing = [name for name in ("ra", "dec") if name not in table]
    if missing:
        raise MissingColumnError(
            f"column {', '.join(missing)} is missing; of use are {', '.join(map(str, table.columns[:12])) or 'none'}. "
            "Positions are read from ra and dec (degrees or sexagesimal), or from Galactic l and b; convert others, in "
            "astropy with SkyCoord.icrs"
        )
    if "parallax" not in table and "distance_pc" not in table:
        raise MissingColumnError(
            "no distance: the table needs a column parallax (mas), distance_pc, or a distance with a unit, such as "
            "'distance [kpc]'"
        )
    ra, dec = _numbers(table, "ra"), _numbers(table, "dec")
    known = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    ra, dec = np.where(known, ra, np.nan), np.where(known, dec, np.nan)
    direction = frames.galactic_directions(ra, dec)
    method = method or ("disc" if "parallax_error" in table and "parallax" in table else "inverse")
    if method not in METHODS:
        raise UsageError(f"distances by {method!r} are unknown; choose one of {', '.join(METHODS)}")
    found, used = _all_distances(table, direction, method)
    motion = np.full((len(table), 3), np.nan)
    motion_error = np.full(len(table), np.nan)
    if "pmra" in table and "pmdec" in table:
        motion = frames.proper_motion_vectors(ra, dec, _numbers(table, "pmra"), _numbers(table, "pmdec"))
    if "pmra_error" in table and "pmdec_error" in table:
        motion_error = np.sqrt((_numbers(table, "pmra_error") ** 2 + _numbers(table, "pmdec_error") ** 2) / 2.0)
    return StarPlaces(direction, found, motion, motion_error, used)


def is_older_release(table: pd.DataFrame) -> np.ndarray:
    """Rows whose reference epoch is that of Gaia DR1 or DR2, bool ndarray: other zero points hold for them.

    DR2: 2015.5, DR1: 2015.0; (E)DR3 has 2016.0 (`core.gaia.releases`).
    """
    if "ref_epoch" not in table:
        return np.zeros(len(table), dtype=bool)
    return np.isin(_numbers(table, "ref_epoch"), [release.reference_epoch for release in OLDER])


def notes_on(places: StarPlaces, *, distance: bool, motion: bool) -> np.ndarray:
    """What keeps each star from being grouped, '' for none, object ndarray of shape (n,)."""
    note = np.full(len(places), "", dtype=object)
    if motion:
        note[~np.isfinite(places.motion).all(axis=1)] = NO_MOTION
    if distance:
        note[~np.isfinite(places.distance.distance_pc)] = NO_DISTANCE
    note[~np.isfinite(places.direction).all(axis=1)] = NO_POSITION
    return note


def _all_distances(table: pd.DataFrame, direction: np.ndarray, method: str) -> tuple[Distances, str]:
    n = len(table)
    error = _numbers(table, "parallax_error") if "parallax_error" in table else None
    nothing = np.full(n, np.nan)
    found, used = Distances(nothing, nothing, nothing), "column"
    if "parallax" in table:
        columns = {str(name): table[name].to_numpy() for name in table.columns}
        observed = _numbers(table, "parallax")
        l_deg, b_deg = frames.angles(direction)
        # Below zero a posterior repeats its prior: such stars would crowd at the prior's favourite distance.
        zero_point = np.where(is_older_release(table), 0.0, parallax_zero_point(columns))
        parallax = np.where(observed > 0, observed - zero_point, np.nan)
        found, used = distances(parallax, error, method, l_deg=l_deg, b_deg=b_deg), method
    if "distance_pc" in table:
        given = _numbers(table, "distance_pc")
        wins = np.isfinite(given) & (given > 0)
        width = given**2 * error / 1000.0 if error is not None else nothing
        found = Distances(
            np.where(wins, given, found.distance_pc),
            np.where(wins, np.maximum(given - width, 0.0), found.near_pc),
            np.where(wins, given + width, found.far_pc),
        )
        used = "column" if wins.all() or "parallax" not in table else used
    return found, used


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
