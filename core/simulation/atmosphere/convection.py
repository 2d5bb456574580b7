"""Convection by mixing length: which part of the flux radiation still has to carry."""

import numpy as np

from core.simulation.atmosphere.composition import Composition
from core.simulation.atmosphere.constants import EV, SIGMA_SB, K
from core.simulation.atmosphere.gas import Gas, solve_gas

MIXING_LENGTH = 1.25
"""In pressure scale heights, as in ATLAS9 (Castelli, Gratton & Kurucz 1997, A&A 318, 841)."""


def may_convect(teff: float, logg: float, composition: Composition) -> bool:
    """Whether a convection zone can carry flux.

    Of hydrogen below 9000 K, in DA white dwarfs below 15,500 K, of helium in DB white dwarfs below 32,000 K (Bergeron
    et al. 1992, ApJ 387, 288, and 2011, ApJ 737, 28).
    """
    if composition.ratio["He"] > 100:
        return teff < 32_000
    return bool(teff < np.interp(logg, (5, 7), (9000, 15500)))


def _enthalpy(gas: Gas) -> np.ndarray:
    ionised = gas.density["H II"] * 13.598 - gas.density["H2"] * 4.478
    ionised = ionised + gas.density["He II"] * 24.587 + gas.density["He III"] * 79.0
    return (2.5 * gas.pressure + ionised * EV) / gas.mass_density


def adiabatic_gradient(gas: Gas, composition: Composition) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d ln T / d ln P at constant entropy, specific heat c_P (erg g^-1 K^-1) and expansion -d ln rho / d ln T."""
    warmer = solve_gas(gas.temperature * 1.01, gas.pressure, composition, with_molecules=False)
    cooler = solve_gas(gas.temperature / 1.01, gas.pressure, composition, with_molecules=False)
    heat = (_enthalpy(warmer) - _enthalpy(cooler)) / (warmer.temperature - cooler.temperature)
    expansion = -np.log(warmer.mass_density / cooler.mass_density) / np.log(warmer.temperature / cooler.temperature)
    heat = np.maximum(heat, 1.5 * K / 2.3e-24)
    return gas.pressure * expansion / (gas.mass_density * heat * gas.temperature), heat, expansion


def radiative_share(
    gas: Gas, composition: Composition, rosseland: np.ndarray, gravity: float, teff: float
) -> np.ndarray:
    """Part of the flux that radiation carries at each depth, (n_depth,), 1 where the gas is stable.

    The mixing-length cubic of Boehm-Vitense 1958 in the form of Kippenhahn & Weigert 1990, section 7.
    """
    temperature, density = gas.temperature, gas.mass_density
    needed = 3 * rosseland * gas.pressure * teff**4 / (16 * temperature**4 * gravity)
    adiabatic, heat, expansion = adiabatic_gradient(gas, composition)
    scale_height = gas.pressure / (density * gravity)
    length = MIXING_LENGTH * scale_height
    leak = 12 * SIGMA_SB * temperature**3 / (heat * density**2 * rosseland * length**2)
    leak = leak * np.sqrt(8 * scale_height / (gravity * np.maximum(expansion, 0.1)))
    excess = np.maximum(needed - adiabatic, 0.0)
    low, high = leak.copy(), leak + np.sqrt(leak**2 + excess) + 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        above = (middle - leak) ** 3 + 8 * leak / 9 * (middle**2 - leak**2 - excess) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    actual = np.where(excess > 0, (0.5 * (low + high)) ** 2 + adiabatic - leak**2, needed)
    return np.clip(actual / needed, 1e-4, 1.0)
