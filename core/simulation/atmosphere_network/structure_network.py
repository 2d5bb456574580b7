"""The structure network: Teff, log g and [M/H] to the run of temperature, pressure, opacity and electrons with depth.

It gives coefficients of principal curves of ln(T / grey T), of the Rosseland mean, of the radiative acceleration, the
convective share and the electrons; column mass and gas pressure are integrated from them, so that the column is in
hydrostatic equilibrium by construction.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import UsageError
from core.simulation.atmosphere.constants import K
from core.simulation.atmosphere.model import DEPTH_GRID, column_mass, gas_pressure, grey_temperature
from core.simulation.atmosphere.modules import DepthProfile
from core.simulation.atmosphere_network.flux_network import check_range
from core.simulation.atmosphere_network.inputs import features
from core.simulation.atmosphere_network.kernel import Kernel
from core.simulation.smooth_grid import smooth_grid

STRUCTURE_PATH = Path(__file__).with_name("structure_network.npz")
KINDS = ("temperature", "rosseland", "push", "share", "electrons")
"""What is learnt with depth: ln(T / grey T), ln Rosseland mean, radiative acceleration over gravity, share of the flux
that radiation carries, ln(electron pressure / gas pressure)."""


@dataclass(frozen=True)
class NetworkStructure:
    """One star's structure at the depths of `model.DEPTH_GRID`, cgs and K, (n_depth,) each."""

    temperature: np.ndarray
    pressure: np.ndarray
    column: np.ndarray
    rosseland: np.ndarray
    electrons: np.ndarray
    share: np.ndarray
    push: np.ndarray


class StructureNetwork:
    """Structure of atmospheres of the normal family, a `modules.StructureSource`."""

    def __init__(self, path: Path = STRUCTURE_PATH) -> None:
        with np.load(path) as stored:
            arrays = dict(stored)
        self.kernel = Kernel.stored(arrays, "kernel")
        # A network of the ablation that knows no law says the pressure itself.
        self._kinds = (*KINDS, "pressure") if "pressure/curves" in arrays else KINDS
        self._curves = {kind: arrays[f"{kind}/curves"].astype(np.float64) for kind in self._kinds}
        self._means = {kind: arrays[f"{kind}/mean"].astype(np.float64) for kind in self._kinds}
        self._grid = smooth_grid()

    def structure(self, teff: float, logg: float, mh: float = 0.0) -> NetworkStructure:
        """The structure of one star; ParameterRangeError outside the models."""
        place = [np.array([float(v)]) for v in (teff, logg, mh)]
        check_range(self._grid, *place)
        x = features(*place)
        coefficients = self.kernel.value(x)[0]
        edges = np.cumsum([len(self._curves[kind]) for kind in self._kinds])[:-1]
        found = {
            kind: part @ self._curves[kind] + self._means[kind]
            for kind, part in zip(self._kinds, np.split(coefficients, edges), strict=True)
        }
        temperature, gravity = grey_temperature(DEPTH_GRID, teff) * np.exp(found["temperature"]), 10.0**logg
        rosseland = np.exp(found["rosseland"])
        column = column_mass(rosseland)
        pressure = gas_pressure(column, gravity, found["push"] * gravity)
        if "pressure" in found:
            pressure = np.exp(found["pressure"])
        electrons = np.exp(found["electrons"]) * pressure / (K * temperature)
        share = np.clip(found["share"], 1e-4, 1.0)
        return NetworkStructure(temperature, pressure, column, rosseland, electrons, share, found["push"])

    def profile(self, teff: float, logg: float, mh: float = 0.0, family: str = "normal") -> DepthProfile:
        """Where the solver may start; UsageError for a family that the network has not learnt."""
        if family != "normal":
            raise UsageError(f"the structure network knows the family normal, not {family}: let the solver start grey")
        found = self.structure(teff, logg, mh)
        return DepthProfile(found.temperature, found.pressure, found.share, found.push)


@lru_cache(maxsize=1)
def structure_network() -> StructureNetwork:
    """The shipped network, read once; UsageError where none is shipped."""
    if not STRUCTURE_PATH.exists():
        raise UsageError("no structure network is shipped: train one with `python -m recipes.atmosphere_network`")
    return StructureNetwork()
