"""Bound-free and free-free cross-sections of hydrogenic ions with their Gaunt factors."""

import numpy as np

from core.simulation.atmosphere.constants import H, K
from core.simulation.atmosphere.occupation import LYMAN_LIMIT_HZ


def bound_free(level: int, frequency_hz: np.ndarray, charge: int = 1) -> np.ndarray:
    """Photo-ionisation cross-section in cm^2, continued below the threshold as nu^-3 (Gaunt factor: Seaton 1959)."""
    threshold = LYMAN_LIMIT_HZ * charge**2 / level**2
    u = np.maximum(frequency_hz / threshold - 1, 0.0)
    gaunt = 1 + 0.1728 * (u - 1) / (level * (u + 1)) ** (2 / 3)
    gaunt -= 0.0496 * (u**2 + 4 * u / 3 + 1) / (level * (u + 1)) ** (4 / 3)
    return 2.815e29 * charge**4 / (level**5 * frequency_hz**3) * np.maximum(gaunt, 0.1)


def free_free(frequency_hz: np.ndarray, temperature: np.ndarray, charge: int = 1) -> np.ndarray:
    """Free-free coefficient in cm^5 per ion and electron, without stimulated emission; shape (n_depth, n_wave).

    Gaunt factor: Menzel & Pekeris 1935 in the form of Gray 2005, The Observation and Analysis of Stellar Photospheres.
    """
    temperature = temperature[:, None]
    energy = K * temperature / (H * frequency_hz)
    gaunt = 1 + 0.3456 * (frequency_hz / (LYMAN_LIMIT_HZ * charge**2)) ** (1 / 3) * (energy + 0.5)
    return 3.692e8 * charge**2 * gaunt / (frequency_hz**3 * np.sqrt(temperature))
