"""Lines that the model atmospheres lack: Wolf-Rayet winds, Of and B[e] emission, nebulae, deeper non-LTE lines.

A library of factors on the photosphere's flux, N_KEPT of each kind, drawn once from published equivalent widths with a
star-to-star scatter: a star of a kind gets one of them. Wavelengths are in vacuum.

Sources: Wolf-Rayet widths and equivalent widths by subtype: Conti & Massey 1989 (ApJ 337, 251), Conti, Massey & Vreux
1990 (ApJ 354, 359), Smith, Shara & Moffat 1996 (MNRAS 281, 163), Crowther 2007 (ARA&A 45, 177); their continua,
F_lambda ~ lambda^-2.9: Morris et al. 1993 (ApJ 412, 324). Of: Conti & Alschuler 1971 (ApJ 170, 325). B[e] supergiants:
Zickgraf et al. 1986 (A&A 163, 119); Lamers et al. 1998 (A&A 340, 117). Nebular lines: Osterbrock & Ferland 2006, table
4.2. O stars in non-LTE: hydrogen and helium lines 10 to 30 % stronger than in LTE (Auer & Mihalas 1972, ApJS 24, 193).
"""

from functools import lru_cache

import numpy as np

N_KEPT = 256
KINDS = ("plain", "O star", "B star", "WN early", "WN late", "WNh", "WC early", "WC late", "B[e]")
"""A star's column `light` is kind x N_KEPT + number; kind 0 adds nothing."""
AIR_TO_VACUUM = 1.000276
"""Refractive index of air in the optical (Ciddor 1996, Applied Optics 35, 1566): good to a thousandth of a nm here."""
_SEED = 4686
_LEAST = 0.05

_HYDROGEN = {656.28: 1.0, 486.13: 1.0, 434.05: 1.0, 410.17: 0.9, 397.01: 0.7, 388.91: 0.5}
_HELIUM_1 = {402.62: 1.0, 447.15: 1.0, 471.31: 0.3, 492.19: 0.5, 501.57: 0.3, 587.56: 0.8, 667.82: 0.6, 706.52: 0.5}
_HELIUM_2 = {420.0: 0.6, 454.16: 0.7, 468.57: 0.8, 541.15: 1.0}
_NEBULA = {
    656.28: 1.0, 486.13: 0.3, 434.05: 0.13, 500.68: 0.8, 495.89: 0.27, 372.7: 0.5, 658.35: 0.25, 654.8: 0.08,
    671.6: 0.1, 673.1: 0.1, 953.1: 0.4, 906.9: 0.16, 587.56: 0.05,
}  # fmt: skip
_WOLF_RAYET: dict[str, dict[float, float]] = {
    "WN early": {
        468.6: 12.0, 541.1: 3.0, 656.0: 4.0, 485.9: 2.0, 433.9: 1.3, 410.0: 1.5, 823.7: 3.0, 1012.3: 11.0, 587.6: 0.8,
        460.4: 1.8, 494.4: 0.5, 405.8: 1.0, 711.5: 2.5, 348.2: 2.5, 580.8: 1.0, 593.2: 0.3, 659.4: 0.6,
    },
    "WN late": {
        468.6: 5.0, 463.8: 2.5, 541.1: 1.2, 656.2: 5.0, 486.0: 1.8, 434.0: 0.9, 410.0: 2.0, 587.6: 2.8, 667.8: 1.8,
        706.5: 2.8, 447.1: 0.6, 1012.3: 4.5, 823.7: 0.9, 711.5: 2.0, 405.8: 0.8, 501.6: 0.6, 728.1: 0.4, 388.9: 0.7,
    },
    "WNh": {
        468.6: 1.6, 463.8: 0.8, 656.3: 3.0, 486.1: 0.5, 587.6: 0.5, 711.5: 0.6, 405.8: 0.2, 1012.3: 1.3, 541.1: 0.3,
        410.0: 0.3, 823.7: 0.3, 667.8: 0.3, 706.5: 0.5,
    },
    "WC early": {
        465.3: 70.0, 580.8: 60.0, 569.6: 3.0, 559.0: 6.0, 546.9: 3.0, 541.1: 3.0, 772.6: 7.0, 971.0: 18.0, 850.0: 4.0,
        656.1: 5.0, 674.2: 5.0, 706.2: 6.0, 366.0: 7.0, 340.9: 7.0, 406.9: 4.0, 444.1: 4.0, 1012.3: 6.0, 588.0: 2.0,
    },
    "WC late": {
        465.3: 22.0, 580.8: 15.0, 569.6: 12.0, 971.0: 38.0, 850.0: 6.0, 674.2: 8.0, 587.6: 3.0, 723.6: 8.0, 706.5: 3.0,
        656.3: 4.0, 406.9: 4.0, 1012.3: 4.0, 426.7: 2.0, 541.1: 1.0, 918.0: 2.0, 990.0: 3.0,
    },
}  # fmt: skip
"""Wavelength in air, nm: typical equivalent width, nm."""
_WIDTH_NM = {"WN early": (0.9, 2.2), "WN late": (0.7, 1.4), "WNh": (0.5, 1.0), "WC early": (1.6, 3.2)}
_WIDTH_NM["WC late"] = (0.9, 2.0)
_IRON_NM = ((425.0, 8.0), (455.0, 7.0), (518.0, 5.0), (530.0, 4.0), (620.0, 5.0))
"""Where the permitted Fe II lines crowd: centre and width."""


def light_of(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Random members of a kind for n stars: int64 ndarray of shape (n,), the column `light`."""
    return KINDS.index(kind) * N_KEPT + rng.integers(N_KEPT, size=n)


def add_line_light(wavelength_nm: np.ndarray, flux: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Flux (n_stars, n_wave) with what `light` (n_stars,) stands for."""
    return flux * _library(np.ascontiguousarray(wavelength_nm, dtype=np.float64).tobytes())[light]


@lru_cache(maxsize=2)
def _library(wavelength_bytes: bytes) -> np.ndarray:
    """Factors of all kinds, float32 (n_kinds x N_KEPT, n_wave)."""
    wavelength = np.frombuffer(wavelength_bytes)
    rng = np.random.default_rng(_SEED)
    factors = [np.ones((N_KEPT, len(wavelength))), _early_stars(wavelength, rng, 0.40, 0.20)]
    factors.append(_early_stars(wavelength, rng, 0.0, 0.06))
    factors += [_wolf_rayet(kind, wavelength, rng) for kind in _WOLF_RAYET]
    factors.append(_b_bracket_e(wavelength, rng))
    library = np.maximum(np.concatenate(factors), _LEAST).astype(np.float32)
    library.setflags(write=False)
    return library


def _early_stars(wavelength: np.ndarray, rng: np.random.Generator, of: float, nebular: float) -> np.ndarray:
    """O and early B stars: lines from a little shallower to much deeper than the models', some Of, some in nebulae."""
    factor = np.ones((N_KEPT, len(wavelength)))
    for lines, mean in ((_HYDROGEN, 0.05), (_HELIUM_1, 0.02), (_HELIUM_2, 0.02 if of else 0.0)):
        deeper = rng.normal(mean, mean, (N_KEPT, 1)) * _lines(wavelength, lines, np.full(N_KEPT, 0.9))
        factor -= deeper
    emits = rng.random((N_KEPT, 1)) < of
    width = np.exp(rng.normal(np.log(0.35), 0.7, (N_KEPT, 1)))
    factor += emits * width * _lines(wavelength, {468.57: 1.0, 463.8: 0.7}, np.full(N_KEPT, 0.9))
    lies = rng.random((N_KEPT, 1)) < nebular
    strength = np.exp(rng.normal(np.log(0.4), 0.9, (N_KEPT, 1)))
    return factor + lies * strength * _scattered_lines(wavelength, _NEBULA, np.full(N_KEPT, 0.8), 0.4, rng)


def _wolf_rayet(kind: str, wavelength: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Wind lines over a continuum that free-free emission makes redder, diluted by an O companion in two of five."""
    width = rng.uniform(*_WIDTH_NM[kind], N_KEPT)
    strength = np.exp(rng.normal(0.0, 0.45, (N_KEPT, 1)))
    lines = strength * _scattered_lines(wavelength, _WOLF_RAYET[kind], width, 0.35, rng)
    dilution = np.where(rng.random((N_KEPT, 1)) < 0.4, rng.uniform(0.15, 0.7, (N_KEPT, 1)), 1.0)
    slope = dilution * rng.uniform(0.2, 1.2, (N_KEPT, 1))  # photospheres here have F_lambda ~ lambda^-3.7
    return (wavelength / 550.0) ** slope * (1.0 + dilution * lines)


def _b_bracket_e(wavelength: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Strong Balmer lines with a steep decrement, He I, forests of Fe II, Ca II and Paschen lines, a red excess."""
    width = np.exp(rng.normal(np.log(12.0), 0.7, (N_KEPT, 1)))
    lines = {656.28: 1.0, 486.13: 0.10, 434.05: 0.03, 587.56: 0.01, 706.52: 0.01, 630.03: 0.01, 844.6: 0.06}
    lines |= {849.8: 0.03, 854.2: 0.03, 866.2: 0.03, 901.5: 0.01, 922.9: 0.015, 954.6: 0.02, 1004.9: 0.03}
    found = width * _scattered_lines(wavelength, lines, np.full(N_KEPT, 0.8), 0.3, rng)
    iron = np.zeros_like(found)
    for centre, spread in _IRON_NM:
        iron += np.exp(-0.5 * ((wavelength - centre) / spread) ** 2)
    excess = rng.uniform(0.0, 0.6, (N_KEPT, 1)) * (wavelength / 1000.0) ** 2
    return 1.0 + found + 0.008 * width * iron * rng.uniform(0.2, 1.0, (N_KEPT, 1)) + excess


def _lines(wavelength: np.ndarray, lines: dict[float, float], width: np.ndarray) -> np.ndarray:
    """Sum of Gaussians of these equivalent widths, (len(width), n_wave)."""
    total = np.zeros((len(width), len(wavelength)))
    for centre, strength in lines.items():
        total += strength * _profile(wavelength, centre * AIR_TO_VACUUM, width)
    return total


def _scattered_lines(
    wavelength: np.ndarray, lines: dict[float, float], width: np.ndarray, scatter: float, rng: np.random.Generator
) -> np.ndarray:
    """The same with a lognormal scatter of each line's strength."""
    total = np.zeros((len(width), len(wavelength)))
    for centre, strength in lines.items():
        own = np.exp(rng.normal(0.0, scatter, (len(width), 1)))
        total += strength * own * _profile(wavelength, centre * AIR_TO_VACUUM, width)
    return total


def _profile(wavelength: np.ndarray, centre: float, width: np.ndarray) -> np.ndarray:
    """Gaussians of unit area, (len(width), n_wave), wide enough for the grid."""
    wide = np.maximum(width, 0.4 * float(np.median(np.diff(wavelength))))[:, None]
    return np.exp(-0.5 * ((wavelength - centre) / wide) ** 2) / (wide * np.sqrt(2.0 * np.pi))
