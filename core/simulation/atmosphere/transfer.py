"""Radiative transfer in a plane-parallel atmosphere with coherent scattering: variable Eddington factors."""

from dataclasses import dataclass

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
MU = 0.5 * (_NODES + 1)
WEIGHT = 0.5 * _WEIGHTS


@dataclass
class Radiation:
    """Moments of the radiation field, each (n_depth, n_wave) in the unit of the Planck function.

    `flux` is the Eddington flux H between successive depths, (n_depth - 1, n_wave); `surface_flux` is H at the top.
    """

    mean: np.ndarray
    flux: np.ndarray
    surface_flux: np.ndarray
    eddington: np.ndarray
    surface_factor: np.ndarray


def optical_depth(column: np.ndarray, extinction: np.ndarray) -> np.ndarray:
    """Optical depth from column mass (g cm^-2, (n_depth,)) and extinction (cm^2 g^-1, (n_depth, n_wave))."""
    steps = 0.5 * (extinction[1:] + extinction[:-1]) * np.diff(column)[:, None]
    top = extinction[:1] * column[0]
    return np.concatenate([top, top + np.cumsum(steps, axis=0)])


def _thomas(lower: np.ndarray, diagonal: np.ndarray, upper: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve tridiagonal systems along the first axis: -lower x[i-1] + diagonal x[i] - upper x[i+1] = right."""
    n = len(diagonal)
    ratio, value = np.empty_like(diagonal), np.empty_like(diagonal)
    ratio[0] = upper[0] / diagonal[0]
    value[0] = right[0] / diagonal[0]
    for i in range(1, n):
        denominator = 1 / (diagonal[i] - lower[i] * ratio[i - 1])
        ratio[i] = upper[i] * denominator
        value[i] = (right[i] + lower[i] * value[i - 1]) * denominator
    for i in range(n - 2, -1, -1):
        value[i] += ratio[i] * value[i + 1]
    return value


def formal_eddington(tau: np.ndarray, source: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eddington factors K/J (n_depth, n_wave) and H/J at the surface from Feautrier solutions along three rays.

    `gradient` is dB/dtau at the bottom (n_wave,), where the diffusion limit holds.
    """
    step = np.diff(tau, axis=0)
    mean = np.zeros_like(tau)
    second = np.zeros_like(tau)
    outward = np.zeros(tau.shape[1])
    central = 0.5 * (step[1:] + step[:-1])
    for mu, weight in zip(MU, WEIGHT, strict=True):
        lower, upper, diagonal = np.zeros_like(tau), np.zeros_like(tau), np.ones_like(tau)
        right = source.copy()
        lower[1:-1] = mu**2 / (step[:-1] * central)
        upper[1:-1] = mu**2 / (step[1:] * central)
        diagonal[1:-1] += lower[1:-1] + upper[1:-1]
        # Surface: no incoming light at tau = 0, the slab above the first point at its source function (second order).
        incoming = source[0] * -np.expm1(-tau[0] / mu)
        first = step[0] / mu
        upper[0] = 2 / first**2
        diagonal[0] = 1 + 2 / first + 2 / first**2
        right[0] = source[0] + 2 / first * incoming
        last = step[-1] / mu
        lower[-1] = 2 / last**2
        diagonal[-1] = 1 + 2 / last**2
        right[-1] = source[-1] + 2 / last * mu * gradient
        u = _thomas(lower, diagonal, upper, right)
        mean += weight * u
        second += weight * mu**2 * u
        outward += weight * mu * (u[0] - incoming)
    mean = np.maximum(mean, 1e-300)
    return np.clip(second / mean, 0.05, 1.0), np.clip(outward / mean[0], 0.05, 1.0)


def solve_moments(
    tau: np.ndarray, planck: np.ndarray, thermal: np.ndarray, eddington: np.ndarray, surface_factor: np.ndarray
) -> Radiation:
    """Solve the moment equations for J with S = thermal B + (1 - thermal) J, exactly in the scattering.

    All arrays (n_depth, n_wave); `thermal` = absorption / extinction; `surface_factor` = H/J at the top (n_wave,).
    """
    step = np.diff(tau, axis=0)
    central = 0.5 * (step[1:] + step[:-1])
    lower, upper = np.zeros_like(tau), np.zeros_like(tau)
    diagonal, right = thermal.copy(), thermal * planck
    lower[1:-1] = eddington[:-2] / (step[:-1] * central)
    upper[1:-1] = eddington[2:] / (step[1:] * central)
    diagonal[1:-1] += eddington[1:-1] * (1 / step[:-1] + 1 / step[1:]) / central
    upper[0] = 2 * eddington[1] / step[0] ** 2
    diagonal[0] += 2 * eddington[0] / step[0] ** 2 + 2 * surface_factor / step[0]
    lower[-1] = 2 * eddington[-2] / step[-1] ** 2
    diagonal[-1] += 2 * eddington[-1] / step[-1] ** 2
    gradient = (planck[-1] - planck[-2]) / step[-1]
    right[-1] += 2 / step[-1] * gradient / 3
    mean = np.maximum(_thomas(lower, diagonal, upper, right), 1e-300)
    flux = np.diff(eddington * mean, axis=0) / step
    return Radiation(mean, flux, surface_factor * mean[0], eddington, surface_factor)


def solve_transfer(
    tau: np.ndarray, planck: np.ndarray, thermal: np.ndarray, start: Radiation | None = None, iterations: int = 2
) -> Radiation:
    """Radiation field for given optical depths, Planck function and thermal fraction, all (n_depth, n_wave)."""
    eddington = np.full_like(tau, 1 / 3) if start is None else start.eddington
    surface = np.full(tau.shape[1], 0.5) if start is None else start.surface_factor
    mean = planck if start is None else start.mean
    field = None
    for _ in range(iterations):
        source = thermal * planck + (1 - thermal) * mean
        gradient = (planck[-1] - planck[-2]) / (tau[-1] - tau[-2])
        eddington, surface = formal_eddington(tau, source, gradient)
        field = solve_moments(tau, planck, thermal, eddington, surface)
        mean = field.mean
    assert field is not None, "solve_transfer needs at least one iteration"
    return field


def emergent_flux(tau: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Astrophysical surface flux 2 pi integral of mu I(mu), with S linear in tau between depths; (n_wave,)."""
    extended = np.concatenate([np.zeros((1, tau.shape[1])), tau])
    values = np.concatenate([source[:1], source])
    step = np.maximum(np.diff(extended, axis=0), 1e-12)
    slope = np.diff(values, axis=0) / step
    result = np.zeros(tau.shape[1])
    nodes, weights = np.polynomial.legendre.leggauss(4)
    for mu, weight in zip(0.5 * (nodes + 1), 0.5 * weights, strict=True):
        decay = np.exp(-np.minimum(extended / mu, 700))
        inside = (decay[:-1] * (values[:-1] + mu * slope) - decay[1:] * (values[1:] + mu * slope)).sum(axis=0)
        bottom = decay[-1] * (values[-1] + mu * slope[-1])
        result += weight * mu * (inside + bottom)
    return 2 * np.pi * result
