"""The contaminant rule's one home: a star that looks like O or B and is too faint for one is a hot subdwarf."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.gaia.absolute_magnitude import EPOCH_COLUMN, ZERO_POINT_COLUMNS, parallax_zero_point
from core.gaia.faintness import (
    CERTAINTY,
    FAINTEST_MASSIVE_M_G,
    FAINTNESS_COLUMNS,
    float_column,
    largest_a_g,
    probability_too_faint,
)
from core.gaia.labels import THRESHOLD


def find_contaminants(probability: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[pd.array, np.ndarray]:
    """The column `impostor` and its reasons, for stars with the ensemble's `probability` of being massive.

    Parameters
    ----------
    probability : ndarray of shape (n_stars,)
        Probability of massive at equal priors; NaN where a star was not classified.
    columns : mapping or DataFrame
        As for `core.gaia.faintness.probability_too_faint`.

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
    >>> bool(find_contaminants([0.9], star)[0][0])
    True
    """
    probability = np.atleast_1d(np.asarray(probability, dtype=np.float64))
    names = (*FAINTNESS_COLUMNS, *ZERO_POINT_COLUMNS, EPOCH_COLUMN)
    known = {name: float_column(columns, name) for name in names if name in columns}
    columns = {name: np.full(len(probability), np.nan) for name in FAINTNESS_COLUMNS} | known
    with np.errstate(invalid="ignore"):
        looks = probability >= THRESHOLD
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
    columns = {name: float_column(columns, name)[rows] for name in columns}
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
    names = ("parallax", "parallax_error", "phot_g_mean_mag", "bp_rp")
    values = {name: float_column(columns, name)[rows] for name in names}
    missing = {name: ~np.isfinite(value) for name, value in values.items()}
    reasons = []
    for i in range(len(rows)):
        absent = [name for name in values if missing[name][i]]
        why = f"{', '.join(absent)} unknown" if absent else f"the parallax is {values['parallax'][i]:.3f} mas"
        reasons.append(f"no check of the absolute magnitude: {why}")
    return reasons
