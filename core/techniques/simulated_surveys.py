"""What other surveys, Gaia's pipelines and the literature would list of simulated stars: noise, gaps, wrong types."""

import numpy as np
import pandas as pd

from core.gaia.frames import galactic
from core.photometric_systems import find_band, magnitude_error
from core.techniques.infrared_colours import INFRARED, infrared_magnitudes
from core.techniques.line_strengths import LINES, line_strengths
from core.techniques.ugr_colours import UGRI, ugri_magnitudes

LOST_IN_MATCHING = 0.03
"""Stars without a counterpart for reasons other than brightness: blends, artefacts, wrong matches that were refused."""
UGRI_B_DEG, UGRI_SHARE = 5.0, 0.6
"""Where u, g, r, i exist: the strip of VPHAS+ and IGAPS, of which so much is published (Drew et al. 2014; Monguio et
al. 2020, A&A 638, A18)."""
TYPE_SCATTER_SUBTYPES, TYPE_WRONG = 1.0, 0.05
"""One subtype (Liu et al. 2019, ApJS 241, 32); one type in twenty is of another star or of the wrong letter (ours)."""
CLASS_WRONG = 0.25
"""Luminosity class off by one (Liu et al. 2019: about one class)."""
TYPED_G_MAG, TYPED_WIDTH_MAG, TYPED_SHARE = 11.5, 0.9, 0.85
"""Hot stars with a type: most to G 10, few beyond 13, a third of all massive ones (ALS III lists 20,000 of about
66,000)."""
COOL_TYPED_G_MAG = 9.5
LINES_SHARE = 0.1
LINES_G_MAG = 16.5
RESOLUTION = 1_800.0
ESP_HS_SHARE, ESP_HS_TEFF_K, ESP_HS_ERROR = 0.75, 7_500.0, 0.08
GSP_PHOT_SHARE, GSP_PHOT_ERROR, GSP_PHOT_COOL = 0.8, 0.06, 0.35
"""Share of stars with parameters, relative error of Teff, share of hot reddened stars taken for cool ones without dust.
Error models of ours, of the size that Fouesneau et al. 2023 and Andrae et al. 2023 show; not Gaia's pipelines."""
_TYPES = (
    (44_900, "O3"), (41_400, "O5"), (39_500, "O6"), (37_100, "O7"), (35_100, "O8"), (33_300, "O9"), (31_400, "B0"),
    (26_000, "B1"), (20_600, "B2"), (17_000, "B3"), (16_400, "B4"), (15_700, "B5"), (14_500, "B6"), (14_000, "B7"),
    (12_300, "B8"), (10_700, "B9"), (9_700, "A0"), (8_800, "A2"), (8_100, "A5"), (7_590, "A8"), (7_220, "F0"),
    (6_550, "F5"), (5_930, "G0"), (5_660, "G5"), (5_270, "K0"), (4_440, "K5"), (3_850, "M0"), (3_060, "M5"),
)  # fmt: skip
"""Teff (K) of dwarfs: Pecaut & Mamajek 2013."""
_LETTERS = "OBAFGKM"


def survey_columns(stars: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Columns of 2MASS, WISE, u g r i, Gaia's pipelines, types and lines for a population table, in its order."""
    columns: dict[str, np.ndarray] = {}
    _observe(columns, INFRARED, infrared_magnitudes(stars, rng), rng)
    _, b_deg = galactic(stars["ra"].to_numpy(float), stars["dec"].to_numpy(float))
    ugri = ugri_magnitudes(stars)
    ugri[(np.abs(b_deg) > UGRI_B_DEG) | (rng.random(len(stars)) > UGRI_SHARE)] = np.nan
    _observe(columns, UGRI, ugri, rng)
    columns |= gaia_parameters(stars, rng)
    columns["spectral_type"] = published_types(stars, rng)
    columns |= line_columns(stars, rng)
    return pd.DataFrame(columns, index=stars.index)


def _observe(columns: dict, keys: tuple[str, ...], true: np.ndarray, rng: np.random.Generator) -> None:
    """Add magnitudes with their errors where the survey would list them."""
    n = len(true)
    gone = {find_band(key).survey: rng.random(n) < LOST_IN_MATCHING for key in keys}
    for number, key in enumerate(keys):
        band = find_band(key)
        error = magnitude_error(true[:, number], band)
        seen = true[:, number] + error * rng.standard_normal(n)
        with np.errstate(invalid="ignore"):
            listed = (error < 0.2) & (seen > band.saturation_mag) & ~gone[band.survey]
        columns[key] = np.where(listed, seen, np.nan)
        columns[f"{key}_error"] = np.where(listed, error, np.nan)


def gaia_parameters(stars: pd.DataFrame, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """teff_esphs, spectraltype_esphs, teff_gspphot, lum_flame as an error model of ours has them."""
    n = len(stars)
    teff, a_v = stars["true_teff"].to_numpy(float), stars["true_a_v"].to_numpy(float)
    # processed: by ESP-HS
    processed = (teff > ESP_HS_TEFF_K * np.exp(0.1 * rng.standard_normal(n))) & (rng.random(n) < ESP_HS_SHARE)
    esp_hs = teff * np.exp((ESP_HS_ERROR + 0.03 * a_v) * rng.standard_normal(n))
    kind = np.array(["B", "O", "A", "F", "G", "K", "M"], dtype=object)
    noisy = teff * np.exp(0.06 * rng.standard_normal(n))
    place = np.searchsorted([3_900, 5_300, 5_950, 7_300, 10_000, 31_500], noisy)
    letters = np.array(["M", "K", "G", "F", "A", "B", "O"], dtype=object)[place]
    assert set(letters) <= set(kind)
    known = rng.random(n) < GSP_PHOT_SHARE
    cool = (teff > 10_000) & (rng.random(n) < GSP_PHOT_COOL * np.clip(a_v / 2.0, 0.0, 1.5))
    gsp = np.minimum(teff, 50_000.0) * np.exp(GSP_PHOT_ERROR * (1 + 0.5 * a_v) * rng.standard_normal(n))
    gsp = np.where(cool, np.maximum(teff, 10_000.0) ** 0.35 * 4_500.0**0.65, gsp)
    radius = stars["radius_rsun"].to_numpy(float)
    luminosity = radius**2 * (teff / 5772.0) ** 4 * np.exp(0.25 * (1 + a_v / 3) * rng.standard_normal(n))
    sharp = stars["parallax"].to_numpy(float) > 5 * stars["parallax_error"].to_numpy(float)
    return {
        "teff_esphs": np.where(processed, esp_hs, np.nan),
        "spectraltype_esphs": np.where(rng.random(n) < 0.9, letters, ""),
        "teff_gspphot": np.where(known, gsp, np.nan),
        "lum_flame": np.where(known & sharp, np.where(cool, 0.1, 1.0) * luminosity, np.nan),
    }


def published_types(stars: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Types as the literature would have them: for some stars, off by a subtype or a class, a few quite wrong."""
    n = len(stars)
    teff, logg = stars["true_teff"].to_numpy(float), stars["true_logg"].to_numpy(float)
    g_mag = stars["true_g_mag"].to_numpy(float)
    centre = np.where(teff > 9_500.0, TYPED_G_MAG, COOL_TYPED_G_MAG)
    typed = rng.random(n) < TYPED_SHARE / (1 + np.exp((g_mag - centre) / TYPED_WIDTH_MAG))
    result = np.full(n, "", dtype=object)
    category, family = stars["category"].to_numpy(str), stars["family"].to_numpy(str)
    for row in np.flatnonzero(typed):
        if category[row] == "Wolf-Rayet":
            result[row] = "WN6" if rng.random() < 0.6 else "WC7"
        elif family[row] != "normal" and rng.random() < 0.7:
            result[row] = "DA" if "white" in family[row] else "sdB" if teff[row] < 38_000 else "sdO"
        else:
            result[row] = _type_text(teff[row], logg[row], category[row], rng)
    return result


def _type_text(teff: float, logg: float, category: str, rng: np.random.Generator) -> str:
    limits = np.array([limit for limit, _ in _TYPES], dtype=float)
    name = _TYPES[int(np.abs(np.log(limits / teff)).argmin())][1]
    place = 10.0 * _LETTERS.index(name[0]) + float(name[1:]) + TYPE_SCATTER_SUBTYPES * rng.standard_normal()
    if rng.random() < TYPE_WRONG:
        place += rng.choice([-8.0, -5.0, 5.0, 8.0])
    place = float(np.clip(place, 3.0, 69.0))
    luminosity = "V" if logg > 3.8 else "III" if logg > 3.0 else "Ib"
    if category == "OB supergiant":
        luminosity = "Ia" if rng.random() < 0.4 else "Ib"
    if rng.random() < CLASS_WRONG:
        luminosity = {"V": "IV", "III": "V", "Ib": "II", "Ia": "Ib"}[luminosity]
    text = f"{_LETTERS[int(place // 10)]}{int(place % 10)}{luminosity}"
    return text + ("e" if category == "Be" else "")


def line_columns(stars: pd.DataFrame, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """ew_* of a share of the stars, measured on spectra of R 1800 that are drawn for them."""
    n = len(stars)
    names = [f"ew_{line.key}{suffix}" for line in LINES for suffix in ("", "_error")]
    result = {name: np.full(n, np.nan) for name in names}
    bright = stars["true_g_mag"].to_numpy(float) < LINES_G_MAG
    for row in np.flatnonzero(bright & (rng.random(n) < LINES_SHARE)):
        star = stars.iloc[row]
        snr = float(np.clip(10 ** (2.3 - 0.15 * (star["true_g_mag"] - 10.0)), 15.0, 300.0))
        wavelength, flux = line_spectrum(float(star["true_teff"]), float(star["true_logg"]), star, snr, rng)
        for name, value in line_strengths(wavelength, flux).items():
            result[name][row] = value
    return result


_WIDTHS = {
    # Teff (K) and equivalent width (angstrom) of dwarfs
    "he_i_4471": ((8_500, 0.0), (10_500, 0.05), (12_300, 0.25), (15_700, 0.65), (18_500, 1.05), (21_500, 1.30),
                  (26_000, 1.15), (31_400, 0.95), (35_000, 0.70), (40_000, 0.35), (46_000, 0.10)),
    "mg_ii_4481": ((6_500, 0.45), (8_500, 0.50), (10_500, 0.38), (12_300, 0.32), (15_700, 0.27), (20_600, 0.22),
                   (26_000, 0.12), (33_000, 0.04), (40_000, 0.0)),
    "he_ii_4542": ((28_000, 0.0), (30_500, 0.05), (33_000, 0.30), (36_500, 0.65), (41_000, 0.85), (46_000, 0.80)),
    "he_ii_4686": ((26_000, 0.0), (29_000, 0.15), (31_400, 0.40), (35_000, 0.70), (41_000, 0.75)),
    "si_iii_4552": ((15_700, 0.02), (18_500, 0.10), (21_500, 0.18), (25_500, 0.30), (29_000, 0.18), (32_000, 0.08),
                    (36_000, 0.0)),
    "h_gamma": ((5_000, 1.5), (6_500, 4.5), (8_000, 10.5), (9_500, 13.5), (10_700, 12.0), (12_300, 9.5), (15_700, 6.8),
                (18_500, 5.4), (21_500, 4.5), (26_000, 3.6), (31_400, 2.7), (40_000, 1.9)),
    "h_delta": ((5_000, 1.5), (6_500, 4.5), (8_000, 10.5), (9_500, 13.5), (10_700, 12.0), (12_300, 9.5), (15_700, 6.8),
                (18_500, 5.4), (21_500, 4.5), (26_000, 3.6), (31_400, 2.7), (40_000, 1.9)),
    "ca_ii_k": ((6_000, 6.0), (7_200, 4.0), (8_100, 2.5), (9_700, 0.8), (11_000, 0.25), (15_000, 0.1), (30_000, 0.05)),
    "h_alpha": ((5_000, 2.0), (8_000, 9.0), (9_500, 11.0), (12_300, 7.5), (20_600, 4.0), (31_400, 2.5), (40_000, 1.8)),
}  # fmt: skip
"""After Didelon 1982 (A&AS 50, 199), Balona & Crampton 1974, Conti & Alschuler 1971, Gray & Corbally 2009."""
_SCATTER = 0.2


def line_spectrum(
    teff: float, logg: float, star: pd.Series, snr: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A normalised spectrum of R 1800 between 385 and 670 nm (air, nm; flux) with the lines of a star."""
    wavelength = np.arange(385.0, 670.0, 0.08)
    depth = np.zeros(len(wavelength))
    compact, helium_rich = str(star["family"]) != "normal", "helium_rich" in str(star["family"])
    for line in LINES:
        known = np.array(_WIDTHS[line.key], dtype=float)
        width = float(np.interp(np.log(teff), np.log(known[:, 0]), known[:, 1], right=known[-1, 1]))
        balmer = line.key.startswith("h_")
        if balmer:
            width *= 10 ** (0.12 * (min(logg, 5.5) - 4.0)) if teff > 9_000 else 1.0
        if compact:
            width *= (2.0 if helium_rich else 0.3) if line.key.startswith("he") else 1.0
        width *= np.exp(_SCATTER * rng.standard_normal())
        if line.key == "h_alpha":
            width -= 10.0 * float(star["halpha_nm"])
        elif balmer:
            width -= 0.06 * 10.0 * float(star["halpha_nm"])
        own = 0.9 if balmer else 0.0  # Stark wings
        sigma = np.hypot(line.air_nm / RESOLUTION / 2.355, max(own, 0.08))
        depth += 0.1 * width * np.exp(-0.5 * ((wavelength - line.air_nm) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    flux = np.maximum(1.0 - depth, 0.02)
    return wavelength, flux + rng.standard_normal(len(flux)) / snr
