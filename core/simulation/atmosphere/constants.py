"""Physical constants in cgs units (CODATA 2018, from scipy.constants) and small conversions."""

import numpy as np
from scipy import constants as si

H = si.h * 1e7
"""Planck constant, erg s."""
K = si.k * 1e7
"""Boltzmann constant, erg K^-1."""
C = si.c * 1e2
"""Speed of light, cm s^-1."""
M_E = si.m_e * 1e3
"""Electron mass, g."""
AMU = si.atomic_mass * 1e3
"""Atomic mass unit, g."""
EV = si.e * 1e7
"""Electron volt, erg."""
E_ESU = si.e * si.c * 10
"""Elementary charge, esu."""
SIGMA_SB = si.sigma * 1e3
"""Stefan-Boltzmann constant, erg cm^-2 s^-1 K^-4."""
SIGMA_T = 6.6524587e-25
"""Thomson cross-section, cm^2."""
RYDBERG_H = 109677.5834
"""Rydberg constant of hydrogen, cm^-1."""
K_EV = K / EV
"""Boltzmann constant in eV K^-1."""
HZ_PER_EV = EV / H
"""Frequency of a photon of 1 eV, Hz."""
LINE_CONSTANT = np.pi * E_ESU**2 / (M_E * C)
"""Integrated absorption cross-section of a line of unit oscillator strength, cm^2 Hz (0.02654)."""
SAHA = (2 * np.pi * M_E * K / H**2) ** 1.5
"""(2 pi m_e k / h^2)^1.5, cm^-3 K^-1.5."""


def frequency(wavelength_nm: np.ndarray) -> np.ndarray:
    """Frequency in Hz of a vacuum wavelength in nm."""
    return C / (np.asarray(wavelength_nm) * 1e-7)


def planck(wavelength_nm: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Planck function B_lambda, erg cm^-2 s^-1 nm^-1 sr^-1; the arguments broadcast."""
    nu = frequency(wavelength_nm)
    x = np.minimum(H * nu / (K * temperature), 600.0)
    return 2 * H * nu**3 / C**2 / np.expm1(x) * nu / wavelength_nm


def vacuum_from_air(wavelength_nm: np.ndarray | float) -> np.ndarray:
    """Vacuum wavelength of an air wavelength in nm (Morton 2000, ApJS 130, 403), good to 0.001 nm above 200 nm."""
    s2 = (1e3 / np.asarray(wavelength_nm, dtype=float)) ** 2
    index = 1 + 8.34254e-5 + 2.406147e-2 / (130 - s2) + 1.5998e-4 / (38.9 - s2)
    return wavelength_nm * index
