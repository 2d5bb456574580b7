"""Colours of hot stars without dust, and how much dust dims for each magnitude that it reddens.

One fact asked in three ways, which is why there are three numbers of each: the bound that no star passes, the typical
value with its scatter, and a fixed reference whose offset a fit absorbs.
"""

import numpy as np

BLUEST_BP_RP = -0.5
"""Bound: intrinsic BP-RP of the hottest stars, mag; a colour above it may be all reddening."""
BP_RP_25_000_K = -0.4
"""Typical: intrinsic BP-RP of stars of 25,000 K, mag; a redder colour is taken as dust."""
REFERENCE_BP_RP = -0.25
"""Reference of the photometric-astrometric classifier, mag: redder than O and early B stars (-0.34 to -0.50 in our
models); the fitted network absorbs the offset, and another value would need it fitted again."""

LARGEST_A_G_PER_REDDENING = 2.8
"""Bound: A_G / E(BP-RP) of a star of 25,000 K behind A_V 2-10 is 1.94-1.83 for R_V = 3.1 and 2.80-2.68 for R_V = 5.5
with the curve of Gordon et al. 2023 (ApJ 950, 86) and Gaia's passbands."""
A_G_PER_REDDENING_SHARES: tuple[tuple[float, float], ...] = ((1.7, 0.25), (1.9, 0.40), (2.1, 0.25), (2.4, 0.10))
"""Typical: A_G / E(BP-RP) and how often: R_V of about 2.6 to 4.4 in the curve of Gordon et al. 2023, which is 3.1 along
most paths."""
A_G_PER_REDDENING = 2.0
"""Reference: A_G / E(BP-RP) of a hot star, R_V = 3.1, moderately reddened (curve of Gordon et al. 2023)."""


def typical_a_g(bp_rp: np.ndarray) -> np.ndarray:
    """A_G (mag) of a star of 25,000 K with this observed BP-RP, by the typical ratio; nothing for a bluer colour."""
    ratio = sum(ratio * share for ratio, share in A_G_PER_REDDENING_SHARES)
    return ratio * np.maximum(np.asarray(bp_rp, dtype=np.float64) - BP_RP_25_000_K, 0.0)
