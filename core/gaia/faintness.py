"""Too faint to be massive: how sure is it, given parallax and colour, that a star is fainter than any massive one?

A star above 8 solar masses has log(L/Lsun) of at least 3.4 and about 22,000 K on the zero-age main sequence (Ekstroem
et al. 2012, A&A 537, A146), which with a bolometric correction of -2.1 mag makes M_G about -1.7; it only brightens
from there. Hot subdwarfs have the same colours and M_G between +2 and +6 (Geier 2020, A&A 635, A193), white dwarfs +8
and fainter. Asked is whether the star is fainter than M_G = 0 even after the largest correction for extinction that its
colour allows.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtr

from core.gaia.absolute_magnitude import nearer_than, parallax_zero_point
from core.gaia.hot_stars import BLUEST_BP_RP, LARGEST_A_G_PER_REDDENING

FAINTEST_MASSIVE_M_G = 0.0
"""mag; 1.7 mag fainter than the faintest star of 8 solar masses, for calibration errors and stars near the limit."""
CERTAINTY = 0.95
"""Least posterior probability with which a star is taken for too faint."""
FAINTNESS_COLUMNS = ("phot_g_mean_mag", "bp_rp", "parallax", "parallax_error")


def largest_a_g(bp_rp: np.ndarray) -> np.ndarray:
    """The largest extinction A_G (mag) that a hot star of this observed colour can suffer, shape as `bp_rp`."""
    return LARGEST_A_G_PER_REDDENING * np.maximum(np.asarray(bp_rp, dtype=np.float64) - BLUEST_BP_RP, 0.0)


def probability_too_faint(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Posterior probability that each star is fainter than any massive star, whatever its extinction.

    Parameters
    ----------
    columns : mapping or DataFrame
        phot_g_mean_mag, bp_rp, parallax, parallax_error, each of shape (n_stars,); further Gaia columns refine the
        parallax zero-point (`core.gaia.absolute_magnitude.parallax_zero_point`).

    Returns
    -------
    float64 ndarray of shape (n_stars,): NaN where there is no verdict (a value is missing, or the parallax is not
    above zero). It is the smaller of two: the posterior under the distance prior of Bailer-Jones 2015, which a sharp
    parallax needs, and the probability from the parallax alone. The second keeps the prior, whose stars lie in the
    Galaxy, from making contaminants of the Magellanic Clouds' massive stars; neither makes one from a poor parallax.
    """
    g, bp_rp, parallax, error = (float_column(columns, name) for name in FAINTNESS_COLUMNS)
    # At this distance a star of the limiting magnitude, dimmed as much as the colour allows, would show magnitude g:
    # nearer than that, the observed star is fainter than the limit.
    with np.errstate(over="ignore"):
        limit_pc = 10 ** ((g - largest_a_g(bp_rp) - FAINTEST_MASSIVE_M_G + 5) / 5)
    true_parallax = parallax - parallax_zero_point(columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = ndtr((true_parallax - 1000.0 / limit_pc) / error)
        result = np.minimum(nearer_than(limit_pc, true_parallax, error), alone)
        result[~(parallax > 0)] = np.nan
    return result


def float_column(columns: Mapping, name: str) -> np.ndarray:
    """A column as floats, unknown values (None, NA) as NaN."""
    column = columns[name]
    if isinstance(column, pd.Series):
        return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.atleast_1d(np.asarray(column, dtype=np.float64))
