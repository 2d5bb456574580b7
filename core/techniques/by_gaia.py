"""Techniques that rest on what Gaia's own pipelines say of a star: ESP-HS and ESP-ELS, GSP-Phot and FLAME."""

import numpy as np

from core.techniques.evidence import Evidence
from core.techniques.vote import Scores, scores

B2V_TEFF_K = 20_600.0
"""Pecaut & Mamajek 2013, ApJS 208, 9 (table of 2021): a B2 dwarf, 7.3 suns."""
B2V_LOG_LUMINOSITY = 3.43
_BROAD = 0.12  # dex of log L that count as much as 12 % of Teff
OFF = -1.5
"""Score of a star that the pipeline calls another type than O or B."""


def by_esp_hs(evidence: Evidence) -> Scores:
    """ln(Teff of ESP-HS over that of B2 V); a type of ESP-ELS other than O or B speaks against it."""
    teff, kind = evidence.numbers("teff_esphs"), evidence.texts("spectraltype_esphs")
    other = np.isin(kind, ["A", "F", "G", "K", "M", "CSTAR"])
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.log(teff / B2V_TEFF_K)
    value = np.where(other, np.minimum(np.nan_to_num(value, nan=OFF), OFF), value)
    only_type = np.isnan(teff) & np.isin(kind, ["O", "B"])
    return scores(
        value,
        (only_type, "ESP-ELS says O or B, and ESP-HS gives no temperature"),
        (np.isnan(teff) & ~other, "no teff_esphs, no type of ESP-ELS"),
        (np.nan_to_num(teff, nan=1.0) <= 0, "teff_esphs is not above zero"),
    )


def by_gsp_phot(evidence: Evidence) -> Scores:
    """The least of: ln(Teff of GSP-Phot over B2 V), log L of FLAME above that of B2 V, and FLAME's mass above 8."""
    teff, luminosity = evidence.numbers("teff_gspphot"), evidence.numbers("lum_flame")
    mass = evidence.numbers("mass_flame")
    with np.errstate(invalid="ignore", divide="ignore"):
        hot = np.log(teff / B2V_TEFF_K)
        bright = (np.log10(luminosity) - B2V_LOG_LUMINOSITY) / (_BROAD * 10)
        heavy = np.log(mass / 8.0)
    value = np.where(np.isfinite(bright), np.minimum(hot, bright), hot)
    value = np.where(np.isfinite(heavy), np.minimum(value, np.maximum(heavy, -5.0)), value)
    return scores(value, (np.isnan(teff), "no teff_gspphot"), (np.nan_to_num(teff, nan=1.0) <= 0, "teff_gspphot <= 0"))
