"""Molecular bands: where their heads lie. The fit of the molecules' strengths starts from these shapes."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Band:
    """One band: a step at `head_nm`, degraded over `scale_nm` (to the red when positive); cross-section in cm^2."""

    molecule: str
    head_nm: float
    scale_nm: float
    cross_section: float


BANDS = (
    Band("TiO", 476.1, 14.0, 3e-17),
    Band("TiO", 495.4, 14.0, 5e-17),
    Band("TiO", 516.7, 16.0, 6e-17),
    Band("TiO", 544.8, 16.0, 6e-17),
    Band("TiO", 584.7, 16.0, 4e-17),
    Band("TiO", 615.9, 18.0, 6e-17),
    Band("TiO", 665.1, 20.0, 6e-17),
    Band("TiO", 705.4, 24.0, 8e-17),
    Band("TiO", 758.9, 24.0, 5e-17),
    Band("TiO", 843.2, 20.0, 2.5e-17),
    Band("TiO", 885.9, 20.0, 2e-17),
    Band("TiO", 920.9, 20.0, 1e-17),
    Band("TiO", 1103.0, 20.0, 1e-17),
    Band("VO", 573.7, 20.0, 5e-17),
    Band("VO", 733.4, 22.0, 5e-17),
    Band("VO", 785.1, 22.0, 5e-17),
    Band("VO", 852.1, 22.0, 4e-17),
    Band("VO", 1046.0, 25.0, 2e-17),
    Band("CaH", 638.2, 12.0, 4e-17),
    Band("CaH", 675.0, 28.0, 5e-17),
    Band("MgH", 521.1, -14.0, 5e-17),
    Band("MgH", 484.5, -10.0, 1e-17),
    Band("CH", 431.3, -7.0, 1e-16),
    Band("CH", 388.9, -5.0, 3e-17),
    Band("CN", 388.3, -6.0, 1e-16),
    Band("CN", 421.6, -6.0, 3e-17),
    Band("CN", 788.0, 60.0, 3e-19),
    Band("H2O", 925.0, 25.0, 1e-20),
)
"""Heads: Pearse & Gaydon 1976, The Identification of Molecular Spectra."""
RISE_NM = 1.5
BACKGROUND = 1e-23
"""Cross-section far from every band, cm^2."""


def molecule_section(wavelength_nm: np.ndarray, molecule: str) -> np.ndarray:
    """First guess of a molecule's smooth cross-section in cm^2, (n_wave,)."""
    total = np.full(len(wavelength_nm), BACKGROUND)
    for band in BANDS:
        if band.molecule == molecule:
            distance = (wavelength_nm - band.head_nm) * np.sign(band.scale_nm)
            step = 1 / (1 + np.exp(-np.clip(distance / (0.3 * RISE_NM), -50, 50)))
            total += band.cross_section * step * np.exp(-np.maximum(distance, 0) / abs(band.scale_nm))
    return total
