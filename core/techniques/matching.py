"""Stars and another survey's sources: by Gaia's id, else by position at the survey's epoch, with the odds of no match.

Of the sources near a star each has the Bayes factor 2 / s^2 exp(-psi^2 / 2 s^2) of being the same object against being
another one (Budavari & Szalay 2008, ApJ 679, 301, eq. 16; angles in radians, s^2 the sum of both variances). Against it
stands the density of the survey's sources there, and the chance that the survey lists the star at all.
"""

from dataclasses import dataclass

import numpy as np

LISTED = 0.9
"""Chance beforehand that a survey lists a star of the sample."""
LEAST_PROBABILITY = 0.5
"""A match below is none."""
SIGMAS, LEAST_RADIUS_ARCSEC, MOST_RADIUS_ARCSEC = 5.0, 1.0, 5.0
UNKNOWN_MOTION_MAS_YR = 20.0
"""Scatter of positions per year where the proper motion is not known."""
_ARCSEC = np.pi / 180 / 3600
_NEIGHBOURS = 10
_NONE = -1


@dataclass(frozen=True)
class Positions:
    """Places on the sky, ndarrays of shape (n,): degrees, epoch in Julian years, error in arcsec (one axis).

    Proper motions (mas/yr; pmra with cos dec) are NaN where unknown.
    """

    ra: np.ndarray
    dec: np.ndarray
    epoch: np.ndarray
    error_arcsec: np.ndarray
    pmra: np.ndarray
    pmdec: np.ndarray


@dataclass(frozen=True)
class Matches:
    """For each star: the source's row or -1, separation (arcsec), probability of the match and of none, candidates.

    `why` says what happened where there is no row, '' else.
    """

    row: np.ndarray
    separation_arcsec: np.ndarray
    probability: np.ndarray
    probability_none: np.ndarray
    n_candidates: np.ndarray
    why: np.ndarray


def by_id(star_ids: np.ndarray, source_ids: np.ndarray) -> Matches:
    """Rows with the stars' own Gaia ids; of an id that stands twice in the catalogue the first row, and it is said."""
    order = np.argsort(source_ids, kind="stable")
    sorted_ids = source_ids[order]
    place = np.searchsorted(sorted_ids, star_ids)
    place = np.minimum(place, max(len(order) - 1, 0))
    found = (sorted_ids[place] == star_ids) if len(order) else np.zeros(len(star_ids), dtype=bool)
    row = np.where(found, order[place] if len(order) else 0, _NONE)
    count = np.searchsorted(sorted_ids, star_ids, side="right") - np.searchsorted(sorted_ids, star_ids)
    why = np.where(found, "", "no row with this id").astype(object)
    why[found & (count > 1)] = "several rows with this id: the first is taken"
    sure = found.astype(float)
    return Matches(row, np.where(found, 0.0, np.nan), sure, 1.0 - sure, count, why)


def by_position(stars: Positions, sources: Positions) -> Matches:
    """The most probable source of each star; a source that two stars want goes to the one with the better odds."""
    from scipy.spatial import cKDTree

    n = len(stars.ra)
    empty = np.full(n, np.nan)
    nothing = np.full(n, "no source near", dtype=object)
    if not len(sources.ra) or not n:
        return Matches(np.full(n, _NONE), empty, np.zeros(n), np.ones(n), np.zeros(n, dtype=int), nothing)
    epoch = float(np.median(sources.epoch))
    ra, dec, motion_error = moved(stars, epoch)
    tree = cKDTree(_vectors(sources.ra, sources.dec))
    density = _density(tree)
    where = _vectors(ra, dec)
    known = np.isfinite(where).all(axis=1)
    row, separation = np.full(n, _NONE), np.full(n, np.nan)
    best, none, count = np.zeros(n), np.ones(n), np.zeros(n, dtype=int)
    why = np.where(known, "no source near", "no position").astype(object)
    median_error = float(np.median(sources.error_arcsec))
    for star in np.flatnonzero(known):
        width = np.sqrt(stars.error_arcsec[star] ** 2 + motion_error[star] ** 2 + median_error**2)
        radius = float(np.clip(SIGMAS * width, LEAST_RADIUS_ARCSEC, MOST_RADIUS_ARCSEC))
        near = np.array(tree.query_ball_point(where[star], 2 * np.sin(radius * _ARCSEC / 2)), dtype=int)
        if not len(near):
            distance = 2 * np.arcsin(np.clip(tree.query(where[star])[0] / 2, 0, 1)) / _ARCSEC
            why[star] = f"the nearest source is {distance:.3g} arcsec away, the radius {radius:.3g}"
            continue
        chord = np.linalg.norm(tree.data[near] - where[star], axis=1)
        psi = 2 * np.arcsin(np.clip(chord / 2, 0, 1))
        variance = (np.hypot(width, 0.0) ** 2 - median_error**2 + sources.error_arcsec[near] ** 2) * _ARCSEC**2
        bayes = 2.0 / variance * np.exp(-(psi**2) / (2 * variance))
        odds = LISTED * bayes / (4 * np.pi * density[near])
        share = odds / (odds.sum() + 1.0 - LISTED)
        top = int(share.argmax())
        row[star], separation[star] = near[top], psi[top] / _ARCSEC
        best[star], none[star], count[star] = share[top], 1.0 - share.sum(), len(near)
        why[star] = ""
    _refuse(row, best, none, why)
    return Matches(row, separation, best, none, count, why)


def _refuse(row: np.ndarray, best: np.ndarray, none: np.ndarray, why: np.ndarray) -> None:
    """Take away improbable matches, and sources from all but the star with the best odds, in place."""
    weak = (row >= 0) & (best < LEAST_PROBABILITY)
    for star in np.flatnonzero(weak):
        reason = "none is more probable" if none[star] > best[star] else "several sources are as probable"
        why[star] = f"match refused: probability {best[star]:.2f} ({reason})"
    row[weak] = _NONE
    order = np.argsort(-best, kind="stable")
    taken: dict[int, int] = {}
    for star in order:
        source = int(row[star])
        if source < 0:
            continue
        if source in taken:
            row[star] = _NONE
            why[star] = "its source belongs to another star of the file with better odds"
        else:
            taken[source] = int(star)


def moved(stars: Positions, epoch: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ra, dec (degrees) at another epoch by proper motion, and what not knowing it adds to the error (arcsec)."""
    years = epoch - stars.epoch
    known = np.isfinite(stars.pmra) & np.isfinite(stars.pmdec)
    pmra, pmdec = np.where(known, stars.pmra, 0.0), np.where(known, stars.pmdec, 0.0)
    dec = stars.dec + years * pmdec / 3.6e6
    with np.errstate(invalid="ignore", divide="ignore"):
        ra = stars.ra + years * pmra / 3.6e6 / np.maximum(np.cos(np.deg2rad(stars.dec)), 1e-6)
    unknown = np.where(known, 0.0, np.abs(years) * UNKNOWN_MOTION_MAS_YR / 1000.0)
    return ra, dec, unknown


def _vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    ra, dec = np.deg2rad(np.asarray(ra, dtype=float)), np.deg2rad(np.asarray(dec, dtype=float))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def _density(tree) -> np.ndarray:
    """Sources per steradian about each source: from the distance of its tenth neighbour."""
    k = min(_NEIGHBOURS, tree.n - 1)
    if k < 1:
        return np.full(tree.n, 1.0 / (4 * np.pi))
    distance = tree.query(tree.data, k + 1)[0][:, -1]
    return np.maximum(k / (np.pi * np.maximum(distance, 1e-9) ** 2), 1.0 / (4 * np.pi))
