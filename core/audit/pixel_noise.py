"""Can the spectra be XP spectra at all? Their noise lives in 55 + 55 coefficients, not in 343 samples."""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed

LARGEST_OUTSIDE = 1e-4
"""Allowed share of a spectrum outside the space of the XP bases; single precision leaves about 1e-7."""
_STARS = 2000


def check(evidence: Evidence) -> Finding:
    """Part of each spectrum that no XP coefficients can make, as a share of its norm (median over the stars)."""
    if evidence.data is None:
        return not_checked(evidence.data_note)
    from core.spectra.calibration import design_matrix

    rows = np.random.default_rng(0).permutation(len(evidence.data))[:_STARS]
    flux = evidence.data.flux[rows]
    flux = flux / np.linalg.norm(flux, axis=1, keepdims=True)
    matrix = design_matrix()
    _, values, vectors = np.linalg.svd(matrix / np.abs(matrix).max(), full_matrices=False)
    space = vectors[values > values[0] * 1e-12]
    outside = np.linalg.norm(flux - (flux @ space.T) @ space, axis=1)
    share = float(np.nanmedian(outside))
    numbers = {"median_share_outside": share, "allowed": LARGEST_OUTSIDE, "dimensions": len(space)}
    if share > LARGEST_OUTSIDE:
        text = (
            f"{100 * share:.2g} % of a typical spectrum lies outside the {len(space)} dimensions that XP coefficients "
            "span: independent noise per sample, or no XP spectra. Networks learn a smoothness that Gaia's noise lacks."
        )
        return failed(text, **numbers)
    return passed(f"All spectra lie in the space of the XP coefficients (to {share:.0e} of their norm).", **numbers)
