"""Temperature correction towards flux conservation: Unsoeld-Lucy with the true mean opacities."""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.constants import SIGMA_SB, planck
from core.simulation.atmosphere.opacity import Sampling
from core.simulation.atmosphere.transfer import Radiation

LARGEST_STEP = 0.08
"""Largest relative change of temperature in one iteration."""


UNSEEN_DEPTHS = 12
"""The outermost depth points, whose temperature no part of the optical spectrum sees."""


@dataclass(frozen=True)
class TemperatureCorrection:
    """Result of one correction.

    `temperature` (n_depth,) in K; `push`, the integral of extinction times Eddington flux (n_depth,): c / 4 pi times
    the radiative acceleration; `surface_error` and `worst_error`, relative errors of the flux of the old temperature at
    the top and at any depth; `change`, the largest relative change of temperature below `UNSEEN_DEPTHS`.
    """

    temperature: np.ndarray
    push: np.ndarray
    surface_error: float
    worst_error: float
    change: float


def corrected_temperature(
    teff: float,
    temperature: np.ndarray,
    column: np.ndarray,
    absorption: np.ndarray,
    extinction: np.ndarray,
    field: Radiation,
    share: np.ndarray,
    sampling: Sampling,
) -> TemperatureCorrection:
    """One Unsoeld-Lucy step (Lucy 1964, SAO Special Report 167; Mihalas 1978, section 7-2).

    `share` is the part of the flux that radiation has to carry at each depth (`convection.radiative_share`).
    """
    weight = sampling.weight_nm
    target = SIGMA_SB * teff**4 / (4 * np.pi)
    wanted = target * np.concatenate([[1.0], np.sqrt(share[1:] * share[:-1])])
    flux = np.concatenate([[field.surface_flux @ weight], field.flux @ weight])
    mean = field.mean @ weight
    eddington = (field.eddington * field.mean) @ weight / mean
    pressure_push = (0.5 * (extinction[1:] + extinction[:-1]) * field.flux) @ weight
    flux_mean = pressure_push / np.where(np.abs(flux[1:]) > 1e-3 * target, flux[1:], 1e-3 * target)
    flux_mean = np.clip(flux_mean, 0.05 * _positive(pressure_push, target), None)
    emitted = planck(sampling.wavelength_nm, temperature[:, None])
    energy = SIGMA_SB * temperature**4 / np.pi
    # The Planck mean on the sampled wavelengths, so that errors of the quadrature cancel deep inside.
    planck_mean = (absorption * emitted) @ weight / (emitted @ weight)
    absorbed_mean = (absorption * field.mean) @ weight / mean

    surface = field.surface_flux @ weight / mean[0]
    missing = wanted - flux
    deeper = np.concatenate([[0.0], np.cumsum(flux_mean * missing[1:] * np.diff(column))])
    change = (eddington[0] * missing[0] / surface + deeper) / eddington
    quadrature = energy / (emitted @ weight)
    new_energy = absorbed_mean / planck_mean * (mean + change) * quadrature
    ratio = np.clip((np.maximum(new_energy, 1e-4 * energy) / energy) ** 0.25, 1 - LARGEST_STEP, 1 + LARGEST_STEP)
    top = extinction[0] * field.surface_flux @ weight
    push = np.concatenate([[top], 0.5 * (pressure_push[1:] + pressure_push[:-1]), pressure_push[-1:]])
    error = np.abs(missing) / target
    change_below = float(np.abs(ratio - 1)[UNSEEN_DEPTHS:].max())
    return TemperatureCorrection(temperature * ratio, push, float(error[0]), float(error.max()), change_below)


def _positive(push: np.ndarray, target: float) -> np.ndarray:
    return np.maximum(push, 0) / target
