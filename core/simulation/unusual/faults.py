"""Spectra that are no good: damage, a spoilt or missing band, spikes, noise around a smooth curve."""

import numpy as np
import pandas as pd

from core.simulation.damage import draw_damage
from core.simulation.unusual.observed import Observed
from core.spectra.grid import WAVELENGTH_NM

DAMAGED, NOISE = "damaged", "noise"
SEAM_NM = 640.0
LEAST_NOISE = 0.10
_FAULT_SHARES = (0.62, 0.14, 0.12, 0.12)
"""Dips and steps at the seam of the two bands as real ones have them, bands at odds, spikes, a band of noise alone."""


def damage(stars: Observed, rng: np.random.Generator) -> Observed:
    """The same spectra with a fault of one kind each."""
    n = len(stars)
    kind = rng.choice(len(_FAULT_SHARES), n, p=_FAULT_SHARES)
    flux = stars.flux.copy()
    rows = np.flatnonzero(kind == 0)
    flux[rows] *= draw_damage(len(rows), rng)
    rows = np.flatnonzero(kind == 1)  # one band too bright or too faint: a blend, or a wrong background
    share = rng.uniform(0.12, 0.8, (len(rows), 1)) * rng.choice([-1.0, 1.0], (len(rows), 1))
    red = 1.0 / (1.0 + np.exp((SEAM_NM - WAVELENGTH_NM) / rng.uniform(0.5, 4.0, (len(rows), 1))))
    flux[rows] *= 1.0 + share * red
    rows = np.flatnonzero(kind == 2)
    level = np.abs(flux[rows]).mean(axis=1, keepdims=True)
    for _ in range(3):
        centre, width = rng.uniform(340.0, 1015.0, (len(rows), 1)), rng.uniform(1.0, 5.0, (len(rows), 1))
        height = rng.uniform(0.3, 4.0, (len(rows), 1)) * rng.choice([-1.0, 1.0], (len(rows), 1), p=[0.3, 0.7])
        flux[rows] += level * height * np.exp(-0.5 * ((WAVELENGTH_NM - centre) / width) ** 2)
    rows = np.flatnonzero(kind == 3)
    side = np.where(rng.random((len(rows), 1)) < 0.5, WAVELENGTH_NM < SEAM_NM, WAVELENGTH_NM >= SEAM_NM)
    spoilt = np.abs(flux[rows]).mean(axis=1, keepdims=True) * rng.uniform(0.02, 0.3, (len(rows), 1))
    flux[rows] = np.where(side, spoilt * rng.standard_normal((len(rows), len(WAVELENGTH_NM))), flux[rows])
    about = stars.about.assign(fault=kind, damaged_from=stars.about["kind"], kind=DAMAGED)
    return Observed(flux, stars.flux_error, about)


def draw_noise(n: int, rng: np.random.Generator) -> Observed:
    """n smooth or flat curves under noise of 10 to 100 %, the same in all samples, with or without honest errors."""
    slope, bend = rng.normal(0.0, 1.2, (n, 1)), rng.normal(0.0, 1.0, (n, 1))
    x = (WAVELENGTH_NM - 640.0) / 300.0
    curve = np.where(rng.random((n, 1)) < 0.4, 1.0, np.exp(np.clip(slope * x + bend * x**2, -3.0, 3.0)))
    level = 10.0 ** rng.uniform(-18.0, -14.5, (n, 1))
    share = np.exp(rng.uniform(np.log(LEAST_NOISE), 0.0, (n, 1)))
    flux = level * (curve + share * rng.standard_normal((n, len(WAVELENGTH_NM))))
    said = np.where(rng.random((n, 1)) < 0.5, share, 0.01) * level
    about = pd.DataFrame({"kind": np.full(n, NOISE, dtype=object), "noise": share[:, 0]})
    return Observed(flux, np.broadcast_to(said, flux.shape).copy(), about)
