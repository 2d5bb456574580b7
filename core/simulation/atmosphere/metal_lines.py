"""Strong metal lines treated one by one: Ca II, Ca I, Na I, Mg I, Al I, K I, Mg II, Si II, with Voigt profiles."""

import numpy as np

from core.simulation.atmosphere.atoms import ATOMS
from core.simulation.atmosphere.constants import AMU, K_EV, LINE_CONSTANT, C, K, vacuum_from_air
from core.simulation.atmosphere.gas import Gas
from core.simulation.atmosphere.helium_lines import voigt

LINES = (
    # species, air wavelength nm, weight and energy (eV) of the lower level, oscillator strength, damping 1e8/s
    ("Ca II", 393.366, 2, 0.0, 0.682, 1.5),
    ("Ca II", 396.847, 2, 0.0, 0.330, 1.5),
    ("Ca II", 849.802, 4, 1.692, 0.0120, 1.5),
    ("Ca II", 854.209, 6, 1.700, 0.0720, 1.5),
    ("Ca II", 866.214, 4, 1.692, 0.0597, 1.5),
    ("Ca I", 422.673, 1, 0.0, 1.75, 2.2),
    ("Na I", 588.995, 2, 0.0, 0.641, 0.62),
    ("Na I", 589.592, 2, 0.0, 0.320, 0.62),
    ("Na I", 818.33, 2, 2.102, 0.83, 1.1),
    ("Na I", 819.48, 4, 2.104, 0.83, 1.1),
    ("Mg I", 516.732, 1, 2.709, 0.135, 1.0),
    ("Mg I", 517.268, 3, 2.712, 0.135, 1.0),
    ("Mg I", 518.360, 5, 2.717, 0.136, 1.0),
    ("Mg I", 382.94, 1, 2.709, 0.60, 1.6),
    ("Mg I", 383.23, 3, 2.712, 0.60, 1.6),
    ("Mg I", 383.83, 5, 2.717, 0.60, 1.6),
    ("Mg I", 285.213, 1, 0.0, 1.80, 4.9),
    ("Mg II", 279.553, 2, 0.0, 0.608, 2.6),
    ("Mg II", 280.270, 2, 0.0, 0.303, 2.6),
    ("Mg II", 448.12, 10, 8.864, 0.97, 2.5),
    ("Al I", 394.401, 2, 0.0, 0.115, 1.0),
    ("Al I", 396.152, 4, 0.014, 0.116, 1.0),
    ("K I", 766.490, 2, 0.0, 0.682, 0.39),
    ("K I", 769.896, 2, 0.0, 0.340, 0.39),
    ("Si II", 634.71, 2, 8.121, 0.71, 2.0),
    ("Si II", 637.14, 2, 8.121, 0.41, 2.0),
    ("Si II", 412.9, 10, 9.84, 0.60, 2.0),
)
"""NIST Atomic Spectra Database; multiplets that XP cannot separate are given as one line."""
VAN_DER_WAALS = 1.0e-8
"""Broadening by neutral hydrogen, s^-1 cm^3 per atom at 5000 K: typical of Barklem et al. 2000, A&AS 142, 467."""
STARK = 2.0e-6
"""Broadening by electrons, s^-1 cm^3 per electron: typical of the resonance lines of ions."""


def metal_lines(gas: Gas, wavelength_nm: np.ndarray) -> np.ndarray:
    """Absorption of the strong metal lines on sorted `wavelength_nm`, cm^-1, without stimulated emission."""
    result = np.zeros((len(gas.temperature), len(wavelength_nm)))
    damping_gas = VAN_DER_WAALS * gas.density["H I"] * (gas.temperature / 5000) ** 0.3 + STARK * gas.electrons
    for species, air, weight, energy, strength, radiative in LINES:
        centre = float(vacuum_from_air(air))
        reach = 30.0 if energy < 1 else 10.0
        first, end = np.searchsorted(wavelength_nm, [centre - reach, centre + reach])
        lower = gas.density[species] / gas.partition[species] * weight * np.exp(-energy / (K_EV * gas.temperature))
        if first == end or (lower / gas.hydrogen_nuclei).max() < 1e-14:
            continue
        delta = wavelength_nm[first:end] - centre
        speed = np.sqrt(2 * K * gas.temperature / (ATOMS[species.split()[0]].mass_amu * AMU) + 4e10)
        per_frequency = centre**2 * 1e-7 / C
        lorentz = (radiative * 1e8 + damping_gas) / (4 * np.pi) * per_frequency
        profile = voigt(delta, centre * speed / C, lorentz) * (1 - (delta / reach) ** 2) ** 2
        result[:, first:end] += (LINE_CONSTANT * strength * lower * per_frequency)[:, None] * profile
    return result
