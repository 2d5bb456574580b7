"""Lines of H and He II with Stark wings, each weakened by the occupation probability of its upper level."""

from functools import lru_cache

import numpy as np

from core.simulation.atmosphere.constants import AMU, K_EV, LINE_CONSTANT, RYDBERG_H, C, K
from core.simulation.atmosphere.gas import Gas
from core.simulation.atmosphere.occupation import occupation

STARK_CONSTANTS = {
    1: (3.56e-4, 5.23e-4, 1.09e-3, 1.49e-3, 2.25e-3),
    2: (0.0125, 0.0177, 0.028, 0.0348, 0.0493),
    3: (0.124, 0.171, 0.223, 0.261, 0.342),
    4: (0.683, 0.866, 1.02, 1.19, 1.46),
}
"""Mean Stark displacement in Angstrom per unit cgs field: Edmonds, Schlueter & Wells 1967, MmRAS 71, 271."""

RYDBERG = {1: RYDBERG_H, 2: 4 * 109722.27}
HIGHEST_UPPER = {1: {1: 20, 2: 32, 3: 30, 4: 24, 5: 16}, 2: {1: 8, 2: 12, 3: 16, 4: 24, 5: 16, 6: 16}}
"""Last upper level of each series, per charge and lower level."""
CORE_NM = 0.6
"""Beyond this distance the Doppler core is nil."""
MICROTURBULENCE = 2e5
"""cm/s; matters little at the resolution of XP."""


def _polynomial(a: int, b: int, x: float) -> float:
    """The terminating hypergeometric series F(-a, -b; 1; x)."""
    total, term = 1.0, 1.0
    for k in range(min(a, b)):
        term *= (k - a) * (k - b) * x / (k + 1) ** 2
        total += term
    return total


@lru_cache(maxsize=1024)
def oscillator_strength(lower: int, upper: int) -> float:
    """Absorption oscillator strength averaged over the sublevels: Menzel & Pekeris 1935, MNRAS 96, 77, eq. 1.35."""
    difference, product = upper - lower, upper * lower
    x = -4 * product / difference**2
    delta = _polynomial(upper - 1, lower, x) ** 2 - _polynomial(lower - 1, upper, x) ** 2
    power = (difference / (upper + lower)) ** (2 * (lower + upper))
    gaunt = np.pi * np.sqrt(3) * abs(power * product * delta / difference)
    kramers = 32 / (3 * np.pi * np.sqrt(3)) / (lower**5 * upper**3) * (1 / lower**2 - 1 / upper**2) ** -3
    return float(kramers * gaunt)


def stark_constant(lower: int, upper: int, charge: int = 1) -> float:
    """Mean Stark displacement of a line in Angstrom per cgs field, scaled from hydrogen by charge^-5."""
    table = STARK_CONSTANTS.get(lower, ())
    order = upper - lower - 1
    value = table[order] if order < len(table) else 5.5e-5 * (lower * upper) ** 4 / (upper**2 - lower**2)
    return value / charge**5


def line_wavelength_nm(lower: int, upper: int, charge: int = 1) -> float:
    """Vacuum wavelength in nm."""
    return 1e7 / (RYDBERG[charge] * (1 / lower**2 - 1 / upper**2))


def stark_profile(delta_nm: np.ndarray, wavelength_nm: float, constant: float, gas: Gas, mass: float) -> np.ndarray:
    """Line profile phi(nu) in s at distances `delta_nm` from the centre, (n_depth, n_wave), normalised to 1.

    Quasi-static wing 1.5 beta^-5/2 of the ions (Edmonds et al. 1967) and as much again of the electrons, which Hubeny,
    Hummer & Lanz 1994, A&A 282, 151, take over the whole profile; a flat core that normalises it; a Doppler core.
    """
    field = 1.25e-9 * gas.electrons ** (2 / 3)
    unit = (constant * field)[:, None]
    beta = np.abs(delta_nm)[None, :] * 10 / unit
    doppler = wavelength_nm * 10 / C * np.sqrt(2 * K * gas.temperature / mass + MICROTURBULENCE**2)[:, None]
    beta_doppler = doppler / unit
    core = np.sqrt(3.98**2 + (2.2 * beta_doppler) ** 2)
    wing = 3.0 / (core**2.5 + beta * beta * np.sqrt(beta))
    near = slice(*np.searchsorted(delta_nm, [-CORE_NM, CORE_NM]))
    inside = 1 - np.minimum(7.93 * core**-1.5, 1.0)
    gauss = np.exp(-np.minimum((beta[:, near] / beta_doppler) ** 2, 80)) / (np.sqrt(np.pi) * beta_doppler)
    wing[:, near] += inside * gauss
    per_frequency = (wavelength_nm * 10) ** 2 / (C * 1e8) / unit
    return wing * per_frequency


def series_absorption(gas: Gas, wavelength_nm: np.ndarray, lower: int, charge: int) -> np.ndarray:
    """Absorption of all lines from `lower`, cm^-1, without stimulated emission, (n_depth, n_wave)."""
    result = np.zeros((len(gas.temperature), len(wavelength_nm)))
    density = gas.density["H I" if charge == 1 else "He II"]
    neutral = gas.density["H I"] if charge == 1 else np.zeros_like(density)
    ionisation = 13.59844 if charge == 1 else 54.4178
    mass = (1.00784 if charge == 1 else 4.0026) * AMU
    boltzmann = np.exp(-ionisation * (1 - 1 / lower**2) / (K_EV * gas.temperature))
    for upper in range(lower + 1, HIGHEST_UPPER[charge][lower] + 1):
        centre = line_wavelength_nm(lower, upper, charge)
        reach = (0.35 if lower == 1 else 0.16 if upper < lower + 5 else 0.08) * centre
        first, end = np.searchsorted(wavelength_nm, [centre - reach, centre + reach])
        if first == end:
            continue
        exists = occupation(upper, gas.electrons, gas.temperature, neutral, charge)
        if exists.max() < 1e-4:
            continue
        constant = stark_constant(lower, upper, charge)
        delta = wavelength_nm[first:end] - centre
        profile = stark_profile(delta, centre, constant, gas, mass)
        strength = LINE_CONSTANT * oscillator_strength(lower, upper) * lower**2 * boltzmann * density * exists
        result[:, first:end] += strength[:, None] * profile * (1 - (delta / reach) ** 8)
    return result


def hydrogenic_lines(gas: Gas, wavelength_nm: np.ndarray) -> np.ndarray:
    """Absorption of the H and He II series that fall on `wavelength_nm` (sorted), cm^-1, (n_depth, n_wave)."""
    result = np.zeros((len(gas.temperature), len(wavelength_nm)))
    for lower in HIGHEST_UPPER[1]:
        result += series_absorption(gas, wavelength_nm, lower, 1)
    if gas.density["He II"].max() > 1e-6 * gas.hydrogen_nuclei.max() and gas.temperature.max() > 20000:
        for lower in HIGHEST_UPPER[2]:
            result += series_absorption(gas, wavelength_nm, lower, 2)
    return result
