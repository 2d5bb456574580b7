"""A simulated hot core: the embedded example of the page, the same every time, and the sliders' spectrum."""

from collections.abc import Sequence

import numpy as np

from core.molecules.catalogue import Catalogue
from core.molecules.emission import Component, mixture_brightness
from core.molecules.observed import ObservedSpectrum

EXAMPLE_NAME = "Simulated hot core, 239.0 to 246.0 GHz"
VELOCITY_KMS, FWHM_KMS, NOISE_K, CHANNEL_MHZ = 12.5, 4.0, 0.15, 0.976
WINDOWS_GHZ = ((239.0, 240.9), (241.0, 243.4), (243.6, 246.0))
HOT_CORE: tuple[tuple[str, float, float], ...] = (
    ("CH3OH;vt=0", 2.0e17, 180.0), ("CH3OH;vt=1", 2.0e17, 180.0), ("CH3CN;v=0", 1.0e16, 220.0),
    ("CH3CN;v8=1", 1.0e16, 220.0), ("C-13-H3CN;v=0", 2.0e14, 220.0), ("CH3CH2CN;v=0", 6.0e15, 150.0),
    ("CH2CHCN;v=0", 3.0e15, 150.0), ("CH3OCHO;v=1", 1.0e17, 200.0), ("cis-CH2OHCHO;v=0", 1.2e16, 150.0),
    ("g-CH3CH2OH;v=0", 6.0e16, 160.0), ("t-CH3CH2OH;v=0", 6.0e16, 160.0), ("(CH3)2CO;v=0", 2.0e16, 150.0),
    ("gGa-(CH2OH)2;v=0", 1.0e16, 150.0), ("CH3CCH;v=0", 4.0e16, 70.0), ("HNCO;v=0", 8.0e15, 200.0),
    ("HC3N;v=0", 1.0e15, 120.0), ("HC3N;v4=1", 3.0e15, 200.0), ("t-HCOOH;v=0", 6.0e15, 120.0),
    ("SO2;v=0", 4.0e16, 150.0), ("S-34-O2;v=0", 3.0e15, 150.0), ("SO2;v2=1", 4.0e16, 200.0),
    ("H2CCO;v=0", 3.0e15, 100.0), ("H2C-13-O;v=0", 2.0e15, 120.0), ("c-H2COCH2;v=0", 2.0e15, 100.0),
    ("NH2CN;v=0", 5.0e14, 120.0), ("OC-13-S;v=0", 3.0e15, 120.0),
)  # fmt: skip
"""Species, column density (cm^-2) and excitation temperature (K): sizes as published for hot cores, no real source."""


def axis_mhz(windows_ghz: Sequence[tuple[float, float]] = WINDOWS_GHZ) -> tuple[np.ndarray, np.ndarray]:
    """Channel centres (MHz) of the windows, and the window of every channel."""
    parts = [np.arange(low * 1e3, high * 1e3, CHANNEL_MHZ) for low, high in windows_ghz]
    return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])


def make_spectrum(
    catalogue: Catalogue,
    content: Sequence[tuple[str, float, float]],
    *,
    velocity_kms: float = VELOCITY_KMS,
    fwhm_kms: float = FWHM_KMS,
    noise_k: float = NOISE_K,
    filling: float = 1.0,
    seed: int = 7,
) -> ObservedSpectrum:
    """A spectrum of the named species with white noise.

    Parameters
    ----------
    content : sequence of (key 'species;state', column density in cm^-2, excitation temperature in K)
    """
    frequency, window = axis_mhz()
    gas = [
        Component(catalogue.find(key)[0], column, temperature, velocity_kms, fwhm_kms, filling)
        for key, column, temperature in content
    ]
    value = mixture_brightness(gas, frequency) + np.random.default_rng(seed).normal(0.0, noise_k, len(frequency))
    return ObservedSpectrum(frequency, value, window, np.full(len(frequency), noise_k))


def hot_core(catalogue: Catalogue) -> ObservedSpectrum:
    """The embedded example; simulated."""
    return make_spectrum(catalogue, HOT_CORE)
