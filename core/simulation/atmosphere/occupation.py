"""Occupation probabilities of hydrogenic levels: Hummer & Mihalas 1988, ApJ 331, 794."""

import numpy as np

from core.simulation.atmosphere.constants import RYDBERG_H, C

LYMAN_LIMIT_HZ = RYDBERG_H * C
"""Ionisation frequency of the ground state of hydrogen, Hz."""
BOHR_CM = 5.29177e-9
NEUTRAL_RADIUS_FACTOR = 0.5
"""Level radii in collisions with neutral hydrogen are halved, as Bergeron et al. 1991, ApJ 367, 253 found necessary."""


def occupation(
    level, electrons: np.ndarray, temperature: np.ndarray, neutral: np.ndarray | float = 0.0, charge: int = 1
):
    """Probability that a level of (real) principal number `level` exists in the plasma; the arguments broadcast.

    Parameters
    ----------
    level : principal quantum number, real numbers allowed (dissolved states between the levels)
    electrons, neutral : cm^-3 of electrons (as many ions are taken) and of neutral hydrogen
    temperature : K
    charge : nuclear charge (1 for H, 2 for He II)
    """
    level = np.asarray(level, dtype=float)
    quantum = np.where(level > 3, 16 / 3 * level / (level + 1) ** 2, 1.0)
    # beta^1.5 as a product of a factor of the level and one of the depth: no powers of two-dimensional arrays.
    of_level = (charge**3 * quantum / level**4) ** 1.5
    power = np.minimum((8.3e14**1.5 / electrons) * of_level, 1e9)
    correlation = 0.09 * electrons ** (1 / 6) / np.sqrt(temperature)
    x = (1 + correlation) ** 3.15
    c1 = 0.1402 * (x + 4 * (charge - 1) * correlation**3)
    f = c1 * power**2 / (1 + 0.1285 * x * power)
    charged = f / (1 + f)
    if np.ndim(neutral) == 0 and neutral == 0:
        return charged
    volume = 4 * np.pi / 3 * (NEUTRAL_RADIUS_FACTOR * BOHR_CM * (level**2 + 1) / charge) ** 3
    return charged * np.exp(-np.minimum(neutral * volume, 100))


def effective_level(lower: int, frequency_hz: np.ndarray, charge: int = 1) -> np.ndarray:
    """Real principal number reached from `lower` by a photon below the threshold; infinity at and above it."""
    inverse = 1 / lower**2 - frequency_hz / (LYMAN_LIMIT_HZ * charge**2)
    return np.where(inverse > 1e-8, 1 / np.sqrt(np.maximum(inverse, 1e-8)), np.inf)
