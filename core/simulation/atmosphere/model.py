"""One model atmosphere: temperature structure in radiative-convective equilibrium, then the emergent spectrum."""

from dataclasses import dataclass

import numpy as np

from core.errors import ParameterRangeError
from core.simulation.atmosphere.composition import Composition, composition
from core.simulation.atmosphere.constants import SIGMA_SB, C, planck
from core.simulation.atmosphere.convection import may_convect, radiative_share
from core.simulation.atmosphere.gas import Gas, solve_gas
from core.simulation.atmosphere.opacity import opacity, rosseland_mean
from core.simulation.atmosphere.sampling import GRID_WAVELENGTH_NM, bin_average, energy_sampling, spectrum_sampling
from core.simulation.atmosphere.temperature import corrected_temperature
from core.simulation.atmosphere.transfer import Radiation, emergent_flux, optical_depth, solve_transfer

DEPTH_GRID = np.logspace(-6, 2, 56)
"""Rosseland optical depths of the depth points."""
PER_NM_SI = 1e-3
"""erg cm^-2 s^-1 to W m^-2."""


@dataclass
class Structure:
    """A model's depth points (cgs): gas, column mass, Rosseland mean, radiative share of the flux, and its quality.

    `surface_error` and `worst_error` are relative errors of the radiative flux at the surface and at any depth (the
    worst lies where convection sets in); `history` holds the worst error of each iteration.
    """

    teff: float
    logg: float
    composition: Composition
    gas: Gas
    column: np.ndarray
    rosseland: np.ndarray
    share: np.ndarray
    surface_error: float
    worst_error: float
    history: list[float]


def hopf(tau: np.ndarray) -> np.ndarray:
    """Hopf function of the grey atmosphere (fit of Mihalas 1978, Stellar Atmospheres, to 0.1 %)."""
    return 0.7104 - 0.1331 * np.exp(-3.4488 * tau)


def grey_temperature(tau: np.ndarray, teff: float) -> np.ndarray:
    """Temperature of a grey atmosphere in radiative equilibrium, K."""
    return teff * (0.75 * (tau + hopf(tau))) ** 0.25


def column_mass(rosseland: np.ndarray) -> np.ndarray:
    """Column mass in g cm^-2 at the depths of `DEPTH_GRID` from the Rosseland mean, (n_depth,)."""
    integrand = DEPTH_GRID / rosseland
    steps = 0.5 * (integrand[1:] + integrand[:-1]) * np.diff(np.log(DEPTH_GRID))
    return integrand[0] + np.concatenate([[0.0], np.cumsum(steps)])


def gas_pressure(column: np.ndarray, gravity: float, radiative: np.ndarray) -> np.ndarray:
    """Hydrostatic gas pressure, dyn cm^-2, under gravity less the radiative acceleration (n_depth,)."""
    net = np.maximum(gravity - radiative, 0.03 * gravity)
    steps = 0.5 * (net[1:] + net[:-1]) * np.diff(column)
    return net[0] * column[0] + np.concatenate([[0.0], np.cumsum(steps)])


def solve_structure(
    teff: float,
    logg: float,
    mh: float = 0.0,
    family: str = "normal",
    start: Structure | None = None,
    max_iterations: int = 40,
    tolerance: float = 0.002,
) -> Structure:
    """Temperature, pressure and column mass in hydrostatic and radiative-convective equilibrium.

    `start` is a neighbouring model to begin from. Raises ParameterRangeError when radiation pressure exceeds gravity.
    """
    chemical, gravity, sampling = composition(family, mh), 10.0**logg, energy_sampling()
    if start is None:
        temperature = grey_temperature(DEPTH_GRID, teff)
        pressure = gravity * DEPTH_GRID / (0.4 if teff > 9000 else 0.05) + 1e-3
    else:
        temperature = start.gas.temperature * teff / start.teff
        pressure = start.gas.pressure * (gravity / 10**start.logg) ** 0.7
    share, convective = np.ones_like(temperature), may_convect(teff, logg, chemical)
    radiative = np.zeros_like(temperature)
    radiation: Radiation | None = None
    history: list[float] = []
    settle = 6 if start is None else 2
    for iteration in range(max_iterations + settle):
        gas = solve_gas(temperature, pressure, chemical)
        absorption, scattered = opacity(gas, sampling)
        extinction = absorption + scattered
        rosseland = rosseland_mean(extinction, temperature, sampling)
        column = column_mass(rosseland)
        hydrostatic = gas_pressure(column, gravity, radiative)
        pressure = np.exp(0.4 * np.log(pressure) + 0.6 * np.log(hydrostatic))
        if iteration < settle:
            continue
        if convective:
            share = 0.5 * share + 0.5 * radiative_share(gas, chemical, rosseland, gravity, teff)
        tau = optical_depth(column, extinction)
        source = planck(sampling.wavelength_nm, temperature[:, None])
        radiation = solve_transfer(tau, source, absorption / extinction, radiation, 2 if radiation is None else 1)
        step = corrected_temperature(teff, temperature, column, absorption, extinction, radiation, share, sampling)
        temperature = step.temperature
        radiative = 4 * np.pi / C * step.push
        history.append(step.worst_error)
        if step.change < tolerance and step.surface_error < 0.005 and len(history) > 3:
            break
    check_eddington(teff, logg, gravity, radiative)
    return Structure(teff, logg, chemical, gas, column, rosseland, share, step.surface_error, step.worst_error, history)


def check_eddington(teff: float, logg: float, gravity: float, radiative: np.ndarray) -> None:
    """Raise ParameterRangeError where radiation exceeds 97 % of gravity in the photosphere."""
    # Deeper, in the ionisation zones of cool supergiants, the density may fall inwards without blowing the star apart.
    worst = float((radiative / gravity)[(DEPTH_GRID > 1e-2) & (DEPTH_GRID < 2)].max())
    if worst > 0.97:
        raise ParameterRangeError(
            f"log g {logg:g} at Teff {teff:g} K lies beyond the Eddington limit (radiative acceleration is {worst:.2f}"
            f" of gravity); raise log g above {logg + np.log10(worst):.2f}"
        )


def fine_spectrum(structure: Structure) -> np.ndarray:
    """Surface flux in W m^-2 nm^-1 at the wavelengths of `spectrum_sampling`."""
    sampling = spectrum_sampling()
    absorption, scattered = opacity(structure.gas, sampling)
    extinction = absorption + scattered
    tau = optical_depth(structure.column, extinction)
    source = planck(sampling.wavelength_nm, structure.gas.temperature[:, None])
    thermal = absorption / extinction
    radiation = solve_transfer(tau, source, thermal, None, 2)
    return emergent_flux(tau, thermal * source + (1 - thermal) * radiation.mean) * PER_NM_SI


def spectrum(structure: Structure) -> np.ndarray:
    """Surface flux in W m^-2 nm^-1 averaged to the 2 nm bins of `GRID_WAVELENGTH_NM`, (391,)."""
    return fine_spectrum(structure) @ bin_average()


def effective_flux(teff: float) -> float:
    """sigma Teff^4 in W m^-2."""
    return SIGMA_SB * PER_NM_SI * teff**4


__all__ = ["GRID_WAVELENGTH_NM", "Structure", "effective_flux", "fine_spectrum", "solve_structure", "spectrum"]
