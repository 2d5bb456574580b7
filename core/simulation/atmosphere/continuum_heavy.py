"""Continuous opacity of helium and of the metals."""

from collections.abc import Iterator

import numpy as np

from core.simulation.atmosphere.atoms import ATOMS, ROMAN
from core.simulation.atmosphere.constants import HZ_PER_EV, K_EV, frequency
from core.simulation.atmosphere.gas import Gas
from core.simulation.atmosphere.hydrogenic import bound_free, free_free
from core.simulation.atmosphere.occupation import LYMAN_LIMIT_HZ, occupation

HELIUM_LEVELS = (
    # weight, excitation eV, binding eV, exponent constants a, b, c: ln(cross-section) = a + b ln(nu) + c ln(nu)^2
    (1, 0.0, 24.587, 33.32, -2.0, 0.0),
    (3, 19.819, 4.768, -390.026, 21.035, -0.318),
    (1, 20.615, 3.972, 26.83, -1.91, 0.0),
    (9, 20.964, 3.623, 61.21, -2.9, 0.0),
    (3, 21.217, 3.370, 81.35, -3.5, 0.0),
    (3, 22.718, 1.869, 12.69, -1.54, 0.0),
    (1, 22.920, 1.667, 23.85, -1.86, 0.0),
    (9, 23.006, 1.581, 49.30, -2.60, 0.0),
    (20, 23.073, 1.514, 85.20, -3.69, 0.0),
    (3, 23.086, 1.501, 58.81, -2.89, 0.0),
)
"""He I to n = 3, cross-sections after Gingerich 1964 and Kurucz 1970 (SAO Special Report 309); the rest hydrogenic."""

THRESHOLDS = {
    # species, term index: cross-section at threshold in Mb, power of (threshold / frequency)
    ("Mg I", 0): (1.1, 2.7),
    ("Mg I", 1): (20.0, 2.7),
    ("Mg I", 2): (16.0, 2.1),
    ("Al I", 0): (65.0, 4.4),
    ("Al I", 1): (65.0, 4.4),
    ("Si I", 0): (37.0, 3.0),
    ("Si I", 1): (37.0, 3.0),
    ("Si I", 2): (37.0, 3.0),
    ("Si I", 3): (35.0, 3.0),
    ("Si I", 4): (46.0, 3.0),
    ("C I", 0): (12.2, 2.0),
    ("C I", 1): (10.3, 2.0),
    ("C I", 2): (9.6, 2.0),
    ("Ca I", 0): (0.5, 1.0),
    ("Na I", 0): (0.1, 2.0),
    ("K I", 0): (0.02, 2.0),
}
"""Measured or computed thresholds collected in Mathisen 1984 (Oslo report 60), for the strong edges;
all other terms get the Kramers value of a hydrogenic level of the same binding energy."""


def helium_sections(wavelength_nm: np.ndarray) -> np.ndarray:
    """Bound-free cross-sections of the levels in `helium_populations`, cm^2, (n_level, n_wave)."""
    nu = frequency(wavelength_nm)
    log_nu = np.log(nu)
    sections = []
    for _, _, binding, a, b, c in HELIUM_LEVELS:
        sections.append(np.where(nu >= binding * HZ_PER_EV, np.exp(a + b * log_nu + c * log_nu**2), 0.0))
    for level in range(4, 13):
        sections.append(np.where(nu >= LYMAN_LIMIT_HZ / level**2, bound_free(level, nu), 0.0))
    for level in range(1, 15):
        sections.append(np.where(nu >= LYMAN_LIMIT_HZ * 4 / level**2, bound_free(level, nu, 2), 0.0))
    return np.stack(sections)


def helium_populations(gas: Gas) -> np.ndarray:
    """Densities of 10 low and 9 hydrogenic levels of He I and 14 of He II, cm^-3, (n_depth, n_level)."""
    beta = 1 / (K_EV * gas.temperature)
    populations = [
        gas.density["He I"] * weight * np.exp(-excitation * beta) for weight, excitation, *_ in HELIUM_LEVELS
    ]
    for level in range(4, 13):
        exists = occupation(level, gas.electrons, gas.temperature, gas.density["H I"])
        populations.append(gas.density["He I"] * 4 * level**2 * np.exp(-(24.587 - 13.6 / level**2) * beta) * exists)
    for level in range(1, 15):
        exists = occupation(level, gas.electrons, gas.temperature, 0.0, 2)
        populations.append(gas.density["He II"] * level**2 * np.exp(-54.4178 * (1 - 1 / level**2) * beta) * exists)
    return np.stack(populations, axis=1)


def helium_absorption(gas: Gas, wavelength_nm: np.ndarray, sections: np.ndarray) -> np.ndarray:
    """He I and He II bound-free and free-free and He- free-free absorption, cm^-1, (n_depth, n_wave)."""
    nu = frequency(wavelength_nm)
    result = helium_minus(gas, nu)
    if gas.temperature.max() > 9000:
        result += helium_populations(gas) @ sections
        result += free_free(nu, gas.temperature) * (gas.electrons * gas.density["He II"])[:, None]
        result += free_free(nu, gas.temperature, 2) * (gas.electrons * gas.density["He III"])[:, None]
    return result


def helium_minus(gas: Gas, nu: np.ndarray) -> np.ndarray:
    """He- free-free absorption, cm^-1: fit of Kurucz 1970 to McDowell, Williamson & Myerscough 1966."""
    a = 3.397e-46 + (-5.216e-31 + 7.039e-15 / nu) / nu
    b = -4.116e-42 + (1.067e-26 + 8.135e-11 / nu) / nu
    c = 5.081e-37 + (-8.724e-23 - 5.659e-8 / nu) / nu
    temperature = np.clip(gas.temperature, 1400, 20000)[:, None]
    coefficient = np.maximum(a * temperature + b + c / temperature, 0)
    return coefficient * (gas.electrons * gas.density["He I"])[:, None]


def _metal_terms() -> Iterator[tuple[str, int, int, float, float, float]]:
    """Species, stage, term index, weight, energy and binding energy of every term that absorbs below 1.2 micron."""
    for name, atom in ATOMS.items():
        if name == "He":
            continue
        for stage, ionisation in enumerate(atom.ionisation_ev):
            for index, (weight, energy) in enumerate(atom.terms[stage]):
                if ionisation - energy > 1.0:
                    yield f"{name} {ROMAN[stage]}", stage, index, weight, energy, ionisation - energy


def metal_sections(wavelength_nm: np.ndarray) -> np.ndarray:
    """Bound-free cross-sections of the terms in `metal_populations`, cm^2, (n_term, n_wave)."""
    nu = frequency(wavelength_nm)
    sections = []
    for species, stage, index, _, _, binding in _metal_terms():
        threshold = binding * HZ_PER_EV
        quantum = (stage + 1) * np.sqrt(13.598 / binding)
        peak, power = THRESHOLDS.get((species, index), (7.91 * quantum / (stage + 1) ** 2, 3.0))
        sections.append(np.where(nu >= threshold, peak * 1e-18 * (threshold / nu) ** power, 0.0))
    return np.stack(sections)


def metal_populations(gas: Gas) -> np.ndarray:
    """Densities of every term of the metals' first stages, cm^-3, (n_depth, n_term)."""
    beta = 1 / (K_EV * gas.temperature)
    return np.stack(
        [
            gas.density[species] / gas.partition[species] * weight * np.exp(-energy * beta)
            for species, _, _, weight, energy, _ in _metal_terms()
        ],
        axis=1,
    )
