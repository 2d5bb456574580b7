"""Model spectra of species in LTE: opacity by channel, and the brightness of a mixture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.radiation import FWHM_TO_SIGMA, LIGHT_KMS, brightness_k, integrated_opacity

REACH_SIGMA = 3.5
"""A Gaussian line is computed this far from its centre; what lies beyond is 0.2 % of its peak."""
NEGLIGIBLE = 1e-5


@dataclass(frozen=True)
class Component:
    """One species in one body of gas: column density (cm^-2), T_ex (K), velocity and width (km/s), filling factor."""

    species: Species
    column_density_cm2: float
    temperature_k: float
    velocity_kms: float
    fwhm_kms: float
    filling: float = 1.0


def unit_opacity(
    species: Species, temperature_k: float, velocity_kms: float, fwhm_kms: float, frequency_mhz: np.ndarray
) -> np.ndarray:
    """Opacity of every channel for a column density of 1 cm^-2, float64 ndarray of shape (n_channels,).

    Parameters
    ----------
    frequency_mhz : ndarray of shape (n_channels,), ascending; gaps are allowed
    """
    opacity = np.zeros(len(frequency_mhz))
    centre = species.frequency_mhz * (1.0 - velocity_kms / LIGHT_KMS)
    sigma = centre / LIGHT_KMS * fwhm_kms * FWHM_TO_SIGMA
    inside = (centre + REACH_SIGMA * sigma > frequency_mhz[0]) & (centre - REACH_SIGMA * sigma < frequency_mhz[-1])
    if not inside.any():
        return opacity
    area = integrated_opacity(
        species.a_gu[inside],
        species.frequency_mhz[inside],
        species.e_low_k[inside],
        species.partition_function(temperature_k),
        temperature_k,
    )
    kept = area > NEGLIGIBLE * area.max()
    centre, sigma, area = centre[inside][kept], sigma[inside][kept], area[kept]
    first = np.searchsorted(frequency_mhz, centre - REACH_SIGMA * sigma)
    last = np.searchsorted(frequency_mhz, centre + REACH_SIGMA * sigma)
    count = last - first
    total = int(count.sum())
    if total == 0:
        return opacity
    line = np.repeat(np.arange(len(centre)), count)
    channel = np.arange(total) - np.repeat(np.cumsum(count) - count, count) + first[line]
    peak = area / (fwhm_kms * FWHM_TO_SIGMA * np.sqrt(2.0 * np.pi))
    offset = (frequency_mhz[channel] - centre[line]) / sigma[line]
    opacity += np.bincount(channel, peak[line] * np.exp(-0.5 * offset**2), minlength=len(opacity))
    return opacity


def mixture_brightness(
    components: Sequence[Component], frequency_mhz: np.ndarray, background_k: float = 2.725
) -> np.ndarray:
    """Brightness above the background of well-mixed gas, ndarray of shape (n_channels,).

    Opacities of components with the same filling factor are summed before the exponential; their source function is the
    opacity-weighted mean of J(T_ex). Bodies of gas with different filling factors stand beside each other.
    """
    total = np.zeros(len(frequency_mhz))
    for filling in sorted({item.filling for item in components}):
        opacity, weighted = np.zeros(len(frequency_mhz)), np.zeros(len(frequency_mhz))
        for item in components:
            if item.filling == filling:
                own = item.column_density_cm2 * unit_opacity(
                    item.species, item.temperature_k, item.velocity_kms, item.fwhm_kms, frequency_mhz
                )
                opacity += own
                weighted += own * brightness_k(item.temperature_k, frequency_mhz)
        source = weighted / np.maximum(opacity, 1e-300)
        excess = np.where(opacity > 0, source - brightness_k(background_k, frequency_mhz), 0.0)
        total += filling * excess * -np.expm1(-opacity)
    return total
