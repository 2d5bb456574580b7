"""Damaged XP spectra: a dip or step where BP ends, as one bright real star in a hundred has it.

Real ones (about 100 of 15,459 labelled stars) lose 10 to 60 % of the flux within 10-20 nm of 625-642 nm, most of them
with an edge where RP takes over at 645 nm; some have a step. No error column shows it.
"""

import numpy as np

from core.spectra.grid import WAVELENGTH_NM

DAMAGED_SHARE = 0.015
_STEP_SHARE = 0.25


def draw_damage(n: int, rng: np.random.Generator) -> np.ndarray:
    """Factors on the sampled flux of n damaged stars, (n, 343)."""
    centre, width = rng.uniform(605.0, 642.0, (n, 1)), rng.uniform(5.0, 15.0, (n, 1))
    depth = np.clip(np.exp(rng.normal(np.log(0.2), 0.6, (n, 1))), 0.04, 0.7)
    dip = -depth * np.exp(-0.5 * ((WAVELENGTH_NM - centre) / width) ** 2)
    cut = rng.random((n, 1)) < 0.6  # the dip ends where RP takes over
    dip = np.where(cut & (WAVELENGTH_NM > 645.0), 0.0, dip)
    edge, height = rng.uniform(600.0, 645.0, (n, 1)), rng.uniform(0.03, 0.2, (n, 1)) * rng.choice([-1.0, 1.0], (n, 1))
    step = height / (1.0 + np.exp((WAVELENGTH_NM - edge) / 2.0))
    return 1.0 + np.where(rng.random((n, 1)) < _STEP_SHARE, step, dip)
