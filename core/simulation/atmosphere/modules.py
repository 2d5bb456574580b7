"""The exchangeable modules of a model atmosphere: what each takes and gives, and the solver's own set of them.

An equation of state, an opacity or a transfer scheme of one's own is a function of the same signature in a copy of
`SOLVER`; a structure or a flux of one's own (a grid, a network, a table from elsewhere) has the methods below.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.simulation.atmosphere.composition import Composition
from core.simulation.atmosphere.gas import Gas, solve_gas
from core.simulation.atmosphere.opacity import Sampling, opacity
from core.simulation.atmosphere.transfer import Radiation, solve_transfer


class EquationOfState(Protocol):
    """Gas of temperature (K) and gas pressure (dyn cm^-2), both (n_depth,), and a composition to particle densities."""

    def __call__(self, temperature: np.ndarray, pressure: np.ndarray, composition: Composition, /) -> Gas:
        """State of the gas."""
        ...


class OpacitySource(Protocol):
    """Gas and wavelengths to absorption and scattering in cm^2 g^-1, each (n_depth, n_wave)."""

    def __call__(self, gas: Gas, sampling: Sampling, /) -> tuple[np.ndarray, np.ndarray]:
        """Absorption and scattering."""
        ...


class TransferScheme(Protocol):
    """Optical depth, Planck function and thermal fraction, all (n_depth, n_wave), to the moments of the radiation."""

    def __call__(
        self, tau: np.ndarray, planck: np.ndarray, thermal: np.ndarray, start: Radiation | None, iterations: int, /
    ) -> Radiation:
        """Moments of the radiation field; `start` lends its Eddington factors."""
        ...


@dataclass(frozen=True)
class Modules:
    """One choice of each; the defaults are the solver's own."""

    equation_of_state: EquationOfState = solve_gas
    opacity: OpacitySource = opacity
    transfer: TransferScheme = solve_transfer


SOLVER = Modules()


@dataclass(frozen=True)
class DepthProfile:
    """A temperature structure at the depths of `model.DEPTH_GRID`: temperature (K) and gas pressure (dyn cm^-2).

    Where known also `share`, the part of the flux that radiation carries, and `push`, radiative acceleration over
    gravity; a solver that starts from them has less to find.
    """

    temperature: np.ndarray
    pressure: np.ndarray
    share: np.ndarray | None = None
    push: np.ndarray | None = None


class StructureSource(Protocol):
    """Anything that knows how temperature and pressure run with depth: the solver, a network."""

    def profile(self, teff: float, logg: float, mh: float, family: str) -> DepthProfile:
        """Temperature and pressure of one star."""
        ...


class FluxSource(Protocol):
    """Anything that knows the flux at a star's surface: the grid, a network, the solver."""

    wavelength_nm: np.ndarray

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        """Surface flux in W m^-2 nm^-1, (n_stars, n_wave); raises ParameterRangeError outside the models."""
        ...
