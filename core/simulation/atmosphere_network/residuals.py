"""How far a structure is from equilibrium, by the solver's own modules: for the networks' losses and their judges."""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.composition import composition
from core.simulation.atmosphere.constants import SIGMA_SB, H, K, frequency, planck
from core.simulation.atmosphere.converged import radiative_acceleration
from core.simulation.atmosphere.linearised import flux_response
from core.simulation.atmosphere.model import column_mass, gas_pressure
from core.simulation.atmosphere.modules import SOLVER, Modules
from core.simulation.atmosphere.opacity import rosseland_mean
from core.simulation.atmosphere.sampling import energy_sampling
from core.simulation.atmosphere.transfer import optical_depth
from core.simulation.atmosphere_network.flux_network import BANDS_NM

_TRANSFER_ROUNDS = 3


@dataclass(frozen=True)
class Equilibrium:
    """Residuals of a structure at the depths of `model.DEPTH_GRID`.

    `flux` (n_depth,): (radiative flux - wanted share) / sigma Teff^4 at the top and between depths; `hydrostatic`
    (n_depth,): ln of the pressure that balances gravity less radiation over the structure's own; `push` (n_depth,):
    radiative acceleration over gravity; `bands` (6,): part of sigma Teff^4 that leaves in each of `BANDS_NM`;
    `response` (n_depth, n_depth): d flux / d ln T, opacities held, or None.
    """

    flux: np.ndarray
    hydrostatic: np.ndarray
    push: np.ndarray
    bands: np.ndarray
    response: np.ndarray | None


def equilibrium(
    teff: float,
    logg: float,
    mh: float,
    temperature: np.ndarray,
    pressure: np.ndarray,
    share: np.ndarray,
    family: str = "normal",
    modules: Modules = SOLVER,
    with_response: bool = False,
) -> Equilibrium:
    """Opacity and transfer on a given structure.

    `temperature` (K), gas `pressure` (dyn cm^-2) and `share` of the flux that radiation has to carry, (n_depth,) each.
    """
    sampling, gravity = energy_sampling(), 10.0**logg
    gas = modules.equation_of_state(temperature, pressure, composition(family, mh))
    absorption, scattered = modules.opacity(gas, sampling)
    extinction = absorption + scattered
    column = column_mass(rosseland_mean(extinction, temperature, sampling))
    tau, thermal = optical_depth(column, extinction), absorption / extinction
    source = planck(sampling.wavelength_nm, temperature[:, None])
    field = modules.transfer(tau, source, thermal, None, _TRANSFER_ROUNDS)
    target, weight = SIGMA_SB * teff**4 / (4 * np.pi), sampling.weight_nm
    carried = np.concatenate([[field.surface_flux @ weight], field.flux @ weight]) / target
    push = radiative_acceleration(extinction, field, weight) / gravity
    balanced = gas_pressure(column, gravity, push * gravity)
    response = None
    if with_response:
        exponent = np.minimum(H * frequency(sampling.wavelength_nm) / K / temperature[:, None], 500.0)
        slope = source * exponent / -np.expm1(-exponent)
        response = flux_response(tau, thermal, field, slope, weight) / target
    leaving = field.surface_flux * weight / target
    inside = np.searchsorted(sampling.wavelength_nm, BANDS_NM)
    bands = np.add.reduceat(leaving, inside[:-1])
    wanted = np.concatenate([[1.0], np.sqrt(share[1:] * share[:-1])])
    return Equilibrium(carried - wanted, np.log(balanced / pressure), push, bands, response)
