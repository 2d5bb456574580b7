"""What brightness and parallax add to a spectrum's verdict, for stars of a sample that is complete to Gaia's XP limit.

The spectrum's probability holds at equal priors. On the sky the odds that a star is massive also follow from its
magnitude (massive stars are rare, and most of Gaia's sources are faint) and from its luminosity: behind any dust, a hot
star of its colour and parallax would have an absolute magnitude, and massive stars have M_G < -1.7. Both factors
multiply the odds (Bayes), so they are kept as differences of log-odds.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import expit, logit, ndtr

from core.gaia.absolute_magnitude import parallax_zero_point
from core.gaia.counts import COUNT_SCALE_MAG, G_LIMIT_MAG
from core.gaia.hot_stars import A_G_PER_REDDENING_SHARES, BP_RP_25_000_K

MASSIVE_BRIGHT_END, MASSIVE_KNEE, MASSIVE_SCALE, MASSIVE_EDGE = -8.0, -2.0, 1.2, 0.5
"""M_G of massive stars: an exponential with this scale, brighter than the knee, and half a Gaussian beyond it. In the
simulated Galaxy (initial masses of Kroupa 2001, ages even) 80 % lie between -4.8 and -2.3."""
OTHER_MEAN, OTHER_SPREAD = 0.0, 2.5
"""M_G that the dust-free reading gives other stars that a spectrum may confuse with them (mag)."""
MASSIVE_G, MASSIVE_G_SPREAD = 13.4, 2.4
"""Gaussian of the apparent G of massive stars with XP spectra, mag: median and spread in the simulated Galaxy."""
_STEP = 0.25
_FLOOR = 1e-30


def luminosity_log_odds(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """ln [p(parallax | massive) / p(parallax | another star that looks alike)] of each star.

    Parameters
    ----------
    columns : mapping or DataFrame
        phot_g_mean_mag, bp_rp (mag), parallax and parallax_error (mas), each of shape (n_stars,); further Gaia columns
        refine the zero-point of the parallax. Negative parallaxes are information like any other.

    Returns
    -------
    float64 ndarray of shape (n_stars,): 0 (no information) where a value is missing. A good parallax that is far too
    large for a luminous star gives tens below zero, one that fits gives at most about +2.

    Examples
    --------
    >>> near = {"phot_g_mean_mag": [13.0], "bp_rp": [0.8], "parallax": [2.0], "parallax_error": [0.02]}
    >>> bool(luminosity_log_odds(near)[0] < -10)
    True
    """
    g, bp_rp, parallax, error = (
        np.atleast_1d(np.asarray(columns[name], dtype=np.float64))
        for name in ("phot_g_mean_mag", "bp_rp", "parallax", "parallax_error")
    )
    result = np.zeros(len(g))
    good = np.isfinite(g) & np.isfinite(bp_rp) & np.isfinite(parallax) & np.isfinite(error) & (error > 0)
    if not good.any():
        return result
    true_parallax = (parallax - parallax_zero_point(columns))[good]
    dust = np.maximum(bp_rp[good] - BP_RP_25_000_K, 0.0)
    massive, other = np.zeros(int(good.sum())), np.zeros(int(good.sum()))
    magnitude, of_massive, of_other = _magnitude_laws()
    for ratio, share in A_G_PER_REDDENING_SHARES:
        for m, weight, other_weight in zip(magnitude, of_massive, of_other, strict=True):
            predicted = 10.0 ** (2.0 - (g[good] - ratio * dust - m) / 5.0)  # mas
            likelihood = np.exp(-0.5 * ((true_parallax - predicted) / error[good]) ** 2)
            massive += share * weight * likelihood
            other += share * other_weight * likelihood
    result[good] = np.log(massive + _FLOOR) - np.log(other + _FLOOR)
    return result


def brightness_log_odds(g_mag: np.ndarray) -> np.ndarray:
    """ln [p(G | massive) / p(G)] of XP sources of the whole sky, shape as `g_mag`; 0 where G is unknown.

    Its mean over all sources is that of a change of prior, so that the prevalence of the whole sample stays as stated.
    """
    g = np.minimum(np.asarray(g_mag, dtype=np.float64), G_LIMIT_MAG)
    kept = ndtr((G_LIMIT_MAG - MASSIVE_G) / MASSIVE_G_SPREAD)
    of_massive = -0.5 * ((g - MASSIVE_G) / MASSIVE_G_SPREAD) ** 2 - np.log(MASSIVE_G_SPREAD * np.sqrt(2 * np.pi) * kept)
    of_all = (g - G_LIMIT_MAG) / COUNT_SCALE_MAG - np.log(COUNT_SCALE_MAG)
    return np.nan_to_num(of_massive - of_all, nan=0.0)


def sky_log_odds(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Sum of `luminosity_log_odds` and `brightness_log_odds`: what to add to the log-odds of the spectrum."""
    return luminosity_log_odds(columns) + brightness_log_odds(np.atleast_1d(columns["phot_g_mean_mag"]))


def sky_probability(probability: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
    """The spectrum's probability with brightness and parallax in it, ndarray of shape (n_stars,).

    Parameters
    ----------
    probability : ndarray of shape (n_stars,)
        Calibrated at equal priors; NaN stays NaN.
    log_odds : ndarray of shape (n_stars,)
        From `sky_log_odds`.

    Returns
    -------
    Probability at equal priors still: `core.statistics.prevalence.reweight` turns it into the posterior of a sample in
    which a stated fraction is massive.
    """
    return expit(logit(np.asarray(probability, dtype=np.float64)) + log_odds)


def _magnitude_laws() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Absolute magnitudes and the shares of massive and of other stars at each."""
    magnitude = np.arange(MASSIVE_BRIGHT_END, 12.01, _STEP)
    bright = np.exp((magnitude - MASSIVE_KNEE) / MASSIVE_SCALE)
    faint = np.exp(-0.5 * ((magnitude - MASSIVE_KNEE) / MASSIVE_EDGE) ** 2)
    massive = np.where(magnitude < MASSIVE_KNEE, bright, faint)
    other = np.exp(-0.5 * ((magnitude - OTHER_MEAN) / OTHER_SPREAD) ** 2)
    return magnitude, massive / massive.sum(), other / other.sum()
