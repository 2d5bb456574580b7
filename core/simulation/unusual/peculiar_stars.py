"""Stars with spectra of their own: T Tauri stars, carbon stars, dwarfs and giants with Balmer lines, DC white dwarfs.

They are stars, and no doubt may dismiss them. T Tauri: late types with H-alpha of 0.3 to 15 nm, veiling and a Balmer
jump in emission (Hartigan et al. 1995, ApJ 452, 736; Herczeg & Hillenbrand 2014, ApJ 786, 97). Carbon stars: bands of
C2, CN and CH in K and M giants (Barnbaum et al. 1996, ApJS 105, 419). Flare stars: H-alpha of up to 2 nm (West et al.
2008, AJ 135, 785). Mira stars: hydrogen in emission (Yao et al. 2017, ApJS 232, 16). DC white dwarfs: no lines at all.
"""

import numpy as np
import pandas as pd

from core.simulation.unusual.discs import atmosphere
from core.simulation.unusual.light import GRID_NM, Light, add_lines, behind_dust, black_body, lognormal, scaled_at

_SWAN_HEADS_NM = (438.3, 473.7, 516.5, 563.5, 619.1)
"""C2, degraded to the blue of their heads."""
_CYANOGEN_HEADS_NM = (421.6, 609.5, 647.8, 692.5, 709.0, 787.3, 806.7, 914.1, 938.1)
"""CN, degraded to the red (the violet band to the blue is close enough at XP's resolution)."""
_DISC_LINES = {656.28: 1.0, 486.13: 0.30, 434.05: 0.18, 410.17: 0.12, 587.56: 0.04, 849.8: 0.15, 854.2: 0.15,
               866.2: 0.13, 844.6: 0.04, 630.03: 0.02, 393.4: 0.15, 396.8: 0.1}  # fmt: skip
_FLARE_LINES = {656.28: 1.0, 486.13: 0.8, 434.05: 0.6, 410.17: 0.5, 393.4: 0.6, 396.8: 0.6}
_MIRA_LINES = {410.17: 1.0, 434.05: 0.7, 486.13: 0.12, 656.28: 0.15}


def draw_t_tauri(n: int, rng: np.random.Generator) -> Light:
    """n T Tauri stars, classical ones three in four."""
    teff = np.clip(rng.normal(3_900.0, 600.0, n), 2_900.0, 6_200.0)
    star = scaled_at(atmosphere(teff, rng.uniform(3.4, 4.4, n), "normal"), 700.0)
    accretes = rng.random(n) < 0.75
    halpha = np.where(accretes, np.clip(lognormal(3.0, 0.9, n, rng), 0.3, 20.0), rng.uniform(0.05, 0.6, n))
    veiling = np.where(accretes, np.clip(lognormal(0.15, 1.0, n, rng), 0.0, 1.5), 0.0)[:, None]
    hot = scaled_at(black_body(rng.uniform(6_500.0, 9_500.0, n)), 700.0)
    jump = 1.0 + rng.uniform(0.3, 2.0, (n, 1)) * (GRID_NM < 370.0)
    continuum = star + veiling * hot * jump
    scatter = {c: halpha * s * lognormal(1.0, 0.3, n, rng) for c, s in _DISC_LINES.items()}
    flux = add_lines(continuum, continuum, scatter, rng.uniform(100.0, 450.0, n))
    a_v = np.minimum(rng.exponential(1.3, n), 6.0)
    return Light(behind_dust(flux, a_v, rng), pd.DataFrame({"teff": teff, "halpha_nm": halpha, "a_v": a_v}))


def draw_carbon_stars(n: int, rng: np.random.Generator) -> Light:
    """n carbon stars, from weak bands in warm giants and dwarfs (CH, dC) to N stars, dark in the blue."""
    teff = rng.uniform(2_900.0, 5_400.0, n)
    logg = np.where(rng.random(n) < 0.25, 4.6, np.clip((teff - 3_000.0) / 900.0, 0.2, 2.8))
    flux = scaled_at(_smooth_cool(teff, logg, rng), 700.0)
    strength, width = rng.beta(1.4, 1.6, n)[:, None], rng.uniform(2.0, 5.0, (n, 1))
    for heads, side, share in ((_SWAN_HEADS_NM, -1.0, (0.4, 1.0)), (_CYANOGEN_HEADS_NM, 1.0, (0.15, 0.7))):
        for head in heads:
            inside = side * (GRID_NM - head)
            depth = 0.92 * strength * rng.uniform(*share, (n, 1))
            reach = rng.uniform(12.0, 34.0, (n, 1))
            flux *= 1.0 - depth * 0.5 * (1.0 + np.tanh(inside / width)) * np.exp(-np.maximum(inside, 0.0) / reach)
    violet = strength * rng.uniform(0.0, 3.5, (n, 1)) * np.clip((460.0 - GRID_NM) / 60.0, 0.0, 1.5)
    flux *= np.exp(-violet)
    a_v = np.minimum(rng.exponential(0.9, n), 6.0)
    about = pd.DataFrame({"teff": teff, "strength": strength[:, 0], "halpha_nm": 0.0, "a_v": a_v})
    return Light(behind_dust(flux, a_v, rng), about)


def draw_active_cool_stars(n: int, rng: np.random.Generator) -> Light:
    """n flare stars (M and K dwarfs) and Mira variables (M giants) with hydrogen in emission."""
    mira = rng.random(n) < 0.35
    teff = np.where(mira, rng.uniform(2_850.0, 3_500.0, n), rng.uniform(2_850.0, 4_300.0, n))
    flux = atmosphere(teff, np.where(mira, 0.3, 4.8), "normal")
    halpha = np.where(mira, rng.uniform(0.0, 4.0, n), np.clip(lognormal(0.4, 0.6, n, rng), 0.05, 2.0))
    widths = {}
    for centre in {*_FLARE_LINES, *_MIRA_LINES}:
        share = np.where(mira, _MIRA_LINES.get(centre, 0.0), _FLARE_LINES.get(centre, 0.0))
        widths[centre] = halpha * share
    flux = add_lines(flux, flux, widths, np.full(n, 100.0))
    a_v = np.where(mira, np.minimum(rng.exponential(1.0, n), 6.0), 0.1 * rng.random(n))
    return Light(behind_dust(flux, a_v, rng), pd.DataFrame({"teff": teff, "halpha_nm": halpha, "a_v": a_v}))


def draw_lineless_stars(n: int, rng: np.random.Generator) -> Light:
    """n stars without lines that XP shows: DC white dwarfs, and black bodies of any temperature and dust."""
    teff = np.exp(rng.uniform(np.log(2_800.0), np.log(60_000.0), n))
    a_v = np.where(rng.random(n) < 0.6, 0.0, np.minimum(rng.exponential(0.8, n), 4.0))
    about = pd.DataFrame({"teff": teff, "halpha_nm": 0.0, "a_v": a_v})
    return Light(behind_dust(black_body(teff), a_v, rng), about)


def _smooth_cool(teff: np.ndarray, logg: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Giants whose oxygen is bound in CO: no TiO. A warmer star's lines on the cool star's slope."""
    warm = np.maximum(teff, 4_300.0)
    lines = atmosphere(warm, np.maximum(logg, 1.5), "normal")
    return lines * black_body(teff * rng.uniform(0.97, 1.03, len(teff))) / black_body(warm)
