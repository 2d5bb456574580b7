"""Planetary nebulae: recombination and forbidden lines over the weak continuum of gas and central star.

Fluxes relative to H-beta: hydrogen and helium of case B at 10,000 K (Osterbrock & Ferland 2006, tables 4.2 to 4.6),
metals in the range of Kwitter & Henry 2001 (ApJ 562, 804) and Stanghellini & Haywood 2010 (ApJ 714, 1096); the more
He II the higher the excitation (Dopita & Meatheringham 1990, ApJ 357, 140).
"""

import numpy as np
import pandas as pd

from core.simulation.unusual.light import GRID_NM, Light, add_lines, behind_dust, black_body, lognormal, scaled_at

_HYDROGEN = {656.28: 2.86, 486.13: 1.0, 434.05: 0.469, 410.17: 0.259, 397.01: 0.159, 388.91: 0.105, 383.54: 0.073,
             1004.94: 0.055, 954.6: 0.037, 922.9: 0.025, 901.49: 0.018, 886.3: 0.014}  # fmt: skip
_HELIUM = {587.56: 0.15, 447.15: 0.05, 667.82: 0.04, 706.52: 0.05, 501.57: 0.025}
_IONISED_HELIUM = {468.57: 1.0, 541.15: 0.08, 1012.4: 0.22, 454.16: 0.035, 656.01: 0.14}


def draw_planetary_nebulae(n: int, rng: np.random.Generator, hbeta_nm: tuple[float, float] = (2.0, 200.0)) -> Light:
    """n planetary nebulae whose H-beta has an equivalent width between two limits, nm."""
    hbeta = np.clip(lognormal(20.0, 1.1, n, rng), *hbeta_nm)
    excitation = rng.random(n)
    oxygen = 10.0 ** rng.normal(0.35 + 0.75 * excitation, 0.25)  # [O III] 500.7
    nitrogen = 10.0 ** rng.normal(0.4 - 0.9 * excitation, 0.45)  # [N II] 658.4
    ionised = np.where(excitation > 0.4, rng.uniform(0.0, 1.0, n) * (excitation - 0.4) / 0.6, 0.0)
    metals = {
        500.68: oxygen, 495.89: oxygen / 2.98, 658.35: nitrogen, 654.8: nitrogen / 2.95,
        372.7: lognormal(0.8 - 0.5 * excitation, 0.7, n, rng), 386.88: oxygen * lognormal(0.09, 0.35, n, rng),
        396.8: oxygen * 0.027, 436.32: oxygen * lognormal(0.01, 0.5, n, rng),
        671.6: nitrogen * lognormal(0.05, 0.5, n, rng), 673.1: nitrogen * lognormal(0.08, 0.5, n, rng),
        713.58: lognormal(0.16, 0.5, n, rng), 953.1: lognormal(0.7, 0.7, n, rng), 906.9: lognormal(0.28, 0.7, n, rng),
        732.5: lognormal(0.08, 0.7, n, rng), 630.03: nitrogen * lognormal(0.05, 0.8, n, rng),
        775.1: lognormal(0.04, 0.5, n, rng), 631.2: lognormal(0.02, 0.5, n, rng),
    }  # fmt: skip
    continuum = _continuum(n, rng)
    ratios = {c: np.full(n, r) for c, r in _HYDROGEN.items()} | {c: r * lognormal(1.0, 0.3, n, rng)
              for c, r in _HELIUM.items()} | {c: r * ionised for c, r in _IONISED_HELIUM.items()} | metals  # fmt: skip
    at_hbeta = continuum[:, int(np.searchsorted(GRID_NM, 486.0))]
    flux = continuum
    for centre, ratio in ratios.items():
        there = continuum[:, min(int(np.searchsorted(GRID_NM, centre)), len(GRID_NM) - 1)]
        flux = add_lines(flux, continuum, {centre: hbeta * ratio * at_hbeta / there}, np.full(n, 40.0))
    a_v = np.minimum(rng.exponential(1.6, n), 7.0)
    about = pd.DataFrame({"hbeta_nm": hbeta, "oxygen": oxygen, "nitrogen": nitrogen, "a_v": a_v})
    return Light(behind_dust(flux, a_v, rng), about)


def _continuum(n: int, rng: np.random.Generator) -> np.ndarray:
    """The central star, hydrogen's free-bound light with its jumps, and in a third a cool star near or in line."""
    star = scaled_at(black_body(np.exp(rng.uniform(np.log(28_000.0), np.log(180_000.0), n))))
    gas = (GRID_NM / 550.0) ** -0.3 * (1.0 + 1.6 * (GRID_NM < 368.0)) * (1.0 + 0.5 * (GRID_NM < 825.0))
    share = rng.random((n, 1))
    light = share * star + (1 - share) * gas / gas[int(np.searchsorted(GRID_NM, 550.0))]
    cool = np.where(rng.random(n) < 0.33, rng.uniform(0.0, 0.5, n), 0.0)[:, None]
    return (1 - cool) * light + cool * scaled_at(black_body(rng.uniform(3_500.0, 7_000.0, n)))
