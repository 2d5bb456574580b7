"""The initial mass function: Kroupa 2001, which above half a solar mass is Salpeter's to 2 %."""

import numpy as np

MASS_RANGE_MSUN = (0.1, 100.0)
_BREAK_MSUN = 0.5
_SLOPES = (1.3, 2.3)
"""dN/dm ~ m^-slope below and above 0.5 solar masses: Kroupa 2001, MNRAS 322, 231, eq. 2."""


def number_between(low_msun: np.ndarray | float, high_msun: np.ndarray | float) -> np.ndarray:
    """Fraction of all stars that are born between two masses (0.1 to 100 solar masses hold all of them).

    >>> bool(0.001 < number_between(8, 100) < 0.01)
    True
    """
    whole = _cumulative(MASS_RANGE_MSUN[1]) - _cumulative(MASS_RANGE_MSUN[0])
    return (_cumulative(high_msun) - _cumulative(low_msun)) / whole


def draw_power_law(low: np.ndarray | float, high: np.ndarray | float, slope: float, rng: np.random.Generator, n: int):
    """n draws from dN/dm ~ m^-slope between `low` and `high` (numbers or arrays of n)."""
    u = rng.random(n)
    power = 1.0 - slope
    if abs(power) < 1e-9:
        return low * (np.asarray(high) / low) ** u
    low_power = np.asarray(low, dtype=float) ** power
    return (low_power + u * (np.asarray(high, dtype=float) ** power - low_power)) ** (1.0 / power)


def draw_masses(low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One initial mass per pair of bounds; a pair must not straddle the break at 0.5 solar masses."""
    n = len(low)
    below = np.asarray(high) <= _BREAK_MSUN
    steep = draw_power_law(low, high, _SLOPES[1], rng, n)
    flat = draw_power_law(low, high, _SLOPES[0], rng, n)
    return np.where(below, flat, steep)


def _cumulative(mass_msun: np.ndarray | float) -> np.ndarray:
    mass = np.asarray(mass_msun, dtype=float)
    low, high = 1.0 - _SLOPES[0], 1.0 - _SLOPES[1]
    join = _BREAK_MSUN ** (_SLOPES[1] - _SLOPES[0])  # makes the function continuous at the break
    at_break = _BREAK_MSUN**low / low
    below = np.minimum(mass, _BREAK_MSUN) ** low / low
    above = join * (np.maximum(mass, _BREAK_MSUN) ** high - _BREAK_MSUN**high) / high
    return np.where(mass <= _BREAK_MSUN, below, at_break + above)
