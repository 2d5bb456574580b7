"""A star without its dust: known extinctions, each with its source, and what the star's own spectrum makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.gaia.hot_stars import typical_a_g
from core.simulation.extinction import R_V_RANGE, transmission
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.photometry import synthetic_photometry
from core.verdict.facts import to_number

MEAN_R_V = 3.1


@dataclass(frozen=True)
class Extinction:
    """A(V) of a star (mag) with its R(V), and who says so."""

    source: str
    a_v: float
    r_v: float = MEAN_R_V


@dataclass(frozen=True)
class DustFree:
    """G and BP-RP (mag) of a star without its dust, and A_G (mag); `of` is the extinction that was taken off."""

    of: Extinction
    a_g: float
    g: float
    bp_rp: float


def extinctions_of(
    gaia: Mapping[str, object], known: Mapping[str, object], fit: Mapping[str, object] | None = None
) -> list[Extinction]:
    """Every extinction that is known of a star, the best founded first.

    Parameters
    ----------
    gaia : mapping
        Gaia's columns: azero_esphs and azero_gspphot (A_0 at 541.4 nm, which A(V) hardly differs from), or true_a_v.
    known : mapping
        Columns of the shipped sample: a_v_mag (of a paper) and a_v_rough_mag.
    fit : mapping or None
        A row of `core.parameters.fit`, where the star has been fitted.
    """
    found = []
    if np.isfinite(true := to_number(gaia.get("true_a_v"))):
        found.append(Extinction("the simulation", true, _r_v(gaia.get("true_r_v"))))
    if np.isfinite(published := to_number(known.get("a_v_mag"))):
        found.append(Extinction(str(known.get("reference") or "a paper"), published))
    if fit is not None and np.isfinite(fitted := to_number(fit.get("a_v"))):
        found.append(Extinction("the fit by physics", fitted, _r_v(fit.get("r_v"))))
    for column, source in (("azero_esphs", "ESP-HS"), ("azero_gspphot", "GSP-Phot")):
        if np.isfinite(value := to_number(gaia.get(column))):
            found.append(Extinction(source, value))
    if np.isfinite(rough := to_number(known.get("a_v_rough_mag"))):
        found.append(Extinction("APOGEE (from A_K)", rough))
    return [item for item in found if item.a_v >= 0]


def _r_v(value: object) -> float:
    number = to_number(value)
    return float(np.clip(number, *R_V_RANGE)) if np.isfinite(number) else MEAN_R_V


def without_dust(flux: np.ndarray, extinction: Extinction, g: float = float("nan")) -> DustFree | None:
    """Colour and magnitude of a spectrum (343,) with the dust taken off; None where its photometry is undefined.

    A_G follows from the star's own spectrum and the curve of Gordon et al. 2023 (ApJ 950, 86). `g` is the measured G;
    without it that of the spectrum stands.
    """
    clear = flux / transmission(WAVELENGTH_NM, np.array([extinction.a_v]), extinction.r_v)[0]
    g_seen, *_ = synthetic_photometry(flux[None])
    g_clear, bp_clear, rp_clear = synthetic_photometry(clear[None])
    a_g = float(g_seen[0] - g_clear[0])
    colour = float(bp_clear[0] - rp_clear[0])
    if not np.isfinite(a_g) or not np.isfinite(colour):
        return None
    return DustFree(extinction, a_g, (g if np.isfinite(g) else float(g_seen[0])) - a_g, colour)


def a_g_of(
    flux: np.ndarray | None, gaia: Mapping[str, object], known: Mapping[str, object], looks_massive: bool
) -> tuple[float | None, str]:
    """(A_G in mag, who says so) for an absolute magnitude: Gaia's own first, then papers, then the colour.

    A star that looks massive and of which nothing is known gets what a star of 25,000 K needs for its colour; any other
    one (None, '').
    """
    for column, source in (("ag_esphs", "ESP-HS"), ("ag_gspphot", "GSP-Phot")):
        if np.isfinite(value := to_number(gaia.get(column))):
            return value, source
    for item in extinctions_of(gaia, known):
        found = None if flux is None else without_dust(flux, item)
        if found is not None:
            return found.a_g, f"A_V {item.a_v:.1f} of {item.source}"
    bp_rp = to_number(gaia.get("bp_rp"))
    if looks_massive and np.isfinite(bp_rp):
        return float(typical_a_g(np.array([bp_rp]))[0]), "its colour, if it is a hot star"
    return None, ""
