"""Statistical line opacity of metals and molecules: populations by class, fitted strengths, line-to-line spread."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from core.simulation.atmosphere.constants import K_EV
from core.simulation.atmosphere.gas import Gas

STRENGTH_FILE = Path(__file__).with_name("line_strengths.csv")
IRON_PEAK = ("Ti", "V", "Cr", "Mn", "Fe", "Ni")


@dataclass(frozen=True)
class LineClass:
    """Lines that share a stage of ionisation and a typical excitation energy of their lower levels.

    `weights` gives each species' line richness relative to iron; `spread` is the standard deviation of ln(strength).
    """

    name: str
    weights: dict[str, float]
    energy_ev: float
    spread: float


CLASSES = (
    LineClass("neutral_low", {f"{e} I": 1.0 for e in IRON_PEAK}, 0.8, 2.0),
    LineClass("neutral_high", {f"{e} I": 1.0 for e in IRON_PEAK} | {"Ca I": 0.5, "Si I": 0.1}, 3.2, 2.0),
    LineClass("ion_low", {f"{e} II": 1.0 for e in IRON_PEAK}, 1.2, 2.0),
    LineClass("ion_high", {f"{e} II": 1.0 for e in IRON_PEAK} | {"Si II": 0.03}, 4.0, 2.0),
    LineClass("double", {f"{e} III": 1.0 for e in IRON_PEAK}, 4.0, 2.0),
    LineClass("triple", {f"{e} IV": 1.0 for e in IRON_PEAK}, 15.0, 2.0),
    LineClass("light_ion", {"C II": 1.0, "N II": 1.0, "O II": 1.0, "Si III": 1.0}, 18.0, 2.0),
    LineClass("TiO", {"TiO": 1.0}, 0.0, 1.2),
    LineClass("VO", {"VO": 1.0}, 0.0, 1.2),
    LineClass("CaH", {"CaH": 1.0}, 0.0, 1.2),
    LineClass("MgH", {"MgH": 1.0}, 0.0, 1.2),
    LineClass("CH", {"CH": 1.0}, 0.0, 1.2),
    LineClass("CN", {"CN": 1.0}, 0.0, 1.2),
    LineClass("H2O", {"H2O": 1.0}, 0.0, 1.2),
)
"""Atoms: stages and energies follow the multiplets that crowd the optical (Moore 1945): Fe I 0-3 eV, Fe II 2.5-4 eV in
the blue. Molecules: one class each; `bands` gives the band heads from which the fit of their strengths begins."""


def class_density(gas: Gas, line_class: LineClass) -> np.ndarray:
    """Density of absorbers of a class, cm^-3: sum of n / U times the Boltzmann factor."""
    total = np.zeros_like(gas.temperature)
    for species, weight in line_class.weights.items():
        if species in gas.density:
            total += weight * gas.density[species] / gas.partition.get(species, 1.0)
    return total * np.exp(-line_class.energy_ev / (K_EV * gas.temperature))


def class_densities(gas: Gas) -> np.ndarray:
    """Densities of all classes, cm^-3, (n_depth, n_class)."""
    return np.stack([class_density(gas, line_class) for line_class in CLASSES], axis=1)


@lru_cache(maxsize=1)
def strength_table() -> tuple[np.ndarray, np.ndarray]:
    """Wavelength nodes (nm) and log10 strengths (cm^2, (n_node, n_class)) of the fitted table."""
    table = np.loadtxt(STRENGTH_FILE, delimiter=",", skiprows=1)
    return table[:, 0], table[:, 1:]


def spread_factors(wavelength_nm: np.ndarray, spread: float, stream: int, even_step_nm: float | None) -> np.ndarray:
    """Log-normal factors of unit mean, one per wavelength: neighbours sample the distribution evenly (golden ratio).

    The counter is the index, or the wavelength in units of `even_step_nm` for sets with extra points in line cores.
    """
    counter = np.arange(len(wavelength_nm)) if even_step_nm is None else wavelength_nm / even_step_nm
    position = (counter * 0.6180339887498949 + 0.2360679775 * stream + 0.5) % 1.0
    return np.exp(spread * ndtri(np.clip(position, 1e-4, 1 - 1e-4)) - spread**2 / 2)


def line_strengths(
    wavelength_nm: np.ndarray, even_step_nm: float | None = None, table: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """Cross-sections in cm^2 per absorber, (n_class, n_wave), log-linear between the nodes and flat beyond them."""
    nodes, values = strength_table() if table is None else table
    rows = []
    for index, line_class in enumerate(CLASSES):
        smooth = 10 ** np.interp(wavelength_nm, nodes, values[:, index])
        rows.append(smooth * spread_factors(wavelength_nm, line_class.spread, index, even_step_nm))
    return np.array(rows)


def blanketing(gas: Gas, strengths: np.ndarray) -> np.ndarray:
    """Statistical line absorption, cm^-1, (n_depth, n_wave), from `line_strengths`."""
    return class_densities(gas) @ strengths
