"""Cataclysmic variables: a disc around a white dwarf, a cool donor, Balmer and helium lines in emission.

Disc: rings of black bodies, T ~ r^-3/4 (Shakura & Sunyaev 1973; Frank, King & Raine 2002, chapter 5), optically thin
light with the Balmer jump in emission. Lines: equivalent widths of H-alpha of 1 to 15 nm with a flat decrement (H-beta
0.5 to 1 of it), He I and He II 468.6 nm (Williams 1983, ApJS 53, 523; Warner 1995, chapters 2 and 3; Szkody et al.
2011, AJ 142, 181). Every sixth is magnetic: He II as strong as H-beta, cyclotron humps (Cropper 1990, SSRv 54, 195).
"""

import numpy as np
import pandas as pd

from core.simulation.grid import load_grid
from core.simulation.unusual.light import GRID_NM, Light, add_lines, behind_dust, black_body, lognormal, scaled_at

_BALMER = {656.28: 1.0, 486.13: 0.75, 434.05: 0.55, 410.17: 0.42, 397.01: 0.35, 388.91: 0.28}
_HELIUM = {587.56: 0.20, 447.15: 0.12, 667.82: 0.10, 706.52: 0.09, 501.57: 0.06, 492.19: 0.06}
_RED = {849.8: 0.10, 854.2: 0.10, 866.2: 0.10, 901.5: 0.12, 922.9: 0.15, 954.6: 0.18, 1004.9: 0.2, 844.6: 0.12}
_BALMER_JUMP_NM = 370.0
_N_RINGS = 24


def draw_cataclysmic(n: int, rng: np.random.Generator, halpha_nm: tuple[float, float] = (0.8, 25.0)) -> Light:
    """n cataclysmic variables with equivalent widths of H-alpha between two limits, nm."""
    disc = _disc(n, rng)
    white = np.where(rng.random(n) < 0.4, rng.uniform(0.1, 0.7, n), 0.0)[:, None]
    disc = (1 - white) * disc + white * _white_dwarf(n, rng)
    jump = np.where(rng.random(n) < 0.7, rng.uniform(0.0, 0.6, n), 0.0)[:, None]
    disc *= 1.0 + jump * (GRID_NM < _BALMER_JUMP_NM) * (GRID_NM / _BALMER_JUMP_NM) ** 3
    donor = np.where(rng.random(n) < 0.55, rng.beta(1.0, 2.0, n), 0.0)[:, None]
    cool = scaled_at(_donor(n, rng), 750.0)
    continuum = scaled_at(disc, 750.0) * (1 - donor) + donor * cool
    halpha = np.clip(lognormal(5.0, 0.75, n, rng), *halpha_nm)
    magnetic = rng.random(n) < 0.17
    decrement = rng.uniform(0.65, 1.35, n)
    widths = {c: halpha * s * decrement ** np.log2(656.28 / c * 1.2) * lognormal(1.0, 0.12, n, rng)
              for c, s in _BALMER.items()}  # fmt: skip
    helium = lognormal(1.0, 0.5, n, rng)
    widths |= {c: halpha * s * helium for c, s in _HELIUM.items()}
    ionised = halpha * np.where(magnetic, rng.uniform(0.4, 1.0, n), lognormal(0.12, 0.7, n, rng))
    widths |= {468.57: ionised, 463.8: halpha * rng.uniform(0.0, 0.15, n), 541.15: 0.2 * ionised}
    red = rng.uniform(0.2, 1.3, n)
    widths |= {c: halpha * s * red for c, s in _RED.items()}
    flux = add_lines(continuum, continuum, widths, rng.uniform(500.0, 2200.0, n))
    flux *= 1.0 + magnetic[:, None] * _cyclotron(n, rng)
    a_v = np.minimum(rng.exponential(0.5, n), 3.0)
    return Light(behind_dust(flux, a_v, rng), pd.DataFrame({"halpha_nm": halpha, "a_v": a_v, "magnetic": magnetic}))


def _disc(n: int, rng: np.random.Generator) -> np.ndarray:
    hottest, size = np.exp(rng.uniform(np.log(9_000.0), np.log(60_000.0), n)), rng.uniform(8.0, 50.0, n)
    total = np.zeros((n, len(GRID_NM)))
    for part in (np.arange(_N_RINGS) + 0.5) / _N_RINGS:
        radius = size**part
        # No ring cools below 5,500 K: there hydrogen recombines and the thin gas shines in lines alone.
        total += (radius**2)[:, None] * black_body(np.maximum(hottest * radius**-0.75, 5_500.0))
    return scaled_at(total)


def _white_dwarf(n: int, rng: np.random.Generator) -> np.ndarray:
    return scaled_at(atmosphere(rng.uniform(10_000.0, 35_000.0, n), np.full(n, 8.0), "white_dwarf"))


def _donor(n: int, rng: np.random.Generator) -> np.ndarray:
    return atmosphere(np.clip(rng.normal(3_500.0, 450.0, n), 2_850.0, 5_200.0), np.full(n, 4.8), "normal")


def atmosphere(teff: np.ndarray, logg: np.ndarray, family: str) -> np.ndarray:
    """Surface flux on `GRID_NM`, solar metallicity: (n, n_wave)."""
    grid = load_grid()
    flux = grid.flux(teff, grid.nearest_logg(teff, logg, family), np.zeros(len(teff)), family)
    return np.stack([np.interp(GRID_NM, grid.wavelength_nm, row) for row in flux])


def _cyclotron(n: int, rng: np.random.Generator) -> np.ndarray:
    """One to three broad humps, relative to the light below them."""
    total = np.zeros((n, len(GRID_NM)))
    for _ in range(3):
        centre, width = rng.uniform(450.0, 950.0, (n, 1)), rng.uniform(20.0, 60.0, (n, 1))
        total += rng.uniform(0.0, 0.5, (n, 1)) * np.exp(-0.5 * ((GRID_NM - centre) / width) ** 2)
    return total
