"""The technique 'lines': helium, silicon and magnesium against each other and the Balmer lines, as published."""

import numpy as np

from core.techniques.evidence import Evidence
from core.techniques.vote import Scores, scores

O9_5_LOG_RATIO = 0.65
"""log W(He I 4471) - log W(He II 4542) that ends O9.5 (Conti & Alschuler 1971, ApJ 170, 325; Martins 2018, A&A 616,
A135)."""
O_TYPES: tuple[tuple[float, float], ...] = ((-0.70, 4.0), (-0.50, 5.0), (-0.20, 6.0), (0.0, 7.0), (0.10, 7.5),
    (0.20, 8.0), (0.30, 8.5), (0.45, 9.0), (0.65, 9.5))  # fmt: skip
"""Up to which log W' a type reaches: Conti & Alschuler 1971 (O7: -0.10 to 0.0; He I 4471 = He II 4542 at O7)."""
HE_II = ("he_ii_4542", "he_ii_4686")
LEAST_HE_II = 0.15
"""Angstrom: He II 4542 or 4686 as strong as this means O or B0 to B0.7 (Walborn & Fitzpatrick 1990, PASP 102, 379)."""
LEAST_HE_I = 0.60
"""Angstrom of He I 4471 in B0 to B3; it peaks near B2 (Didelon 1982, A&AS 50, 199)."""
MG_HE_RATIO = 0.30
"""Mg II 4481 over He I 4471: about 0.2 at B2, 0.3 at B3, 1 at B8 (Gray & Corbally 2009, ch. 4)."""
MOST_H_GAMMA = 6.0
"""Angstrom: H gamma of B3 V; it grows from 3 at B0 V to 13 at A0 V and is weaker in giants (Balona & Crampton 1974,
MNRAS 166, 203)."""
MOST_CA_K = 2.0
"""Angstrom: Ca II K of a star later than A3; between the stars it reaches 1 (Gray & Corbally 2009, ch. 4)."""
LEAST_SNR_ANGSTROM = 0.25
"""The largest error of He I 4471 with which its absence means something."""


def o_subtype(he_i_4471: float, he_ii_4542: float) -> float | None:
    """O subtype from the two equivalent widths (angstrom); None beyond O9.5, NaN widths or no He II.

    >>> o_subtype(0.8, 0.8), o_subtype(0.9, 0.3), o_subtype(1.0, 0.05)
    (7.0, 9.5, None)
    """
    if not (he_i_4471 > 0 and he_ii_4542 > 0):
        return None
    ratio = round(float(np.log10(he_i_4471 / he_ii_4542)), 6)
    return next((kind for limit, kind in O_TYPES if ratio <= limit), None)


def line_score(
    he_i: np.ndarray, he_ii: np.ndarray, si_iii: np.ndarray, mg_ii: np.ndarray, h: np.ndarray, ca_k: np.ndarray
) -> np.ndarray:
    """How far the equivalent widths (angstrom, (n_stars,)) lie inside the criteria; at and above 0: O to B2.

    `he_ii` is the stronger of 4542 and 4686; a width that is not known is NaN.

    He II present, or He I 4471 strong against Mg II 4481 and H gamma; Si III 4552 adds (it peaks near B1).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ionised = he_ii - LEAST_HE_II
        neutral = he_i - LEAST_HE_I
        ratio = MG_HE_RATIO - np.maximum(mg_ii, 0.0) / np.maximum(he_i, 0.05)
        balmer = (MOST_H_GAMMA - h) / 5.0
    early = np.fmin(np.fmin(neutral, np.clip(ratio, -2.0, 1.0)), balmer)
    early = np.where(np.isfinite(si_iii), early + 0.5 * np.clip(si_iii, 0.0, 0.5), early)
    emission = h < -1.0  # a Balmer line in emission says nothing of absorption
    hot = np.where(
        np.isfinite(ionised), np.minimum(ionised, np.where(np.isfinite(balmer), balmer + 0.6, ionised)), -9.0
    )
    found = np.where(emission, np.where(ionised > 0, ionised, neutral), np.fmax(hot, early))
    with np.errstate(invalid="ignore"):
        cool = ca_k > MOST_CA_K
    return np.where(cool, np.minimum(found, MOST_CA_K - ca_k), found)


def by_lines(evidence: Evidence) -> Scores:
    """Criteria on equivalent widths; needs He I 4471 (measured well enough) and H gamma."""
    he_i, si_iii, mg_ii, h, ca_k = (
        evidence.numbers(f"ew_{key}") for key in ("he_i_4471", "si_iii_4552", "mg_ii_4481", "h_gamma", "ca_ii_k")
    )
    # What stands above its own noise: else the stronger of two noisy values would be a detection.
    he_ii = np.fmax(
        *(evidence.numbers(f"ew_{key}") - np.nan_to_num(evidence.numbers(f"ew_{key}_error")) for key in HE_II)
    )
    error = evidence.numbers("ew_he_i_4471_error")
    with np.errstate(invalid="ignore"):
        noisy = error > LEAST_SNR_ANGSTROM
    return scores(
        np.clip(line_score(he_i, he_ii, si_iii, mg_ii, h, ca_k), -3.0, 3.0),
        (np.isnan(he_i), "no spectrum that shows He I 4471"),
        (np.isnan(h), "no spectrum that shows H gamma"),
        (noisy, f"the error of He I 4471 is above {LEAST_SNR_ANGSTROM:g} angstrom"),
    )
