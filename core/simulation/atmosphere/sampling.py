"""Wavelength sets: one for the energy balance, one for the emergent spectrum, and the average to the grid's step."""

from functools import lru_cache

import numpy as np

from core.simulation.atmosphere.constants import vacuum_from_air
from core.simulation.atmosphere.helium_lines import LINES as HELIUM
from core.simulation.atmosphere.hydrogen_lines import line_wavelength_nm
from core.simulation.atmosphere.metal_lines import LINES as METALS
from core.simulation.atmosphere.opacity import Sampling

GRID_WAVELENGTH_NM = np.arange(320.0, 1100.1, 2.0)
"""Centres of the 2 nm bins of the emergent spectra, ndarray of shape (391,)."""
ENERGY_SEGMENTS = ((10, 91.1, 70), (91.25, 364.5, 170), (364.8, 820.3, 130), (820.7, 2500, 70), (2520, 20000, 40))
FINE_STEP_NM = 0.5


@lru_cache(maxsize=1)
def energy_sampling() -> Sampling:
    """480 wavelengths from 10 nm to 20 micron on which the radiation carries its energy."""
    parts = [np.geomspace(first, last, n) for first, last, n in ENERGY_SEGMENTS]
    return Sampling.at(np.concatenate(parts))


@lru_cache(maxsize=1)
def spectrum_sampling() -> Sampling:
    """About 2,100 vacuum wavelengths, 318-1102 nm: every 0.5 nm, and the cores of the strong lines resolved."""
    centres = [line_wavelength_nm(2, upper) for upper in range(3, 12)]
    centres += [line_wavelength_nm(3, upper) for upper in range(6, 14)]
    centres += [line_wavelength_nm(lower, upper, 2) for lower, upper in ((3, 4), (4, 6), (4, 7), (4, 9), (3, 5))]
    centres += [float(vacuum_from_air(line[0])) for line in HELIUM]
    centres += [float(vacuum_from_air(line[1])) for line in METALS]
    offsets = np.array([0.02, 0.05, 0.1, 0.2, 0.33])
    cores = np.add.outer(np.array(centres), np.concatenate([-offsets, [0], offsets])).ravel()
    base = np.arange(318.0, 1102.01, FINE_STEP_NM)
    wavelength = np.unique(np.round(np.concatenate([base, cores]), 3))
    return Sampling.at(wavelength[(wavelength >= 318) & (wavelength <= 1102)], even_step_nm=FINE_STEP_NM)


@lru_cache(maxsize=1)
def bin_average() -> np.ndarray:
    """Matrix (n_fine, 391) that averages a piecewise linear spectrum over each 2 nm bin."""
    fine = spectrum_sampling().wavelength_nm
    matrix = np.zeros((len(fine), len(GRID_WAVELENGTH_NM)))
    for column, centre in enumerate(GRID_WAVELENGTH_NM):
        first, last = centre - 1.0, centre + 1.0
        inside = fine[(fine > first) & (fine < last)]
        points = np.concatenate([[first], inside, [last]])
        weight = np.zeros(len(points))
        weight[:-1] += 0.5 * np.diff(points)
        weight[1:] += 0.5 * np.diff(points)
        upper = np.clip(np.searchsorted(fine, points), 1, len(fine) - 1)
        share = (points - fine[upper - 1]) / (fine[upper] - fine[upper - 1])
        np.add.at(matrix[:, column], upper - 1, weight * (1 - share) / 2)
        np.add.at(matrix[:, column], upper, weight * share / 2)
    return matrix
