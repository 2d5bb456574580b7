"""Molecular bands of TiO, VO, CaH, MgH, CH, CN, OH, FeH: known band heads, parametrised shapes."""

from dataclasses import dataclass

import numpy as np

from core.simulation.atmosphere.gas import Gas


@dataclass(frozen=True)
class Band:
    """One band: sharp at `head_nm`, degraded over `scale_nm` (to the red when positive), with a cross-section in cm^2."""

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
    Band("OH", 330.0, -20.0, 3e-17),
    Band("H2O", 925.0, 25.0, 1e-20),
)
"""Heads: Pearse & Gaydon 1976, The Identification of Molecular Spectra; cross-sections fitted (see decisions)."""
RISE_NM = 1.5


def band_shape(wavelength_nm: np.ndarray, head_nm: float, scale_nm: float) -> np.ndarray:
    """Unit-height profile: a smooth step at the head, an exponential decay away from it."""
    distance = (wavelength_nm - head_nm) * np.sign(scale_nm)
    step = 1 / (1 + np.exp(-np.clip(distance / (0.3 * RISE_NM), -50, 50)))
    return step * np.exp(-np.maximum(distance, 0) / abs(scale_nm))


def band_sections(wavelength_nm: np.ndarray, cross_sections: np.ndarray | None = None) -> np.ndarray:
    """Cross-sections in cm^2, (n_band, n_wave)."""
    values = [band.cross_section for band in BANDS] if cross_sections is None else cross_sections
    return np.array([s * band_shape(wavelength_nm, b.head_nm, b.scale_nm) for b, s in zip(BANDS, values, strict=True)])


def band_absorption(gas: Gas, sections: np.ndarray) -> np.ndarray | float:
    """Molecular band absorption, cm^-1, (n_depth, n_wave); 0 where the gas is too hot for molecules."""
    if "TiO" not in gas.density:
        return 0.0
    return np.stack([gas.density[band.molecule] for band in BANDS], axis=1) @ sections
