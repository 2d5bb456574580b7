"""The impostor rule's one home: a spectrum like an O or B star's on a star too faint to be one is a hot subdwarf's.

A star above 8 solar masses has log(L/Lsun) of at least 3.4 and about 22,000 K on the zero-age main sequence (Ekstroem
et al. 2012, A&A 537, A146), which with a bolometric correction of -2.1 mag makes M_G about -1.7; it only brightens
from there. Hot subdwarfs have the same colours and M_G between +2 and +6 (Geier 2020, A&A 635, A193), white dwarfs +8
and fainter. The rule asks how probable it is, given the parallax, that the star is fainter than M_G = 0 even after the
largest correction for extinction that its colour allows.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtr

from core.archive.absolute_magnitude import ZERO_POINT_COLUMNS, nearer_than, parallax_zero_point

FAINTEST_MASSIVE_M_G = 0.0
"""mag; 1.7 mag fainter than the faintest star of 8 solar masses, for calibration errors and stars near the limit."""
BLUEST_BP_RP = -0.5
"""Intrinsic BP-RP of the hottest stars, mag: a colour above it may be all reddening."""
LARGEST_A_G_PER_REDDENING = 2.8
"""A_G / E(BP-RP) of a star of 25,000 K behind A_V 2-10 is 1.94-1.83 for R_V = 3.1 and 2.80-2.68 for R_V = 5.5 with the
curve of Gordon et al. 2023 and Gaia's passbands."""
CERTAINTY = 0.95
"""Least posterior probability with which a star is called an impostor."""
LOOKS_MASSIVE = 0.5
_COLUMNS = ("phot_g_mean_mag", "bp_rp", "parallax", "parallax_error")


def largest_a_g(bp_rp: np.ndarray) -> np.ndarray:
    """The largest extinction A_G (mag) that a hot star of this observed colour can suffer, shape as `bp_rp`."""
    return LARGEST_A_G_PER_REDDENING * np.maximum(np.asarray(bp_rp, dtype=np.float64) - BLUEST_BP_RP, 0.0)


def probability_too_faint(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Posterior probability that each star is fainter than any massive star, whatever its extinction.

    Parameters
    ----------
    columns : mapping or DataFrame
        phot_g_mean_mag, bp_rp, parallax, parallax_error, each of shape (n_stars,); further Gaia columns refine the
        parallax zero-point (`core.archive.absolute_magnitude.parallax_zero_point`).

    Returns
    -------
    float64 ndarray of shape (n_stars,): NaN where there is no verdict (a value is missing, or the parallax is not
    above zero). It is the smaller of two: the posterior under the distance prior of Bailer-Jones 2015, which a sharp
    parallax needs, and the probability from the parallax alone. The second keeps the prior, whose stars lie in the
    Galaxy, from making impostors of the Magellanic Clouds' massive stars; neither makes one from a poor parallax.
    """
    g, bp_rp, parallax, error = (_values(columns, name) for name in _COLUMNS)
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


def impostor(probability: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[pd.array, np.ndarray]:
    """The column `impostor` and its reasons, for stars with the ensemble's `probability` of being massive.

    Parameters
    ----------
    probability : ndarray of shape (n_stars,)
        Probability of massive at equal priors; NaN where a star was not classified.
    columns : mapping or DataFrame
        As for `probability_too_faint`.

    Returns
    -------
    flag : pandas boolean array of shape (n_stars,)
        True: looks massive and is too faint. False: does not look massive, or may be bright enough. NA: looks massive
        and there is no verdict.
    reason : object ndarray of shape (n_stars,)
        One sentence for each NA or True; '' for False.

    Examples
    --------
    >>> star = {"phot_g_mean_mag": [14.0], "bp_rp": [-0.3], "parallax": [1.2], "parallax_error": [0.03]}
    >>> bool(impostor([0.9], star)[0][0])
    True
    """
    probability = np.atleast_1d(np.asarray(probability, dtype=np.float64))
    known = {name: _values(columns, name) for name in (*_COLUMNS, *ZERO_POINT_COLUMNS) if name in columns}
    columns = {name: np.full(len(probability), np.nan) for name in _COLUMNS} | known
    with np.errstate(invalid="ignore"):
        looks = probability >= LOOKS_MASSIVE
    too_faint = np.full(len(probability), np.nan)
    if looks.any():  # of a survey's millions, a hundredth looks massive
        too_faint[looks] = probability_too_faint({name: value[looks] for name, value in columns.items()})
    with np.errstate(invalid="ignore"):
        yes = looks & (too_faint >= CERTAINTY)
    unknown = looks & np.isnan(too_faint)
    flag = pd.array(np.where(unknown, False, yes), dtype="boolean")
    flag[unknown] = pd.NA
    reason = np.full(len(probability), "", dtype=object)
    if yes.any():
        reason[yes] = _faint_reasons(columns, too_faint, np.flatnonzero(yes))
    reason[unknown] = _unknown_reasons(columns, np.flatnonzero(unknown))
    return flag, reason


def _faint_reasons(columns: Mapping, too_faint: np.ndarray, rows: np.ndarray) -> list[str]:
    columns = {name: _values(columns, name)[rows] for name in columns}
    g, bp_rp = columns["phot_g_mean_mag"], columns["bp_rp"]
    # Above zero in these rows: one that is not is never sure to belong to a near star.
    true_parallax = columns["parallax"] - parallax_zero_point(columns)
    magnitude = g + 5 * np.log10(true_parallax / 100)
    return [
        f"looks like an O or B star, but M_G is about {m:+.1f} ({m - a:+.1f} with the most extinction its colour "
        f"allows) and a massive star has M_G < {FAINTEST_MASSIVE_M_G:+.1f} (probability {p:.3f} that it is fainter): "
        "a hot subdwarf or another compact hot star"
        for m, a, p in zip(magnitude, largest_a_g(bp_rp), too_faint[rows], strict=True)
    ]


def _unknown_reasons(columns: Mapping, rows: np.ndarray) -> list[str]:
    values = {name: _values(columns, name)[rows] for name in ("parallax", "parallax_error", "phot_g_mean_mag", "bp_rp")}
    missing = {name: ~np.isfinite(value) for name, value in values.items()}
    reasons = []
    for i in range(len(rows)):
        absent = [name for name in values if missing[name][i]]
        why = f"{', '.join(absent)} unknown" if absent else f"the parallax is {values['parallax'][i]:.3f} mas"
        reasons.append(f"no check of the absolute magnitude: {why}")
    return reasons


def _values(columns: Mapping, name: str) -> np.ndarray:
    """A column as floats, unknown values (None, NA) as NaN."""
    column = columns[name]
    if isinstance(column, pd.Series):
        return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.atleast_1d(np.asarray(column, dtype=np.float64))
