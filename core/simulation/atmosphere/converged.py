"""Model atmospheres converged to a part in ten thousand: Newton steps in the temperature, the rest accelerated."""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.acceleration import Anderson
from core.simulation.atmosphere.composition import Composition, composition
from core.simulation.atmosphere.constants import SIGMA_SB, C, H, K, frequency, planck
from core.simulation.atmosphere.convection import may_convect, radiative_share
from core.simulation.atmosphere.gas import Gas
from core.simulation.atmosphere.linearised import flux_response, newton_step
from core.simulation.atmosphere.model import (
    DEPTH_GRID,
    Structure,
    check_eddington,
    column_mass,
    gas_pressure,
    grey_temperature,
)
from core.simulation.atmosphere.modules import SOLVER, DepthProfile, Modules
from core.simulation.atmosphere.opacity import rosseland_mean
from core.simulation.atmosphere.sampling import energy_sampling
from core.simulation.atmosphere.transfer import Radiation, optical_depth

TOLERANCE = 2e-4
"""Largest relative change of temperature in a last step; flux and hydrostatic equilibrium within 2.5 times that."""
_SETTLE_GREY, _SETTLE_WARM = 6, 0
_CONVECTION_MARGIN = 0.75
"""Convection is followed to Teff a third above where it carries flux, so that models vary smoothly across that edge."""


@dataclass
class _Star:
    """What stays fixed while a model converges."""

    teff: float
    gravity: float
    chemical: Composition
    convective: bool
    modules: Modules


@dataclass
class _State:
    """What is iterated: temperature, pressure, radiative share and radiative acceleration over gravity, (n_depth,)."""

    temperature: np.ndarray
    pressure: np.ndarray
    share: np.ndarray
    push: np.ndarray

    def vector(self) -> np.ndarray:
        return np.concatenate([np.log(self.temperature), np.log(self.pressure), self.share, self.push])

    @classmethod
    def of(cls, vector: np.ndarray) -> "_State":
        temperature, pressure, share, push = np.split(vector, 4)
        return cls(np.exp(temperature), np.exp(pressure), np.clip(share, 1e-4, 1.0), push)


@dataclass
class _Step:
    """One evaluation: gas, column, Rosseland mean, the state it leads to and how far it is from equilibrium."""

    gas: Gas
    column: np.ndarray
    rosseland: np.ndarray
    field: Radiation
    image: np.ndarray
    flux_error: np.ndarray
    temperature_change: float
    hydrostatic_error: float

    def converged(self, tolerance: float) -> bool:
        small = np.abs(self.flux_error).max() < 2.5 * tolerance and self.hydrostatic_error < 2.5 * tolerance
        return bool(small and self.temperature_change < tolerance)


def converge(
    teff: float,
    logg: float,
    mh: float = 0.0,
    family: str = "normal",
    start: DepthProfile | None = None,
    max_iterations: int = 60,
    tolerance: float = TOLERANCE,
    modules: Modules = SOLVER,
) -> Structure:
    """Structure in hydrostatic and radiative-convective equilibrium, from grey or from `start`.

    `history` holds the worst flux error of each iteration; `worst_error` above 2.5 `tolerance` says that it did not
    converge. Raises ParameterRangeError beyond the Eddington limit.
    """
    chemical = composition(family, mh)
    star = _Star(teff, 10.0**logg, chemical, may_convect(_CONVECTION_MARGIN * teff, logg, chemical), modules)
    state = _first_state(star) if start is None else _warm_state(start)
    weight = np.repeat([1.0, 0.1, 0.1, 0.1], len(DEPTH_GRID))
    mixer = Anderson(weight, np.repeat([0.1, 0.5, 0.1, 0.1], len(DEPTH_GRID)), delay=4 if start is None else 1)
    field, history = None, []
    for _ in range(max_iterations):
        step = _evaluate(star, state, field)
        field = step.field
        history.append(float(np.abs(step.flux_error).max()))
        if step.converged(tolerance):
            break
        last = state
        state = _State.of(mixer.next(state.vector(), step.image))
    else:
        state = last
    check_eddington(teff, logg, star.gravity, state.push * star.gravity)
    surface = float(abs(step.flux_error[0]))
    return Structure(
        teff, logg, chemical, step.gas, step.column, step.rosseland, state.share, surface, history[-1], history
    )


def _first_state(star: _Star) -> _State:
    temperature = grey_temperature(DEPTH_GRID, star.teff)
    pressure = star.gravity * DEPTH_GRID / (0.4 if star.teff > 9000 else 0.05) + 1e-3
    none = np.zeros_like(temperature)
    for _ in range(_SETTLE_GREY):
        _, _, column, _ = _matter(star, temperature, pressure)
        pressure = np.exp(0.4 * np.log(pressure) + 0.6 * np.log(gas_pressure(column, star.gravity, none)))
    return _State(temperature, pressure, np.ones_like(temperature), none)


def _warm_state(start: DepthProfile) -> _State:
    one = np.ones_like(start.temperature)
    share = one if start.share is None else np.clip(start.share, 1e-4, 1.0)
    return _State(start.temperature, start.pressure, share, 0 * one if start.push is None else start.push)


def _matter(star: _Star, temperature: np.ndarray, pressure: np.ndarray):
    """Gas, (absorption, extinction), column mass and Rosseland mean."""
    sampling = energy_sampling()
    gas = star.modules.equation_of_state(temperature, pressure, star.chemical)
    absorption, scattered = star.modules.opacity(gas, sampling)
    extinction = absorption + scattered
    rosseland = rosseland_mean(extinction, temperature, sampling)
    return gas, (absorption, extinction), column_mass(rosseland), rosseland


def _evaluate(star: _Star, state: _State, field: Radiation | None) -> _Step:
    sampling = energy_sampling()
    weight, temperature = sampling.weight_nm, state.temperature
    gas, (absorption, extinction), column, rosseland = _matter(star, temperature, state.pressure)
    hydrostatic = gas_pressure(column, star.gravity, state.push * star.gravity)
    share = state.share
    if star.convective:
        share = radiative_share(gas, star.chemical, rosseland, star.gravity, star.teff)
    tau, thermal = optical_depth(column, extinction), absorption / extinction
    source = planck(sampling.wavelength_nm, temperature[:, None])
    field = star.modules.transfer(tau, source, thermal, field, 2 if field is None else 1)
    target = SIGMA_SB * star.teff**4 / (4 * np.pi)
    flux = np.concatenate([[field.surface_flux @ weight], field.flux @ weight]) / target
    error = flux - np.concatenate([[1.0], np.sqrt(state.share[1:] * state.share[:-1])])
    exponent = np.minimum(H * frequency(sampling.wavelength_nm) / K / temperature[:, None], 500.0)
    slope = source * exponent / -np.expm1(-exponent)
    response = flux_response(tau, thermal, field, slope, weight) / target
    change = newton_step(error, response, DEPTH_GRID)
    image = _State(
        temperature * np.exp(change),
        np.exp(0.2 * np.log(state.pressure) + 0.8 * np.log(hydrostatic)),
        0.5 * state.share + 0.5 * share,
        0.2 * state.push + 0.8 * radiative_acceleration(extinction, field, weight) / star.gravity,
    )
    off = float(np.abs(np.log(hydrostatic / state.pressure)).max())
    return _Step(gas, column, rosseland, field, image.vector(), error, float(np.abs(change).max()), off)


def radiative_acceleration(extinction: np.ndarray, field: Radiation, weight_nm: np.ndarray) -> np.ndarray:
    """Acceleration by radiation at each depth, cm s^-2: 4 pi / c times the integral of extinction times H."""
    between = (0.5 * (extinction[1:] + extinction[:-1]) * field.flux) @ weight_nm
    top = extinction[0] * field.surface_flux @ weight_nm
    return 4 * np.pi / C * np.concatenate([[top], 0.5 * (between[1:] + between[:-1]), between[-1:]])
