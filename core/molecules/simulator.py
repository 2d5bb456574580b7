"""Simulated millimetre spectra, from poor ones to line forests: what the networks learn from and are tested on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.emission import unit_opacity
from core.molecules.observed import ObservedSpectrum
from core.molecules.radiation import BANDS_GHZ, FWHM_TO_SIGMA, LIGHT_KMS, brightness_k

WIDEST_GHZ = 8.0


@dataclass(frozen=True)
class SpectrumPlan:
    """Ranges that a simulated spectrum is drawn from.

    Attributes
    ----------
    bands_ghz : tuple of (low, high)
        One of them is chosen.
    n_species : (int, int)
        Fewest and most species in the gas.
    unidentified : (float, float)
        Unidentified lines per species in the gas.
    n_channels : (int, int)
    """

    bands_ghz: tuple[tuple[float, float], ...] = BANDS_GHZ
    n_species: tuple[int, int] = (4, 130)
    unidentified: tuple[float, float] = (0.0, 2.0)
    n_channels: tuple[int, int] = (5000, 32000)
    fwhm_kms: tuple[float, float] = (0.2, 8.0)
    contrast: tuple[float, float] = (20.0, 3000.0)
    """Ratio of the gas's brightness, J(T) - J(background) times the filling, to the noise."""


RICH_PLAN = SpectrumPlan(n_species=(60, 150), n_channels=(8000, 20000), fwhm_kms=(2.0, 8.0), contrast=(200.0, 3000.0))
"""Line forests: many species, bright gas, broad lines; two thirds have a fifth of their channels above 5 sigma."""
PLANS = (RICH_PLAN, SpectrumPlan())


@dataclass(frozen=True, eq=False)
class SimulatedSpectrum:
    """A simulated spectrum and what is in it.

    Attributes
    ----------
    spectrum : ObservedSpectrum
    velocity_kms, fwhm_kms : float
    present : dict of species' number to its brightest channel in units of the noise
    temperature_k, column_density_cm2 : dict of species' number to float
    parts : dict of species' number to float32 ndarray of shape (n_channels,)
        Brightness of every species alone (K); where lines are opaque, they do not add up to the whole.
    """

    spectrum: ObservedSpectrum
    velocity_kms: float
    fwhm_kms: float
    present: dict[int, float]
    temperature_k: dict[int, float]
    column_density_cm2: dict[int, float]
    parts: dict[int, np.ndarray]


def simulate(
    species: Sequence[Species],
    rng: np.random.Generator,
    plan: SpectrumPlan | None = None,
    allowed: Sequence[int] | None = None,
) -> SimulatedSpectrum:
    """Draw one spectrum.

    Parameters
    ----------
    species : sequence of Species
        What may be in the gas; its numbers are those of the result.
    allowed : sequence of int or None
        Numbers that may be present; None: all.
    """
    plan = plan or SpectrumPlan()
    fwhm = float(np.exp(rng.uniform(*np.log(plan.fwhm_kms))))
    frequency, window = _windows(rng, plan, fwhm)
    velocity = float(rng.uniform(-80.0, 80.0))
    temperature = float(np.exp(rng.uniform(np.log(8.0), np.log(320.0))))
    background = float(rng.choice([2.725, rng.uniform(2.725, 0.4 * temperature)])) if temperature > 12 else 2.725
    filling = float(np.exp(rng.uniform(np.log(0.1), 0.0)))
    scale = filling * float(brightness_k(temperature, frequency.mean()) - brightness_k(background, frequency.mean()))
    noise = max(scale, 0.05) / float(np.exp(rng.uniform(*np.log(plan.contrast))))
    numbers = np.asarray(allowed if allowed is not None else range(len(species)))
    here = np.array([i for i in numbers if _is_covered(species[i], frequency, velocity)], dtype=int)
    wanted = min(int(np.exp(rng.uniform(*np.log(plan.n_species)))), len(here))
    second = (float(rng.uniform(0.1, 0.6)), float(rng.choice([-1, 1]) * rng.uniform(0.8, 3.0) * fwhm))
    has_second = rng.random() < 0.25
    opacity, weighted = np.zeros(len(frequency)), np.zeros(len(frequency))
    present, temperatures, densities, parts = {}, {}, {}, {}
    for i in rng.permutation(here)[:wanted]:
        own_t = float(np.clip(temperature * np.exp(rng.normal(0.0, 0.25)), 6.0, 400.0))
        unit = unit_opacity(species[i], own_t, velocity, fwhm * float(np.exp(rng.normal(0, 0.08))), frequency)
        if unit.max() <= 0:
            continue
        if has_second:
            unit = unit + second[0] * unit_opacity(species[i], own_t, velocity + second[1], fwhm, frequency)
        excess = filling * (brightness_k(own_t, frequency) - brightness_k(background, frequency))
        tau = _strongest_opacity(rng, float(excess.mean()) / noise)
        own = unit * (tau / unit.max())
        opacity += own
        weighted += own * brightness_k(own_t, frequency)
        alone = excess * -np.expm1(-own)
        present[int(i)] = float(alone.max() / noise)
        temperatures[int(i)], densities[int(i)] = own_t, float(tau / unit.max())
        parts[int(i)] = alone.astype(np.float32)
    source = np.where(opacity > 0, weighted / np.maximum(opacity, 1e-300) - brightness_k(background, frequency), 0.0)
    value = filling * source * -np.expm1(-opacity)
    value += _unidentified(rng, frequency, fwhm, noise, plan, max(wanted, 3))
    value += _absorption(rng, frequency, fwhm, value)
    value += _baseline(rng, frequency, window, noise) + _noise(rng, len(frequency), noise)
    observed = ObservedSpectrum(frequency, value, window, np.full(len(frequency), noise), background)
    return SimulatedSpectrum(observed, velocity, fwhm, present, temperatures, densities, parts)


def _windows(rng: np.random.Generator, plan: SpectrumPlan, fwhm: float) -> tuple[np.ndarray, np.ndarray]:
    """One to four separate windows in one band."""
    low, high = np.array(plan.bands_ghz[rng.integers(len(plan.bands_ghz))]) * 1e3
    width_mhz = fwhm / rng.uniform(2.0, 7.0) / LIGHT_KMS * 0.5 * (low + high)
    n_channels = int(np.exp(rng.uniform(*np.log(plan.n_channels))))
    n_channels = min(n_channels, int(min(WIDEST_GHZ * 1e3, 0.8 * (high - low)) / width_mhz))
    n_windows = int(rng.integers(1, 5))
    n_each = n_channels // n_windows
    span = n_each * width_mhz
    free = (high - low) - n_windows * span
    gaps = np.sort(rng.uniform(0.0, free, n_windows))
    frequency = np.concatenate(
        [low + gaps[i] + i * span + width_mhz * (np.arange(n_each) + 0.5) for i in range(n_windows)]
    )
    return frequency, np.repeat(np.arange(n_windows), n_each)


def _is_covered(species: Species, frequency: np.ndarray, velocity: float) -> bool:
    centre = species.frequency_mhz * (1.0 - velocity / LIGHT_KMS)
    return bool(((centre > frequency[0]) & (centre < frequency[-1])).any())


def _strongest_opacity(rng: np.random.Generator, contrast: float) -> float:
    """Opacity of a species' strongest line: its brightness from 1 to 300 times the noise, some lines opaque."""
    wanted = float(np.exp(rng.uniform(np.log(1.5), np.log(500.0)))) / max(contrast, 1e-3)
    if wanted < 0.9:
        return float(-np.log1p(-wanted))
    return float(np.exp(rng.uniform(np.log(2.0), np.log(40.0))))


def _unidentified(rng, frequency, fwhm: float, noise: float, plan: SpectrumPlan, n_species: int) -> np.ndarray:
    return lines_at_random(rng, frequency, fwhm, noise, int(rng.uniform(*plan.unidentified) * n_species))


def lines_at_random(rng, frequency: np.ndarray, fwhm: float, noise: float, n_lines: int) -> np.ndarray:
    """Brightness of lines that belong to nothing: anywhere in the windows, from 3 to 100 times the noise."""
    total = np.zeros(len(frequency))
    for at in rng.integers(0, len(frequency), n_lines):
        peak = noise * float(np.exp(rng.uniform(np.log(3.0), np.log(100.0))))
        sigma = frequency[at] / LIGHT_KMS * fwhm * float(np.exp(rng.normal(0, 0.15))) * FWHM_TO_SIGMA
        first, last = np.searchsorted(frequency, [frequency[at] - 4 * sigma, frequency[at] + 4 * sigma])
        total[first:last] += peak * np.exp(-0.5 * ((frequency[first:last] - frequency[at]) / sigma) ** 2)
    return total


def with_lines(spectrum: ObservedSpectrum, rng, fwhm_kms: float, n_lines: int) -> ObservedSpectrum:
    """The spectrum with more lines in it that belong to nothing."""
    noise = float(np.median(spectrum.noise_k))
    more = lines_at_random(rng, spectrum.frequency_mhz, fwhm_kms, noise, n_lines)
    return replace(spectrum, value_k=spectrum.value_k + more)


def _absorption(rng, frequency: np.ndarray, fwhm: float, emission: np.ndarray) -> np.ndarray:
    """In a fifth of the spectra, narrow foreground absorption eats into a few of the brightest places."""
    total = np.zeros(len(frequency))
    if rng.random() < 0.2 and emission.max() > 0:
        bright = np.flatnonzero(emission > 0.3 * emission.max())
        for at in rng.choice(bright, min(int(rng.integers(1, 6)), len(bright)), replace=False):
            sigma = frequency[at] / LIGHT_KMS * fwhm * 0.5 * FWHM_TO_SIGMA
            near = slice(max(at - 60, 0), at + 60)
            total[near] -= 1.2 * emission[near] * np.exp(-0.5 * ((frequency[near] - frequency[at]) / sigma) ** 2)
    return total


def _baseline(rng, frequency: np.ndarray, window: np.ndarray, noise: float) -> np.ndarray:
    """Slope and standing waves of every window, in half of the spectra, up to the size of the noise."""
    total = np.zeros(len(frequency))
    if rng.random() < 0.5:
        return total
    for number in np.unique(window):
        rows = window == number
        x = np.linspace(-1.0, 1.0, rows.sum())
        wave = np.sin(2 * np.pi * rng.uniform(1.0, 12.0) * x + rng.uniform(0, 2 * np.pi))
        total[rows] = noise * (rng.uniform(0.0, 0.7) * wave + rng.normal(0, 0.3) * x + rng.normal(0, 0.15))
    return total


def _noise(rng, n_channels: int, noise: float) -> np.ndarray:
    """White noise, or (in half of the spectra) noise that neighbouring channels share, as after Hanning smoothing."""
    white = rng.normal(0.0, 1.0, n_channels + 2)
    if rng.random() < 0.5:
        return noise * white[1:-1]
    side = rng.uniform(0.1, 0.5)
    kernel = np.array([side, 1.0, side]) / np.sqrt(1.0 + 2 * side**2)
    return noise * np.convolve(white, kernel, mode="valid")
