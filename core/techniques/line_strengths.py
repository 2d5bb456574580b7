"""Equivalent widths of classification lines in a medium-resolution spectrum, with their errors."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """A line: key, wavelength in air (nm), half width of the line's window, and the two windows of its continuum (nm).

    The windows' edges count from the line's centre.
    """

    key: str
    title: str
    air_nm: float
    half_nm: float
    blue_nm: tuple[float, float]
    red_nm: tuple[float, float]


LINES: tuple[Line, ...] = (
    Line("ca_ii_k", "Ca II K", 393.37, 0.5, (-1.6, -0.9), (0.9, 1.3)),
    Line("h_delta", "H delta", 410.17, 3.0, (-5.5, -4.0), (4.0, 5.5)),
    Line("h_gamma", "H gamma", 434.05, 3.0, (-5.5, -4.0), (4.0, 5.5)),
    Line("he_i_4471", "He I 4471", 447.15, 0.55, (-1.7, -1.0), (1.9, 2.6)),
    Line("mg_ii_4481", "Mg II 4481", 448.12, 0.35, (-2.6, -2.0), (0.8, 1.6)),
    Line("he_ii_4542", "He II 4542", 454.16, 0.6, (-2.2, -1.2), (0.9, 1.2)),
    Line("si_iii_4552", "Si III 4552", 455.26, 0.4, (-0.7, -0.5), (0.6, 0.9)),
    Line("he_ii_4686", "He II 4686", 468.57, 0.6, (-2.0, -1.1), (1.1, 2.0)),
    Line("h_alpha", "H alpha", 656.28, 1.5, (-5.0, -3.0), (3.0, 5.0)),
)
"""Wavelengths: NIST. Windows as wide as a spectrum of R 1800 needs, between neighbouring lines."""
LEAST_RESOLUTION = 800.0


def air_of(vacuum_nm: np.ndarray) -> np.ndarray:
    """Wavelength in air, nm (Morton 2000, ApJS 130, 403, with the IAU's formula)."""
    s2 = (1e3 / np.asarray(vacuum_nm, dtype=float)) ** 2
    return vacuum_nm / (1.0 + 8.34254e-5 + 2.406147e-2 / (130.0 - s2) + 1.5998e-4 / (38.9 - s2))


def equivalent_width(wavelength_air_nm: np.ndarray, flux: np.ndarray, line: Line) -> tuple[float, float]:
    """(equivalent width, error) of a line in angstrom, absorption positive; NaN where the spectrum lacks it.

    The continuum is a straight line through the medians of both windows; the error follows from the scatter in them.
    """
    x = np.asarray(wavelength_air_nm, dtype=float) - line.air_nm
    inside, blue, red = (
        (x >= low) & (x <= high) for low, high in ((-line.half_nm, line.half_nm), line.blue_nm, line.red_nm)
    )
    if inside.sum() < 3 or blue.sum() < 2 or red.sum() < 2 or not np.isfinite(flux[inside | blue | red]).all():
        return np.nan, np.nan
    at = float(np.mean(x[blue])), float(np.mean(x[red]))
    level = float(np.median(flux[blue])), float(np.median(flux[red]))
    if min(level) <= 0:
        return np.nan, np.nan
    continuum = level[0] + (level[1] - level[0]) * (x - at[0]) / (at[1] - at[0])
    step_nm = float(np.median(np.diff(x[inside])))
    width = float(np.sum(1.0 - flux[inside] / continuum[inside]) * step_nm)
    both = blue | red
    scatter = float(np.std(flux[both] / continuum[both] - 1.0, ddof=1))
    error = scatter * step_nm * np.sqrt(inside.sum() * (1.0 + inside.sum() / both.sum()))
    return 10.0 * width, 10.0 * error


def line_strengths(wavelength_air_nm: np.ndarray, flux: np.ndarray) -> dict[str, float]:
    """ew_<key> and ew_<key>_error (angstrom) of every line of `LINES` that the spectrum covers."""
    found: dict[str, float] = {}
    for line in LINES:
        width, error = equivalent_width(wavelength_air_nm, flux, line)
        if np.isfinite(width):
            found[f"ew_{line.key}"], found[f"ew_{line.key}_error"] = width, error
    return found
