"""All opacities together: absorption and scattering per gram at any set of wavelengths."""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.blanketing import blanketing, line_strengths
from core.simulation.atmosphere.constants import H, K, frequency
from core.simulation.atmosphere.continuum_heavy import (
    helium_absorption,
    helium_sections,
    metal_populations,
    metal_sections,
)
from core.simulation.atmosphere.continuum_hydrogen import (
    h2_plus_absorption,
    h_minus_absorption,
    hydrogen_absorption,
    hydrogen_sections,
    scattering,
)
from core.simulation.atmosphere.gas import Gas
from core.simulation.atmosphere.helium_lines import helium_lines
from core.simulation.atmosphere.hydrogen_lines import hydrogenic_lines
from core.simulation.atmosphere.metal_lines import metal_lines


@dataclass(frozen=True)
class Sampling:
    """A sorted set of wavelengths with what depends on them alone: integration weights and statistical strengths."""

    wavelength_nm: np.ndarray
    weight_nm: np.ndarray
    line_strengths: np.ndarray
    hydrogen_sections: np.ndarray
    helium_sections: np.ndarray
    metal_sections: np.ndarray

    @classmethod
    def at(cls, wavelength_nm: np.ndarray, even_step_nm: float | None = None) -> "Sampling":
        """Sampling with trapezoidal weights; see `spread_factors` for `even_step_nm`."""
        width = np.diff(wavelength_nm)
        weight = np.zeros_like(wavelength_nm)
        weight[:-1] += 0.5 * width
        weight[1:] += 0.5 * width
        return cls(
            wavelength_nm,
            weight,
            line_strengths(wavelength_nm, even_step_nm),
            hydrogen_sections(wavelength_nm),
            helium_sections(wavelength_nm),
            metal_sections(wavelength_nm),
        )


def opacity(gas: Gas, sampling: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """Absorption (with stimulated emission) and scattering in cm^2 g^-1, each (n_depth, n_wave)."""
    wavelength = sampling.wavelength_nm
    energy = H * frequency(wavelength) / K
    stimulated = -np.expm1(-np.minimum(energy / gas.temperature[:, None], 600))
    absorption = hydrogen_absorption(gas, wavelength, sampling.hydrogen_sections)
    absorption += h_minus_absorption(gas, wavelength, stimulated)
    absorption += h2_plus_absorption(gas, wavelength)
    absorption += helium_absorption(gas, wavelength, sampling.helium_sections)
    absorption += metal_populations(gas) @ sampling.metal_sections
    absorption += hydrogenic_lines(gas, wavelength)
    absorption += helium_lines(gas, wavelength)
    absorption += metal_lines(gas, wavelength)
    absorption += blanketing(gas, sampling.line_strengths)
    absorption *= stimulated / gas.mass_density[:, None]
    return absorption, scattering(gas, wavelength) / gas.mass_density[:, None]


def rosseland_mean(extinction: np.ndarray, temperature: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Rosseland mean of the extinction, cm^2 g^-1, (n_depth,)."""
    energy = H * frequency(sampling.wavelength_nm) / K / temperature[:, None]
    energy = np.minimum(energy, 500)
    weight = frequency(sampling.wavelength_nm) ** 4 * np.exp(-energy) / np.expm1(-energy) ** 2
    weight = weight * sampling.weight_nm * frequency(sampling.wavelength_nm) / sampling.wavelength_nm
    return weight.sum(axis=1) / (weight / extinction).sum(axis=1)
