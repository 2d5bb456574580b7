"""Absolute G magnitude from a parallax: the posterior of the distance, vectorised over stars."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from core.gaia.releases import DR3, RELEASES

PRIOR_LENGTH_PC = 1350.0
"""Scale of the exponentially decreasing space density prior r^2 exp(-r/L): Bailer-Jones 2015, PASP 127, 994, and
Astraatmadja & Bailer-Jones 2016, ApJ 833, 119."""
MEAN_ZERO_POINT_MAS = DR3.mean_zero_point_mas
"""Median parallax of quasars in DR3, used where the star's own zero-point cannot be computed: Lindegren et al. 2021,
A&A 649, A4."""
EPOCH_COLUMN = "ref_epoch"
"""Tells whose parallaxes they are: every release has its own reference epoch."""
ZERO_POINT_COLUMNS = (
    "phot_g_mean_mag", "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat", "astrometric_params_solved",
)  # fmt: skip
_DISTANCE_PC = np.geomspace(3.0, 60_000.0, 512)
_CHUNK = 8_192
_SHARP = 30.0


@dataclass(frozen=True)
class AbsoluteMagnitude:
    """M_G of one star: posterior median with its 16 % and 84 % points, mag.

    `corrected` tells whether an extinction A_G was taken off; without it the star is at least this bright,
    because dust only dims.
    """

    value: float
    brighter: float
    fainter: float
    corrected: bool
    a_g: float | None = None

    @property
    def error(self) -> float:
        """Half of the interval from 16 % to 84 %, mag."""
        return (self.fainter - self.brighter) / 2


def parallax_zero_point(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Zero-point of parallaxes in mas (subtract it), shape (n_stars,).

    Of DR3 by Lindegren et al. 2021, A&A 649, A4; 0 for the stars of a release without a published law
    (`core.gaia.releases`), which the column ref_epoch tells; stars without it are of DR3.

    From G, colour and ecliptic latitude through the package of the Gaia consortium where the columns
    phot_g_mean_mag, nu_eff_used_in_astrometry, pseudocolour, ecl_lat and astrometric_params_solved are there and inside
    its range; the median of the quasars otherwise.
    """
    names = ZERO_POINT_COLUMNS
    n = len(np.atleast_1d(np.asarray(columns.get("parallax", columns.get("phot_g_mean_mag")))))
    zero_point = np.full(n, MEAN_ZERO_POINT_MAS)
    lawless = _without_law(columns, n)
    zero_point[lawless] = 0.0
    if any(name not in columns for name in names):
        return zero_point
    values = [np.atleast_1d(np.asarray(columns[name], dtype=np.float64)) for name in names]
    solved = np.isin(values[4], (31, 95)) & np.isfinite(values[0]) & np.isfinite(values[3]) & ~lawless
    if not solved.any():
        return zero_point
    from zero_point import zpt

    zpt.load_tables()
    with np.errstate(invalid="ignore"):
        found = zpt.get_zpt(*[value[solved] for value in values], _warnings=False)
    zero_point[solved] = np.where(np.isfinite(found), found, MEAN_ZERO_POINT_MAS)
    return zero_point


def _without_law(columns: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Stars of a release whose parallax zero point is not published: boolean ndarray of shape (n,)."""
    lawless = np.zeros(n, dtype=bool)
    if EPOCH_COLUMN not in columns:
        return lawless
    epoch = np.broadcast_to(np.asarray(columns[EPOCH_COLUMN], dtype=np.float64), (n,))
    for release in RELEASES:
        if not release.zero_point_law:
            lawless |= epoch == release.reference_epoch
    return lawless


def nearer_than(distance_pc: np.ndarray, parallax: np.ndarray, parallax_error: np.ndarray) -> np.ndarray:
    """Posterior probability that each star is nearer than `distance_pc`, ndarray of shape (n_stars,).

    Parameters
    ----------
    distance_pc : ndarray of shape (n_stars,)
    parallax, parallax_error : ndarray of shape (n_stars,)
        mas, zero-point already taken off. Rows that are not finite give NaN; negative parallaxes are legal here.
    """
    parallax, parallax_error, distance_pc = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(item, dtype=np.float64)) for item in (parallax, parallax_error, distance_pc))
    )
    result = np.full(len(parallax), np.nan)
    good = np.isfinite(parallax) & (parallax_error > 0) & np.isfinite(distance_pc)
    # A sharp likelihood is narrower than the grid: a Gaussian, moved by the slope of the log prior in the parallax,
    # p(parallax) ~ parallax^-4 exp(-1000 / (L parallax)).
    with np.errstate(invalid="ignore", divide="ignore"):
        sharp = good & (parallax > _SHARP * parallax_error)
    centre, width = parallax[sharp], parallax_error[sharp]
    centre = centre + width**2 * (1000.0 / (PRIOR_LENGTH_PC * centre**2) - 4.0 / centre)
    result[sharp] = ndtr((centre - 1000.0 / distance_pc[sharp]) / width)
    broad = np.flatnonzero(good & ~sharp)
    grid = np.log(_DISTANCE_PC)
    for start in range(0, len(broad), _CHUNK):
        rows = broad[start : start + _CHUNK]
        cumulative = _cumulative(parallax[rows], parallax_error[rows], _DISTANCE_PC)  # (n_rows, n_grid)
        place = np.interp(np.log(distance_pc[rows]), grid, np.arange(len(grid)))
        left = np.minimum(place.astype(int), len(grid) - 2)
        row, part = np.arange(len(rows)), place - left
        result[rows] = cumulative[row, left] * (1 - part) + cumulative[row, left + 1] * part
    return result


def distance_quantiles(parallax, parallax_error, quantiles=(0.16, 0.5, 0.84)) -> np.ndarray:
    """Quantiles of the distance posterior in pc, ndarray of shape (n_stars, n_quantiles); NaN without a parallax."""
    parallax = np.atleast_1d(np.asarray(parallax, dtype=np.float64))
    parallax_error = np.broadcast_to(np.asarray(parallax_error, dtype=np.float64), parallax.shape)
    result = np.full((len(parallax), len(quantiles)), np.nan)
    for row in np.flatnonzero(np.isfinite(parallax) & (parallax_error > 0)):
        near_peak = parallax[row] + parallax_error[row] * np.linspace(-8, 8, 321)
        fine = 1000.0 / near_peak[near_peak > 0]
        grid = np.unique(np.concatenate([_DISTANCE_PC, fine]))
        cumulative = _cumulative(parallax[row : row + 1], parallax_error[row : row + 1], grid)[0]
        result[row] = np.exp(np.interp(quantiles, cumulative, np.log(grid)))
    return result


def absolute_magnitude(
    phot_g_mean_mag: float, parallax: float, parallax_error: float, a_g: float | None = None
) -> AbsoluteMagnitude | None:
    """M_G of one star from its parallax (mas, zero-point taken off), corrected for extinction when A_G is given.

    None without a usable parallax (unknown, or not above zero).

    Examples
    --------
    >>> round(absolute_magnitude(10.0, 10.0, 0.01).value, 2)
    5.0
    """
    values = np.array([phot_g_mean_mag, parallax, parallax_error], dtype=np.float64)
    if not np.isfinite(values).all() or parallax <= 0:
        return None
    near, middle, far = distance_quantiles(parallax, parallax_error)[0]
    extinction = float(a_g) if a_g is not None and np.isfinite(a_g) else None
    offset = phot_g_mean_mag + 5 - (extinction or 0.0)
    value, fainter, brighter = (float(offset - 5 * np.log10(distance)) for distance in (middle, near, far))
    return AbsoluteMagnitude(value, brighter, fainter, extinction is not None, extinction)


def _cumulative(parallax: np.ndarray, parallax_error: np.ndarray, distance_pc: np.ndarray) -> np.ndarray:
    """Posterior distribution function of each star on a grid of distances, shape (n_stars, n_grid)."""
    r = distance_pc[None, :]
    chi = (parallax[:, None] - 1000.0 / r) / parallax_error[:, None]
    # density in log r: r^3 exp(-r/L) times the likelihood; the largest exponent is taken off before exp
    log_density = 3 * np.log(r) - r / PRIOR_LENGTH_PC - 0.5 * chi**2
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    steps = np.zeros_like(density)
    steps[:, 1:] = (density[:, 1:] + density[:, :-1]) / 2 * np.diff(np.log(r))
    cumulative = np.cumsum(steps, axis=1)
    return cumulative / cumulative[:, -1:]
