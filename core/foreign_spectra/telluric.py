"""Absorption of the Earth's air: found where a spectrum still has it, and taken out as a gap.

Gaia has none of it. A library that left it in (STELIB) shows dips of 10 to 40 % at XP's resolution, which no star has.
"""

import numpy as np

BANDS_NM = ((686.0, 697.0), (715.0, 737.0), (757.0, 773.0), (812.0, 836.0), (892.0, 990.0))
"""O2 B, H2O, O2 A and H2O twice (Smette et al. 2015, A&A 576, A77, figure 1), in vacuum."""
_CENTRES_NM = ((759.8, 763.0), (687.0, 690.5))
"""Cores of O2 A and of O2 B, the deepest narrow bands; either side of each lies `_SIDE_NM` of continuum."""
_GAP_NM, _SIDE_NM = 10.0, 8.0
_DEEPEST_CORRECTED = 0.85
_LEAST_VALUES = 3


def has_telluric(wavelength_nm: np.ndarray, flux: np.ndarray) -> bool:
    """Whether the oxygen of the Earth's air absorbs more than 15 % in a spectrum's A band, or B band without that.

    False where neither is covered or resolved. The TiO head at 759 nm of a late M dwarf can pass for it.
    """
    for low, high in _CENTRES_NM:
        inside = _median(wavelength_nm, flux, low, high)
        left = _median(wavelength_nm, flux, low - _GAP_NM - _SIDE_NM, low - _GAP_NM)
        right = _median(wavelength_nm, flux, high + _GAP_NM, high + _GAP_NM + _SIDE_NM)
        if inside and left and right:
            return bool(inside < _DEEPEST_CORRECTED * 0.5 * (left + right))
    return False


def _median(wavelength_nm: np.ndarray, flux: np.ndarray, low: float, high: float) -> float | None:
    values = flux[(wavelength_nm >= low) & (wavelength_nm <= high) & np.isfinite(flux)]
    return float(np.median(values)) if len(values) >= _LEAST_VALUES else None


def without_telluric(wavelength_nm: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """The flux with NaN in `BANDS_NM`."""
    inside = np.logical_or.reduce([(wavelength_nm >= low) & (wavelength_nm <= high) for low, high in BANDS_NM])
    return np.where(inside, np.nan, flux)
