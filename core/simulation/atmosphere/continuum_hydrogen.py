"""Continuous opacity of hydrogen in all its forms: H, H-, H2+, and scattering by H, He, H2 and electrons."""

import numpy as np

from core.simulation.atmosphere.constants import K_EV, SIGMA_T, K, frequency
from core.simulation.atmosphere.gas import Gas
from core.simulation.atmosphere.hydrogenic import bound_free, free_free
from core.simulation.atmosphere.occupation import LYMAN_LIMIT_HZ, effective_level, occupation

HIGHEST_LEVEL = 14
RYDBERG_EV = 13.59844


def level_density(gas: Gas, level: int) -> np.ndarray:
    """Density (cm^-3) of hydrogen in a level, with its occupation probability."""
    boltzmann = np.exp(-RYDBERG_EV * (1 - 1 / level**2) / (K_EV * gas.temperature))
    exists = occupation(level, gas.electrons, gas.temperature, gas.density["H I"])
    return gas.density["H I"] * level**2 * boltzmann * exists


def hydrogen_sections(wavelength_nm: np.ndarray) -> np.ndarray:
    """Bound-free cross-sections of levels 1-14, continued below their thresholds, cm^2, (14, n_wave)."""
    nu = frequency(wavelength_nm)
    return np.stack([bound_free(level, nu) for level in range(1, HIGHEST_LEVEL + 1)])


def hydrogen_absorption(gas: Gas, wavelength_nm: np.ndarray, sections: np.ndarray) -> np.ndarray:
    """Bound-free (with the dissolved pseudo-continuum) and free-free absorption of H, cm^-1, (n_depth, n_wave).

    Longward of each threshold the fraction 1 - w(n*)/w(n) of the transitions ends in dissolved states (Daeppen,
    Anderson & Mihalas 1987, ApJ 319, 195), which joins the lines to the continuum without a step.
    """
    nu = frequency(wavelength_nm)
    result = free_free(nu, gas.temperature) * (gas.electrons * gas.density["H II"])[:, None]
    reached_from = [effective_level(level, nu) for level in range(1, HIGHEST_LEVEL + 1)]
    populations = np.stack([level_density(gas, level) for level in range(1, HIGHEST_LEVEL + 1)], axis=1)
    result += populations @ np.where(np.isinf(reached_from), sections, 0.0)
    for level, reached in enumerate(reached_from, start=1):
        near = np.flatnonzero(np.isfinite(reached) & (reached > level + 0.8))
        if near.size:
            depth = (gas.electrons[:, None], gas.temperature[:, None], gas.density["H I"][:, None])
            ratio = occupation(reached[near], *depth) / occupation(level, *depth)
            onset = np.clip((reached[near] - level - 0.8) / 0.4, 0, 1)
            dissolved = onset * np.clip(1 - ratio, 0, 1) * sections[level - 1, near]
            result[:, near] += populations[:, level - 1 : level] * dissolved
    return result


_JOHN_BOUND = (152.519, 49.534, -118.858, 92.536, -34.194, 4.982)
_JOHN_LONG = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [2483.3460, 285.8270, -2054.2910, 2827.7760, -1341.5370, 208.9520],
        [-3449.8890, -1158.3820, 8746.5230, -11485.6320, 5303.6090, -812.9390],
        [2200.0400, 2427.7190, -13651.1050, 16755.5240, -7510.4940, 1132.7380],
        [-696.2710, -1841.4000, 8624.9700, -10051.5300, 4400.0670, -655.0200],
        [88.2830, 444.5170, -1863.8640, 2095.2880, -901.7880, 132.9850],
    ]
)
_JOHN_SHORT = np.array(
    [
        [518.1021, -734.8666, 1021.1775, -479.0721, 93.1373, -6.4285],
        [473.2636, 1443.4137, -1977.3395, 922.3575, -178.9275, 12.3600],
        [-482.2089, -737.1616, 1096.8827, -521.1341, 101.7963, -7.0571],
        [115.5291, 169.6374, -245.6490, 114.2430, -21.9972, 1.5097],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
)


def h_minus_bound_free(wavelength_nm: np.ndarray) -> np.ndarray:
    """Photo-detachment cross-section of H- in cm^2: John 1988, A&A 193, 189, eq. 4-5."""
    micron = np.maximum(np.asarray(wavelength_nm) * 1e-3, 0.125)
    x = np.maximum(1 / micron - 1 / 1.6419, 0.0)
    series = sum(c * x ** (n / 2) for n, c in enumerate(_JOHN_BOUND))
    return 1e-18 * micron**3 * x**1.5 * series


def h_minus_free_free(wavelength_nm: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Free-free coefficient of H- in cm^4 dyn^-1 per H atom and electron pressure: John 1988 eq. 6; (n_depth, n_wave).

    The formula holds for 1400-10,080 K and above 182 nm; wavelengths are clipped there, temperatures at 1400 K and at
    12,000 K, a slight extrapolation. It includes stimulation.
    """
    micron = np.clip(np.asarray(wavelength_nm) * 1e-3, 0.1823, None)
    powers = np.array([micron**2, np.ones_like(micron), 1 / micron, micron**-2, micron**-3, micron**-4])
    theta = 5040 / np.clip(temperature, 1400, 12000)[:, None]
    terms = theta ** (np.arange(2, 8) / 2)
    long = terms @ (_JOHN_LONG @ powers)
    short = terms @ (_JOHN_SHORT @ powers)
    return 1e-29 * np.maximum(np.where(micron > 0.3645, long, short), 0)


def h_minus_absorption(gas: Gas, wavelength_nm: np.ndarray, stimulated: np.ndarray) -> np.ndarray:
    """Absorption of H-, cm^-1, divided by the factor `stimulated` where the source includes it already."""
    bound = gas.density["H-"][:, None] * h_minus_bound_free(wavelength_nm)
    pressure = gas.density["H I"] * gas.electrons * K * gas.temperature
    return bound + pressure[:, None] * h_minus_free_free(wavelength_nm, gas.temperature) / stimulated


def h2_plus_absorption(gas: Gas, wavelength_nm: np.ndarray) -> np.ndarray:
    """Absorption of H2+, cm^-1: fit of Kurucz 1970, SAO Special Report 309, to Bates' cross-sections."""
    nu = frequency(wavelength_nm)
    log_nu, nu15 = np.log(nu), nu / 1e15
    fr = np.polyval([-3.1672e-3, 3.9207e-1, -1.82496e1, 3.7797e2, -3.0233e3], log_nu)
    es = np.polyval([-1.351e-2, 1.224e-1, -4.230e-1, 1.028, -2.409, -7.342e-3], nu15)
    cross = np.where(nu < LYMAN_LIMIT_HZ, np.exp(np.clip(fr, -200, 0)), 0.0)
    boltzmann = np.exp(np.clip(-es / (K_EV * gas.temperature)[:, None], -300, 40))
    return (gas.density["H I"] * gas.density["H II"])[:, None] * cross * boltzmann


def scattering(gas: Gas, wavelength_nm: np.ndarray) -> np.ndarray:
    """Thomson and Rayleigh scattering (H, He, H2), cm^-1, (n_depth, n_wave).

    Rayleigh: Dalgarno 1962 (H, He) and Dalgarno & Williams 1962 (H2), as fits in inverse powers of the wavelength.
    """
    angstrom = np.maximum(np.asarray(wavelength_nm) * 10, 1250.0)
    hydrogen = 5.799e-13 * angstrom**-4 + 1.422e-6 * angstrom**-6 + 2.784 * angstrom**-8
    helium = 5.484e-14 * angstrom**-4 * (1 + (2.44e5 + 5.94e10 / (angstrom**2 - 2.90e5)) / angstrom**2) ** 2
    molecule = 8.14e-13 * angstrom**-4 + 1.28e-6 * angstrom**-6 + 1.61 * angstrom**-8
    thomson = (gas.electrons * SIGMA_T)[:, None]
    densities = np.stack([gas.density["H I"], gas.density["He I"], gas.density["H2"]], axis=1)
    return thomson + densities @ np.stack([hydrogen, helium, molecule])
