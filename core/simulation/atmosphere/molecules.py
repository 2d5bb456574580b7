"""Diatomic molecules and water: dissociation equilibria from statistical mechanics.

Constants (dissociation energy D0 in eV, vibration omega_e and rotation B_e in cm^-1, electronic weight): Huber &
Herzberg 1979, Constants of Diatomic Molecules; water: Herzberg 1945 and an atomisation energy of 9.511 eV. Rigid rotor
and harmonic oscillator: good to about 10 % in the equilibrium constant below 4,500 K, where molecules matter.
"""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.atoms import ATOMS, partition
from core.simulation.atmosphere.constants import AMU, K_EV, H, K

HC_K = 1.438777
"""h c / k, cm K."""


@dataclass(frozen=True)
class Diatomic:
    """Constants of one diatomic molecule; `symmetry` is 2 for equal atoms."""

    atoms: tuple[str, str]
    dissociation_ev: float
    omega: float
    rotation: float
    weight: float
    symmetry: int = 1


DIATOMICS: dict[str, Diatomic] = {
    "H2": Diatomic(("H", "H"), 4.478, 4401.2, 60.85, 1, 2),
    "CO": Diatomic(("C", "O"), 11.108, 2169.8, 1.931, 1),
    "CH": Diatomic(("C", "H"), 3.465, 2858.5, 14.457, 4),
    "CN": Diatomic(("C", "N"), 7.76, 2068.6, 1.900, 2),
    "N2": Diatomic(("N", "N"), 9.759, 2358.6, 1.998, 1, 2),
    "OH": Diatomic(("O", "H"), 4.392, 3737.8, 18.91, 4),
    "SiO": Diatomic(("Si", "O"), 8.26, 1241.6, 0.7268, 1),
    "TiO": Diatomic(("Ti", "O"), 6.87, 1009.0, 0.5354, 6),
    "VO": Diatomic(("V", "O"), 6.41, 1011.3, 0.5482, 4),
    "MgH": Diatomic(("Mg", "H"), 1.34, 1495.2, 5.826, 2),
    "CaH": Diatomic(("Ca", "H"), 1.70, 1298.3, 4.277, 2),
}


def _mass(atom: str) -> float:
    return (1.00784 if atom == "H" else ATOMS[atom].mass_amu) * AMU


def _atomic_partition(atom: str, temperature: np.ndarray) -> np.ndarray:
    return np.full_like(temperature, 2.0) if atom == "H" else partition(ATOMS[atom].terms[0], temperature)


def association_constant(name: str, temperature: np.ndarray) -> np.ndarray:
    """n(AB) / (n(A) n(B)) in cm^3 for a molecule of `DIATOMICS`."""
    molecule = DIATOMICS[name]
    first, second = molecule.atoms
    reduced = _mass(first) * _mass(second) / (_mass(first) + _mass(second))
    vibration = 1 / -np.expm1(-HC_K * molecule.omega / temperature)
    rotation = temperature / (HC_K * molecule.rotation * molecule.symmetry)
    internal = molecule.weight * vibration * rotation
    atoms = _atomic_partition(first, temperature) * _atomic_partition(second, temperature)
    volume = (H**2 / (2 * np.pi * reduced * K * temperature)) ** 1.5
    return volume * internal / atoms * np.exp(np.minimum(molecule.dissociation_ev / (K_EV * temperature), 300))


def water_constant(temperature: np.ndarray) -> np.ndarray:
    """n(H2O) / (n(H)^2 n(O)) in cm^6."""
    rotation = np.sqrt(np.pi * (temperature / HC_K) ** 3 / (27.88 * 14.51 * 9.285)) / 2
    vibration = np.ones_like(temperature)
    for omega in (3657.0, 1595.0, 3756.0):
        vibration = vibration / -np.expm1(-HC_K * omega / temperature)
    atoms = 4 * _atomic_partition("O", temperature)
    masses = (_mass("H") ** 2 * _mass("O") / (2 * _mass("H") + _mass("O"))) ** 1.5
    volume = (H**2 / (2 * np.pi * K * temperature)) ** 3 / masses
    return volume * rotation * vibration / atoms * np.exp(np.minimum(9.511 / (K_EV * temperature), 300))


def molecular_densities(
    temperature: np.ndarray, n_h: np.ndarray, totals: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Densities (cm^-3) of CO, CH, TiO, VO, MgH, CaH and water, from neutral hydrogen and atoms available to molecules.

    Parameters
    ----------
    temperature, n_h : ndarray of shape (n_depth,)
        K, and cm^-3 of atomic hydrogen.
    totals : dict of ndarray of shape (n_depth,)
        Density per element not ionised: free atoms plus those in molecules, for C N O Si Ti V Mg Ca.

    Oxygen is found by bisection of its balance (the most abundant molecule former); carbon and the rest follow from it.
    """
    k = {name: association_constant(name, temperature) for name in DIATOMICS}
    k_water = water_constant(temperature)
    low = np.log(totals["O"]) - 40.0
    high = np.log(totals["O"])
    for _ in range(45):
        middle = 0.5 * (low + high)
        n_o = np.exp(middle)
        free = _free_atoms(n_o, n_h, k, totals)
        bound = k["OH"] * n_h + k_water * n_h**2 + sum(k[m] * free[a] for m, a in _OXIDES)
        too_much = n_o * (1 + bound) > totals["O"]
        low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
    free = _free_atoms(n_o, n_h, k, totals)
    result = {name: k[name] * n_o * free[atom] for name, atom in _OXIDES}
    result["CH"] = k["CH"] * free["C"] * n_h
    result["OH"] = k["OH"] * n_o * n_h
    result["H2O"] = k_water * n_h**2 * n_o
    result["MgH"] = totals["Mg"] * k["MgH"] * n_h / (1 + k["MgH"] * n_h)
    result["CaH"] = totals["Ca"] * k["CaH"] * n_h / (1 + k["CaH"] * n_h)
    result["CN"] = k["CN"] * free["C"] * free["N"]
    return result


_OXIDES = (("CO", "C"), ("SiO", "Si"), ("TiO", "Ti"), ("VO", "V"))


def _free_atoms(n_o: np.ndarray, n_h: np.ndarray, k: dict, totals: dict) -> dict[str, np.ndarray]:
    nitrogen = totals["N"] * 2 / (1 + np.sqrt(1 + 8 * k["N2"] * totals["N"]))
    return {
        "C": totals["C"] / (1 + k["CO"] * n_o + k["CH"] * n_h + k["CN"] * nitrogen),
        "Si": totals["Si"] / (1 + k["SiO"] * n_o),
        "Ti": totals["Ti"] / (1 + k["TiO"] * n_o),
        "V": totals["V"] / (1 + k["VO"] * n_o),
        "N": nitrogen,
    }
