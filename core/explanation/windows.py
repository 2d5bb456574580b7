"""Where in the spectrum: resolution-limited bands, and named windows of lines, jumps, molecules and continuum.

Both divide the 343 samples among them, each sample in one place, so that the sum over bands (or windows) is the sum
over the spectrum. Neighbouring samples are strongly correlated (about 26 degrees of freedom in 343 samples): a single
sample's attribution means little, a band's does.
"""

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM

Kind = Literal["hydrogen", "helium", "metals and molecules", "continuum"]
ELEMENTS_PER_BAND = 2.0
"""Band width in resolution elements (FWHM): what XP just separates."""
_RESOLVING_POWER = ((336.0, 72.0), (370.0, 68.0), (600.0, 25.0), (649.9, 25.0), (650.0, 85.0), (1020.0, 49.0))
"""(nm, R): BP up to 650 nm, then RP; measured on our instrument model (docs/decisions/instrument.md)."""


@dataclass(frozen=True)
class Window:
    """A stretch of the spectrum.

    Attributes
    ----------
    name : str
    low_nm, high_nm : float
        Samples with low_nm <= wavelength < high_nm belong to it.
    kind : 'hydrogen', 'helium', 'metals and molecules' or 'continuum'
    """

    name: str
    low_nm: float
    high_nm: float
    kind: Kind = "continuum"

    @property
    def samples(self) -> np.ndarray:
        """Boolean ndarray of shape (343,)."""
        return (self.low_nm <= WAVELENGTH_NM) & (self.high_nm > WAVELENGTH_NM)


WINDOWS: tuple[Window, ...] = (
    Window("Balmer continuum", 336, 360, "hydrogen"),
    Window("Balmer jump 364.6", 360, 386, "hydrogen"),
    Window("Ca II K H, Hε 397.0", 386, 400, "metals and molecules"),
    Window("He I 402.6", 400, 406, "helium"),
    Window("Hδ 410.2", 406, 416, "hydrogen"),
    Window("continuum 420", 416, 426),
    Window("CH G band 430.8", 426, 432, "metals and molecules"),
    Window("Hγ 434.0", 432, 440, "hydrogen"),
    Window("He I 447.1", 440, 454, "helium"),
    Window("continuum 458", 454, 464),
    Window("He II 468.6", 464, 474, "helium"),
    Window("continuum 476", 474, 478),
    Window("Hβ 486.1", 478, 496, "hydrogen"),
    Window("continuum 503", 496, 510),
    Window("Mg b 517.5", 510, 526, "metals and molecules"),
    Window("continuum 530", 526, 534),
    Window("He II 541.2", 534, 550, "helium"),
    Window("continuum 564", 550, 578),
    Window("He I 587.6, Na D 589.3", 578, 600, "helium"),
    Window("continuum 605", 600, 610),
    Window("TiO 615.9", 610, 630, "metals and molecules"),
    Window("continuum 637", 630, 644),
    Window("Hα 656.3", 644, 662, "hydrogen"),
    Window("He I 667.8, TiO 665.1", 662, 676, "helium"),
    Window("continuum 687", 676, 698),
    Window("He I 706.5, TiO 705.4", 698, 718, "helium"),
    Window("continuum 734", 718, 750),
    Window("TiO 758.9", 750, 780, "metals and molecules"),
    Window("continuum 796", 780, 812),
    Window("Paschen jump 820.4", 812, 832, "hydrogen"),
    Window("TiO 843.2, Paschen", 832, 846, "metals and molecules"),
    Window("Ca II triplet, Paschen", 846, 872, "metals and molecules"),
    Window("Paschen 11, 12", 872, 896, "hydrogen"),
    Window("Paschen 9, 10", 896, 938, "hydrogen"),
    Window("Paschen ε 954.6", 938, 974, "hydrogen"),
    Window("continuum 983", 974, 992),
    Window("Paschen δ 1004.9", 992, 1022, "hydrogen"),
)
"""Names give wavelengths in air, as is usual; limits are in vacuum, like the spectra. Lines: NIST Atomic Spectra
Database. Ca II, CH and Mg b: the windows of Worthey et al. (1994, ApJS 94, 687) and Cenarro et al. (2001, MNRAS 326,
959), widened to the resolution of XP. TiO band heads: Valenti et al. (1998, ApJ 498, 851) and Kirkpatrick et al. (1991,
ApJS 77, 417). Where XP blends two lines the window names both."""


@cache
def resolution_bands() -> tuple[Window, ...]:
    """Contiguous bands, each about two resolution elements wide."""
    fine = np.linspace(WAVELENGTH_NM[0] - 1, WAVELENGTH_NM[-1] + 1, 6861)
    power = np.interp(fine, *np.array(_RESOLVING_POWER).T)
    elements = np.concatenate([[0.0], np.cumsum((power / fine)[1:] * np.diff(fine))])
    n_bands = round(elements[-1] / ELEMENTS_PER_BAND)
    edges = np.interp(np.linspace(0, elements[-1], n_bands + 1), elements, fine)
    edges = 2 * np.round((edges - 1) / 2) + 1  # between the samples, which stand at even wavelengths
    return tuple(
        Window(f"{low + 1:.0f}–{high - 1:.0f} nm", float(low), float(high)) for low, high in itertools.pairwise(edges)
    )


def sums_in(windows: tuple[Window, ...], attributions: np.ndarray) -> np.ndarray:
    """Attributions summed over windows: (..., 343) -> (..., n_windows)."""
    members = np.stack([window.samples for window in windows], axis=1)  # (343, n_windows)
    return np.asarray(attributions, dtype=np.float64) @ members


def in_bands(attributions: np.ndarray) -> np.ndarray:
    """Attributions in resolution-limited bands: (..., 343) -> (..., n_bands)."""
    return sums_in(resolution_bands(), attributions)


def band_of_samples() -> np.ndarray:
    """Number of the resolution-limited band of each sample, int ndarray of shape (343,)."""
    numbers = np.zeros(N_SAMPLES, dtype=int)
    for number, band in enumerate(resolution_bands()):
        numbers[band.samples] = number
    return numbers
