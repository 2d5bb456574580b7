"""Distances from parallaxes: zero point, prior, posterior median with its 16 % and 84 % points."""

from dataclasses import dataclass

import numpy as np

from core.errors import UsageError
from core.gaia.absolute_magnitude import MEAN_ZERO_POINT_MAS, PRIOR_LENGTH_PC, parallax_zero_point
from core.gaia.frames import SUN_HEIGHT_PC, SUN_RADIUS_PC

__all__ = ["MEAN_ZERO_POINT_MAS", "METHODS", "Distances", "distances", "parallax_zero_point"]

METHODS: dict[str, str] = {
    "disc": "posterior with a prior of O and B stars in the Galactic disc",
    "exponential": "posterior with the exponentially decreasing space density prior",
    "inverse": "1 / parallax",
}
OB_HEIGHTS_PC, OB_SHARES = (45.0, 200.0), (0.9, 0.1)
"""Scale heights of the O and B stars (Reed 2000, AJ 120, 314: 45 pc) and of their runaways, with their shares of the
stars of a line of sight through the plane."""
OB_LENGTH_PC = 2600.0
"""Scale length of the thin disc (Juric et al. 2008, ApJ 673, 864)."""
OB_VIEW_PC = 3000.0
"""Exponential scale at which dust and the magnitude limit thin the stars out."""
FARTHEST_PC = 30_000.0
_POINTS = 128
_SHARP = 8.0
_CHUNK = 512  # (512, 128) doubles fit into the processor's cache


@dataclass(frozen=True)
class Distances:
    """Distances of n stars, ndarrays of shape (n,) in parsecs; NaN where a star has none.

    `near_pc` and `far_pc` are the 16 % and 84 % points; `far_pc` is infinite where 'inverse' meets an error as large as
    the parallax.
    """

    distance_pc: np.ndarray
    near_pc: np.ndarray
    far_pc: np.ndarray

    @property
    def error_pc(self) -> np.ndarray:
        """Half of the interval from 16 % to 84 %."""
        return (self.far_pc - self.near_pc) / 2.0

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """One distance for each star from its posterior, taken as two half normals that meet at the median.

        An interval without an end (1 / parallax within an error of zero) counts as far as twice the distance.
        """
        draw = rng.standard_normal(len(self.distance_pc))
        width = np.where(draw < 0, self.distance_pc - self.near_pc, self.far_pc - self.distance_pc)
        known = np.where(np.isposinf(width), self.distance_pc, np.where(np.isnan(width), 0.0, width))
        return np.maximum(self.distance_pc + draw * known, 0.05 * self.distance_pc)


def distances(
    parallax: np.ndarray,
    parallax_error: np.ndarray | None,
    method: str,
    *,
    l_deg: np.ndarray | None = None,
    b_deg: np.ndarray | None = None,
    length_pc: float = PRIOR_LENGTH_PC,
) -> Distances:
    """Distances by one of `METHODS`.

    Parameters
    ----------
    parallax, parallax_error : ndarray of shape (n,)
        mas, zero point already taken off. 'inverse' can do without errors: its interval is then NaN. It has no distance
        for a parallax that is not above zero; the posteriors have one for every finite parallax, which says little
        more than the prior where the parallax is negative.
    method : str
    l_deg, b_deg : ndarray of shape (n,)
        Galactic direction, for 'disc'.
    length_pc : float
        Scale L of the prior r^2 exp(-r/L) (Bailer-Jones 2015, PASP 127, 994; 1350 pc: Astraatmadja & Bailer-Jones
        2016, ApJ 833, 119).

    Raises
    ------
    UsageError
        Unknown method, or what it needs is missing.

    Examples
    --------
    >>> found = distances(np.array([10.0, -0.2]), np.array([0.01, 0.05]), "exponential")
    >>> bool(abs(found.distance_pc[0] - 100) < 0.1), bool(found.distance_pc[1] > 3000)
    (True, True)
    """
    if method not in METHODS:
        raise UsageError(f"distances by {method!r} are unknown; choose one of {', '.join(METHODS)}")
    parallax = np.asarray(parallax, dtype=np.float64)
    if method == "inverse":
        return _inverse(parallax, parallax_error)
    if parallax_error is None:
        raise UsageError(f"distances by {method!r} need parallax_error; without it only 'inverse' is possible")
    if method == "disc" and (l_deg is None or b_deg is None):
        raise UsageError("distances by 'disc' need Galactic l and b")
    error = np.asarray(parallax_error, dtype=np.float64)
    result = np.full((3, len(parallax)), np.nan)
    good = np.isfinite(parallax) & np.isfinite(error) & (error > 0)
    directions = None
    if method == "disc":
        directions = np.deg2rad(np.stack([np.asarray(l_deg, dtype=np.float64), np.asarray(b_deg, dtype=np.float64)]))
        good &= np.isfinite(directions).all(axis=0)
    sharp = parallax > _SHARP * error
    for chosen, passes in ((np.flatnonzero(good & sharp), 1), (np.flatnonzero(good & ~sharp), 2)):
        for start in range(0, len(chosen), _CHUNK):
            rows = chosen[start : start + _CHUNK]
            log_prior = _exponential_prior(length_pc) if directions is None else _disc_prior(directions[:, rows, None])
            result[:, rows] = _quantiles(parallax[rows, None], error[rows, None], log_prior, passes)
    return Distances(result[1], result[0], result[2])


def _inverse(parallax: np.ndarray, parallax_error: np.ndarray | None) -> Distances:
    error = np.full_like(parallax, np.nan) if parallax_error is None else np.asarray(parallax_error, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance, near, far = (
            np.where((parallax > 0) & (value > 0), 1000.0 / value, np.nan)
            for value in (parallax, parallax + error, parallax - error)
        )
    return Distances(distance, near, np.where(np.isnan(far) & np.isfinite(near), np.inf, far))


def _exponential_prior(length_pc: float):
    return lambda r: 2.0 * np.log(r) - r / length_pc


def _disc_prior(l_and_b_rad: np.ndarray):
    """Log density along lines of sight: r^2 x disc of O and B stars x what dust and magnitude limit let through."""
    longitude, latitude = l_and_b_rad
    upward, inward = np.sin(latitude), np.cos(latitude) * np.cos(longitude)
    aside = np.cos(latitude) * np.sin(longitude)

    def log_prior(r: np.ndarray) -> np.ndarray:
        height = np.abs(r * upward + SUN_HEIGHT_PC)
        radius = np.sqrt((SUN_RADIUS_PC - r * inward) ** 2 + (r * aside) ** 2)
        layers = sum(share * np.exp(-height / scale) for share, scale in zip(OB_SHARES, OB_HEIGHTS_PC, strict=True))
        across = np.log(np.maximum(layers, 1e-300))
        return 2.0 * np.log(r) + across - radius / OB_LENGTH_PC - r / OB_VIEW_PC

    return log_prior


def _quantiles(parallax: np.ndarray, error: np.ndarray, log_prior, passes: int) -> np.ndarray:
    """16, 50 and 84 % of the posterior, (3, n).

    A sharp likelihood fills the grid over 7 errors on both sides; for a broad one a first pass finds where the
    posterior lies and a second one measures it there.
    """
    near = np.minimum(1000.0 / (np.maximum(parallax, 0.0) + 7.0 * error), 0.5 * FARTHEST_PC)
    far = np.where(parallax > 7.5 * error, 1000.0 / np.maximum(parallax - 7.0 * error, 1e-9), FARTHEST_PC)
    low, high = np.log(near), np.log(np.clip(far, near * (1.0 + 1e-9), FARTHEST_PC))
    steps = np.linspace(0.0, 1.0, _POINTS)
    for _ in range(passes - 1):
        log_r = low + (high - low) * steps
        edges = _invert(log_r, _cumulative(log_r, parallax, error, log_prior), (1e-6, 1.0 - 1e-6))
        margin = (high - low)[:, 0] / (_POINTS - 1)
        low, high = (edges[0] - margin)[:, None], np.minimum(edges[1] + margin, np.log(FARTHEST_PC))[:, None]
    log_r = low + (high - low) * steps  # (n, _POINTS)
    return np.exp(_invert(log_r, _cumulative(log_r, parallax, error, log_prior), (0.15865525, 0.5, 0.84134475)))


def _cumulative(log_r: np.ndarray, parallax: np.ndarray, error: np.ndarray, log_prior) -> np.ndarray:
    r = np.exp(log_r)
    log_density = log_r + log_prior(r) - 0.5 * ((parallax - 1000.0 / r) / error) ** 2  # density per unit of log r
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    running = np.zeros_like(density)
    np.cumsum((density[:, 1:] + density[:, :-1]), axis=1, out=running[:, 1:])
    return running / running[:, -1:]


def _invert(log_r: np.ndarray, cumulative: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """log r at which the distribution function reaches the levels, (n_levels, n), linear between grid points."""
    rows = np.arange(len(log_r))
    found = np.empty((len(levels), len(log_r)))
    for number, level in enumerate(levels):
        right = np.clip((cumulative < level).sum(axis=1), 1, log_r.shape[1] - 1)
        below, above = cumulative[rows, right - 1], cumulative[rows, right]
        part = np.where(above > below, (level - below) / np.where(above > below, above - below, 1.0), 0.5)
        found[number] = log_r[rows, right - 1] + part * (log_r[rows, right] - log_r[rows, right - 1])
    return found
