"""A star's spectrum as another instrument took it."""

from dataclasses import dataclass, field

import numpy as np

CALIBRATED, RELATIVE, NARROW = "calibrated", "relative", "narrow"
"""Flux-calibrated over its range; only relative over short ranges; too narrow a range for a shape."""
BROAD_NM = (400.0, 700.0)
"""A spectrum that lacks a part of this range is too narrow to be seen through XP's instrument."""

_MOST_A_V_MAG = 20.0


@dataclass(frozen=True, eq=False)
class OneSpectrum:
    """A spectrum.

    Attributes
    ----------
    name : str
        Of the star, or of the file.
    instrument : str
        What took it, as far as the file says.
    wavelength_nm : float64 ndarray of shape (n,)
        In vacuum, rising.
    flux : float64 ndarray of shape (n,)
        F_lambda on any scale; NaN where there is a gap.
    kind : 'calibrated', 'relative' or 'narrow'
    spectral_type : str
        As the file says; '' where it does not.
    removed_a_v_mag : float
        Interstellar extinction A_V that was taken off the flux, as the file says; 0 where it says nothing.
    """

    name: str
    instrument: str
    wavelength_nm: np.ndarray = field(repr=False)
    flux: np.ndarray = field(repr=False)
    kind: str = CALIBRATED
    spectral_type: str = ""
    removed_a_v_mag: float = 0.0

    @property
    def range_nm(self) -> tuple[float, float]:
        """First and last wavelength with a flux."""
        known = self.wavelength_nm[np.isfinite(self.flux)]
        return (float(known[0]), float(known[-1])) if len(known) else (np.nan, np.nan)

    @property
    def resolution(self) -> float:
        """The largest resolving power that the sampling allows near 450 nm (two pixels)."""
        step = np.median(np.diff(self.wavelength_nm))
        return float(450.0 / (2.0 * step)) if step > 0 else np.nan


def vacuum_of(air_nm: np.ndarray) -> np.ndarray:
    """Wavelengths in vacuum, nm, of wavelengths in air (Ciddor 1996, Appl. Opt. 35, 1566; above 200 nm).

    >>> round(float(vacuum_of(np.array([656.28]))[0]), 2)
    656.46
    """
    air = np.asarray(air_nm, dtype=float)
    s2 = (1e3 / air) ** 2
    return air * (1.0 + 5.792105e-2 / (238.0185 - s2) + 1.67917e-3 / (57.362 - s2))


def kind_of(wavelength_nm: np.ndarray, flux: np.ndarray, relative: bool) -> str:
    """NARROW where the broad range is not covered, else what the survey's calibration allows."""
    known = wavelength_nm[np.isfinite(flux)]
    if not len(known) or known.min() > BROAD_NM[0] or known.max() < BROAD_NM[1]:
        return NARROW
    return RELATIVE if relative else CALIBRATED


def removed_extinction(stated: object) -> float:
    """The A_V (mag) that a table or header states as taken off; 0 for none, and for what is no number from 0 to 20.

    >>> removed_extinction("0.79"), removed_extinction(None), removed_extinction(-99.0)
    (0.79, 0.0, 0.0)
    """
    try:
        value = float(stated)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return value if 0.0 < value <= _MOST_A_V_MAG else 0.0
