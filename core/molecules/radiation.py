"""Physics of a line in local thermodynamic equilibrium: opacity, brightness. SI constants, MHz, K, km/s, cm^-2."""

import numpy as np

CM_TO_K = 1.4387769
"""h c / k in cm K."""
MHZ_TO_K = 4.7992430e-5
"""h / k in K per MHz."""
LIGHT_KMS = 299792.458
BANDS_GHZ: tuple[tuple[float, float], ...] = ((80.0, 116.0), (127.0, 170.0), (195.0, 280.0), (320.0, 375.0))
"""What the catalogue covers: ALMA's bands 3, 4, 6 and 7 in their commonest tunings."""
FWHM_TO_SIGMA = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))


def strength_of_intensity(lg_intensity, frequency_mhz, e_low_cm, q_300: float) -> np.ndarray:
    """A_ul g_u (1/s) from the catalogues' lg intensity (nm^2 MHz) at 300 K (Pickett et al. 1998, eq. 9)."""
    frequency, e_low = np.asarray(frequency_mhz, float), np.asarray(e_low_cm, float)
    low, high = -e_low * CM_TO_K / 300.0, -(e_low * CM_TO_K + frequency * MHZ_TO_K) / 300.0
    boltzmann = np.exp(low) - np.exp(high)
    return 10.0 ** np.asarray(lg_intensity, float) * frequency**2 * q_300 * 2.7964e-16 / boltzmann


def brightness_k(temperature_k, frequency_mhz) -> np.ndarray:
    """Rayleigh-Jeans equivalent brightness J(T) of a black body (K)."""
    energy = np.asarray(frequency_mhz) * MHZ_TO_K
    return energy / np.expm1(energy / np.asarray(temperature_k))


def integrated_opacity(a_gu, frequency_mhz, e_low_k, q: float, temperature_k: float) -> np.ndarray:
    """Opacity of lines integrated over velocity, per column density: km/s per cm^-2.

    tau dv = c^3 / (8 pi nu^3) (N / Q) A g_u exp(-E_low / T) (1 - exp(-h nu / k T)) (Mangum & Shirley 2015, eq. 32).
    """
    frequency = np.asarray(frequency_mhz)
    cubed = (LIGHT_KMS * 1e5) ** 3 / (8.0 * np.pi * (frequency * 1e6) ** 3)
    stimulated = -np.expm1(-frequency * MHZ_TO_K / temperature_k)
    return cubed / q * np.asarray(a_gu) * np.exp(-np.asarray(e_low_k) / temperature_k) * stimulated * 1e-5


def peak_opacity(integrated_kms, fwhm_kms: float) -> np.ndarray:
    """Opacity at the centre of a Gaussian line of the given width."""
    return np.asarray(integrated_kms) / (fwhm_kms * FWHM_TO_SIGMA * np.sqrt(2.0 * np.pi))
