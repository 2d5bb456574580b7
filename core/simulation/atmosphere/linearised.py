"""How the flux at every depth answers to the temperature at every other: the matrix of a Newton step.

Unsoeld-Lucy steps correct each depth by what it sees of itself, and stall where strong lines keep their own radiation
(a solar model still moves by 4 % in the blue after eighty of them). Here the moment equations are linearised in the
temperature, opacities held (Auer & Mihalas 1969, ApJ 158, 641; Rybicki 1971, JQSRT 11, 589), so that lines and
continuum pull together and the flux is constant to a part in 10^5 after about fifteen steps.
"""

import numpy as np

from core.simulation.atmosphere.transfer import Radiation

FLUX_ROWS_FROM_TAU = 0.5
"""Deeper than this the flux itself is demanded, above it that no depth gains or loses energy: the same equations,
added up so that the matrix stays well conditioned."""
LARGEST_STEP = 0.1


def flux_response(
    tau: np.ndarray, thermal: np.ndarray, field: Radiation, planck_slope: np.ndarray, weight_nm: np.ndarray
) -> np.ndarray:
    """d(flux at the surface and between depths) / d ln T at each depth, (n_depth, n_depth).

    `planck_slope` is dB / d ln T; the arrays are (n_depth, n_wave) as in `transfer.solve_moments`. Eddington
    factors and opacities are held.
    """
    step = np.diff(tau, axis=0)
    change = _mean_response(tau, thermal, field, planck_slope)
    n_depth = len(tau)
    response = np.empty((n_depth, n_depth))
    response[0] = (weight_nm * field.surface_factor) @ change[0]
    for i in range(1, n_depth):
        weight = weight_nm / step[i - 1]
        response[i] = (weight * field.eddington[i]) @ change[i] - (weight * field.eddington[i - 1]) @ change[i - 1]
    return response


def _mean_response(tau: np.ndarray, thermal: np.ndarray, field: Radiation, slope: np.ndarray) -> np.ndarray:
    """d J / d ln T, (n_depth, n_wave, n_depth): the moment equations solved for every depth's unit change at once."""
    step = np.diff(tau, axis=0)
    central, factor, n_depth = 0.5 * (step[1:] + step[:-1]), field.eddington, len(tau)
    lower, upper, diagonal = np.zeros_like(tau), np.zeros_like(tau), thermal.copy()
    lower[1:-1] = factor[:-2] / (step[:-1] * central)
    upper[1:-1] = factor[2:] / (step[1:] * central)
    diagonal[1:-1] += factor[1:-1] * (1 / step[:-1] + 1 / step[1:]) / central
    upper[0] = 2 * factor[1] / step[0] ** 2
    diagonal[0] += 2 * factor[0] / step[0] ** 2 + 2 * field.surface_factor / step[0]
    lower[-1] = 2 * factor[-2] / step[-1] ** 2
    diagonal[-1] += 2 * factor[-1] / step[-1] ** 2
    value = np.zeros((n_depth, tau.shape[1], n_depth))
    value[np.arange(n_depth), :, np.arange(n_depth)] = thermal * slope
    value[-1, :, -1] += 2 / (3 * step[-1] ** 2) * slope[-1]
    value[-1, :, -2] -= 2 / (3 * step[-1] ** 2) * slope[-2]
    ratio = np.empty_like(tau)
    ratio[0] = upper[0] / diagonal[0]
    value[0] /= diagonal[0][:, None]
    for i in range(1, n_depth):
        pivot = 1 / (diagonal[i] - lower[i] * ratio[i - 1])
        ratio[i] = upper[i] * pivot
        value[i] += lower[i][:, None] * value[i - 1]
        value[i] *= pivot[:, None]
    for i in range(n_depth - 2, -1, -1):
        value[i] += ratio[i][:, None] * value[i + 1]
    return value


def newton_step(error: np.ndarray, response: np.ndarray, tau_rosseland: np.ndarray) -> np.ndarray:
    """Change of ln T, (n_depth,), that removes the flux `error` (both relative to sigma Teff^4 / 4 pi)."""
    deep = tau_rosseland > FLUX_ROWS_FROM_TAU
    right = np.where(deep, error, np.concatenate([error[:1], np.diff(error)]))
    matrix = np.where(deep[:, None], response, np.concatenate([response[:1], np.diff(response, axis=0)]))
    scale = np.abs(matrix).max(axis=1)
    return np.clip(np.linalg.solve(matrix / scale[:, None], -right / scale), -LARGEST_STEP, LARGEST_STEP)
