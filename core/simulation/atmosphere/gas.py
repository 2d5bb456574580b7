"""Equation of state: ionisation by Saha, H- and H2, charge conservation, then the trace molecules."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.atoms import ATOMS, H_IONISATION_EV, H_MINUS_BINDING_EV, ROMAN, partition
from core.simulation.atmosphere.composition import Composition
from core.simulation.atmosphere.constants import K_EV, SAHA, K
from core.simulation.atmosphere.molecules import association_constant, molecular_densities

COOL_K = 7500.0
"""Molecules other than H2 are followed where the coolest depth lies below this temperature."""


@dataclass(frozen=True)
class Gas:
    """State of the gas at n_depth points (cgs); `density` holds cm^-3 per species ('H I', 'H-', 'Fe II', 'TiO' ...)."""

    temperature: np.ndarray
    pressure: np.ndarray
    electrons: np.ndarray
    hydrogen_nuclei: np.ndarray
    mass_density: np.ndarray
    density: dict[str, np.ndarray]
    partition: dict[str, np.ndarray]


def _saha_ladder(ionisation_ev: tuple, terms: tuple, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log products n_{j}/n_0 n_e^j (n_stage, n_depth) and partition functions of the stages."""
    functions = np.array([np.broadcast_to(partition(t, temperature), temperature.shape) for t in terms])
    ladder = [np.zeros_like(temperature)]
    for stage, energy in enumerate(ionisation_ev):
        ratio = 2 * functions[stage + 1] / functions[stage] * SAHA * temperature**1.5
        ladder.append(ladder[-1] + np.log(ratio) - energy / (K_EV * temperature))
    return np.array(ladder), functions


def solve_gas(
    temperature: np.ndarray, pressure: np.ndarray, composition: Composition, with_molecules: bool = True
) -> Gas:
    """Solve the equation of state at gas `pressure` (dyn cm^-2) and `temperature` (K), both of shape (n_depth,).

    The electron density is found by bisection of charge conservation; at each trial the quadratic of hydrogen with H2
    gives neutral hydrogen from the particle count.
    """
    temperature, pressure = np.atleast_1d(temperature).astype(float), np.atleast_1d(pressure).astype(float)
    total = pressure / (K * temperature)
    names = list(ATOMS)
    n_stage = max(len(atom.terms) for atom in ATOMS.values())
    ladders = np.full((len(names), n_stage, len(temperature)), -np.inf)
    functions = {}
    for row, name in enumerate(names):
        ladder, stage_functions = _saha_ladder(ATOMS[name].ionisation_ev, ATOMS[name].terms, temperature)
        ladders[row, : len(ladder)] = ladder
        for stage, values in enumerate(stage_functions):
            functions[f"{name} {ROMAN[stage]}"] = values
    hydrogen = _HydrogenEquilibrium(temperature, composition)
    ratios = np.array([composition.ratio[name] for name in names])

    def surplus(trial: np.ndarray) -> np.ndarray:
        """ln(electrons) less ln(charge) at a trial ln(electrons): rises with it."""
        electrons = np.exp(trial)
        neutral, nuclei = hydrogen.neutral(total, electrons)
        fraction = _stage_fractions(ladders, trial)
        metal_charge = np.einsum("e,s,esd->d", ratios, np.arange(n_stage), fraction)
        charge = neutral * (hydrogen.proton / electrons - hydrogen.minus * electrons) + nuclei * metal_charge
        return trial - np.log(np.maximum(charge, 1e-290))

    electrons = np.exp(_bracketed_root(surplus, np.log(total) - 45.0, np.log(total)))
    neutral, nuclei = hydrogen.neutral(total, electrons)
    fraction = _stage_fractions(ladders, np.log(electrons))

    density = {
        "H I": neutral,
        "H II": neutral * hydrogen.proton / electrons,
        "H-": neutral * hydrogen.minus * electrons,
        "H2": neutral**2 * hydrogen.molecule,
    }
    for row, name in enumerate(names):
        for stage in range(len(ATOMS[name].terms)):
            density[f"{name} {ROMAN[stage]}"] = nuclei * ratios[row] * fraction[row, stage]
    if with_molecules and temperature.min() < COOL_K:
        _add_molecules(temperature, density)
    functions["H I"] = np.full_like(temperature, 2.0)
    return Gas(temperature, pressure, electrons, nuclei, nuclei * composition.mass_per_hydrogen, density, functions)


def _bracketed_root(function: Callable, low: np.ndarray, high: np.ndarray, steps: int = 60) -> np.ndarray:
    """Root of a rising function by bisection, then false position with halved end values (Illinois), to 1e-10."""
    for _ in range(5):
        middle = 0.5 * (low + high)
        above = function(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    f_low, f_high = function(low), function(high)
    side = np.zeros(len(low))
    for _ in range(steps):
        x = np.clip((low * f_high - high * f_low) / (f_high - f_low), low, high)
        f = function(x)
        above = f > 0
        f_low = np.where(above & (side > 0), 0.5 * f_low, f_low)
        f_high = np.where(~above & (side < 0), 0.5 * f_high, f_high)
        low, f_low = np.where(above, low, x), np.where(above, f_low, f)
        high, f_high = np.where(above, x, high), np.where(above, f, f_high)
        side = np.where(above, 1.0, -1.0)
        if np.abs(f).max() < 1e-10:
            break
    return x


def _stage_fractions(ladders: np.ndarray, log_electrons: np.ndarray) -> np.ndarray:
    exponent = ladders - np.arange(ladders.shape[1])[None, :, None] * log_electrons
    weights = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


class _HydrogenEquilibrium:
    """Constants of H, H+, H- and H2 at given temperatures."""

    def __init__(self, temperature: np.ndarray, composition: Composition) -> None:
        thermal = SAHA * temperature**1.5
        self.proton = thermal * np.exp(-H_IONISATION_EV / (K_EV * temperature))
        self.minus = np.exp(np.minimum(H_MINUS_BINDING_EV / (K_EV * temperature), 300)) / (4 * thermal)
        self.molecule = association_constant("H2", temperature)
        self.others = composition.nuclei_per_hydrogen - 1

    def neutral(self, total: np.ndarray, electrons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Densities of neutral hydrogen and of hydrogen nuclei that make `total` particles with `electrons`."""
        linear = 1 + self.proton / electrons + self.minus * electrons
        a = self.molecule * (1 + 2 * self.others)
        b = linear * (1 + self.others)
        c = np.maximum(total - electrons, 1e-30 * total)
        neutral = 2 * c / (b + np.sqrt(b**2 + 4 * a * c))
        return neutral, neutral * linear + 2 * neutral**2 * self.molecule


def _add_molecules(temperature: np.ndarray, density: dict[str, np.ndarray]) -> None:
    totals = {name: density[f"{name} I"] for name in ("C", "N", "O", "Si", "Ti", "V", "Mg", "Ca")}
    cool = temperature < COOL_K
    found = molecular_densities(
        np.maximum(temperature[cool], 800.0),
        density["H I"][cool],
        {name: value[cool] for name, value in totals.items()},
    )
    for name, value in found.items():
        density[name] = np.zeros_like(temperature)
        density[name][cool] = value
