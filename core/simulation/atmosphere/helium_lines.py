"""Lines of He I: Voigt profiles with electron-impact Stark widths."""

import numpy as np
from scipy.special import wofz

from core.simulation.atmosphere.constants import AMU, K_EV, LINE_CONSTANT, C, K, vacuum_from_air
from core.simulation.atmosphere.gas import Gas

TRIPLET_S, SINGLET_S, TRIPLET_P, SINGLET_P = (3, 19.820), (1, 20.616), (9, 20.964), (3, 21.218)
LINES = (
    # air wavelength nm, lower level (weight, eV), oscillator strength, Stark half width in nm at n_e = 1e16
    (318.77, TRIPLET_S, 0.0258, 0.055),
    (388.86, TRIPLET_S, 0.0645, 0.0107),
    (1083.03, TRIPLET_S, 0.5391, 0.015),
    (396.47, SINGLET_S, 0.0507, 0.12),
    (501.57, SINGLET_S, 0.1514, 0.037),
    (344.76, SINGLET_S, 0.0113, 0.45),
    (361.36, SINGLET_S, 0.0221, 0.25),
    (363.42, TRIPLET_P, 0.0055, 1.9),
    (370.50, TRIPLET_P, 0.0132, 1.3),
    (381.96, TRIPLET_P, 0.0231, 0.85),
    (402.62, TRIPLET_P, 0.0469, 0.43),
    (412.08, TRIPLET_P, 0.00365, 0.10),
    (447.15, TRIPLET_P, 0.123, 0.16),
    (471.31, TRIPLET_P, 0.0118, 0.047),
    (587.56, TRIPLET_P, 0.609, 0.017),
    (706.52, TRIPLET_P, 0.0693, 0.025),
    (400.93, SINGLET_P, 0.0118, 1.5),
    (414.38, SINGLET_P, 0.0209, 0.90),
    (438.79, SINGLET_P, 0.0430, 0.48),
    (443.76, SINGLET_P, 0.00308, 0.12),
    (492.19, SINGLET_P, 0.122, 0.20),
    (504.77, SINGLET_P, 0.00834, 0.065),
    (667.82, SINGLET_P, 0.711, 0.042),
    (728.13, SINGLET_P, 0.0480, 0.045),
)
"""Oscillator strengths: NIST Atomic Spectra Database; widths: Griem 1974, Spectral Line Broadening by Plasmas, rounded,
including the forbidden components of the diffuse lines."""


def voigt(delta_nm: np.ndarray, doppler_nm: np.ndarray, lorentz_nm: np.ndarray) -> np.ndarray:
    """Voigt profile per nm, normalised to 1; `delta_nm` (n_wave,), widths (n_depth,) -> (n_depth, n_wave)."""
    z = (delta_nm[None, :] + 1j * lorentz_nm[:, None]) / doppler_nm[:, None]
    return wofz(z).real / (np.sqrt(np.pi) * doppler_nm[:, None])


def helium_lines(gas: Gas, wavelength_nm: np.ndarray) -> np.ndarray:
    """Absorption of He I lines on sorted `wavelength_nm`, cm^-1, without stimulated emission, (n_depth, n_wave)."""
    result = np.zeros((len(gas.temperature), len(wavelength_nm)))
    if gas.temperature.max() < 9000 or gas.density["He I"].max() < 1e-6 * gas.hydrogen_nuclei.max():
        return result
    speed = np.sqrt(2 * K * gas.temperature / (4.0026 * AMU) + 5e5**2)
    stark = gas.electrons / 1e16 * (gas.temperature / 2e4) ** 0.1
    dense = float(np.clip(np.quantile(stark, 0.75), 1.0, 6.0))  # near tau 1; above 1 in white dwarfs alone
    for air, (weight, energy), strength, width in LINES:
        centre = float(vacuum_from_air(air))
        reach = min(2.0 + 20 * width * dense, max(2.0 + 20 * width, 30.0))
        first, end = np.searchsorted(wavelength_nm, [centre - reach, centre + reach])
        if first == end:
            continue
        delta = wavelength_nm[first:end] - centre
        profile = voigt(delta, centre * speed / C, width * stark) * (1 - (delta / reach) ** 2) ** 2
        lower = gas.density["He I"] * weight * np.exp(-energy / (K_EV * gas.temperature))
        per_frequency = centre**2 * 1e-7 / C
        result[:, first:end] += (LINE_CONSTANT * strength * lower * per_frequency)[:, None] * profile
    return result
