"""Extinction curves as diverse as the sky's: published laws, curves measured on XP, random structure of every star.

A network that learns one law learns it by heart and calls every hot star behind other dust low-mass. A star's curve
here is that of one of LAWS at its R(V), its blue end drawn with an amplitude of its own, plus smooth bumps that no law
has (Massa et al. 2020, ApJ 891, 67; Maiz Apellaniz et al. 2021, MNRAS 501, 2487) and diffuse bands.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from core.errors import ParameterRangeError
from core.simulation import extinction

CURVES_PATH = Path(__file__).with_name("xp_extinction.npz")
LAWS = ("G23", "F19", "F99", "F04", "O94", "CCM89", "M14", "XP hot", "XP all", "LMC", "SMC", "XP hot red", "XP all red")
"""Gordon 2023; Fitzpatrick 2019, 1999, 2004; O'Donnell 1994; Cardelli 1989; Maiz Apellaniz 2014 (all of
dust_extinction); two curves measured on XP spectra, with the R(V) dependence of F19; LMC mean and SMC bar of Gordon et
al. 2003 (ApJ 594, 279), which have no R(V) of their own. The last two are the measured ones down to 400 nm and rise
below it as F19, since what was measured there holds XP's leak (`core.simulation.model_errors`)."""
MILKY_WAY = tuple(range(9))
SKY = (1, 11, 12)
"""The laws that fit real hot stars best, of those that hold no leak."""
MAGELLANIC = (9, 10)
REFERENCE = 0
R_V_RANGE = (2.3, 5.5)
BLUE_END_NM = 400.0
"""Blueward of it XP reddens less than the laws: E(360-55)/E(44-55) is 1.49 for hot stars, 1.69 for all, 1.76 in F19."""
N_SHAPES = 4096
"""Random shapes that are kept; a star's structure is the sum of two of them."""
R_V_NODES = np.array([2.3, 2.6, 3.1, 3.7, 4.5, 5.5])
_BUMPS = 4
_BUMP_NM = (8.0, 80.0)
_BUMP = 0.03  # standard deviation of a bump's height, in units of A(V)
_BROAD_NM = ((437.0, 9.0), (487.0, 16.0), (540.0, 20.0), (600.0, 25.0), (630.0, 17.0), (760.0, 20.0))
_BROAD = 0.008
_BANDS_NM = ((443.0, 0.9, 0.035), (578.0, 0.25, 0.02), (628.4, 0.3, 0.03), (661.4, 0.15, 0.015), (862.0, 0.25, 0.01))
"""Diffuse bands: centre, Gaussian width, mean central depth per A(V), mag (Hobbs et al. 2009, ApJ 705, 32)."""
_SEED = 443


@dataclass(frozen=True)
class Dust:
    """What lies in front of n stars, arrays of shape (n_stars,).

    Attributes
    ----------
    a_v, r_v : float
        A(V) in mag and A(V)/E(B-V).
    law : int
        Index in LAWS.
    blue : float
        Factor on the curve's rise blueward of BLUE_END_NM; 1 is the law's own.
    roughness : float
        Factor on the random structure; 0 for none.
    shape : int, (n_stars, 2)
        Which two of the N_SHAPES.
    """

    a_v: np.ndarray
    r_v: np.ndarray
    law: np.ndarray
    blue: np.ndarray
    roughness: np.ndarray
    shape: np.ndarray

    @property
    def is_reference(self) -> bool:
        """Whether every star has the reference law as published."""
        return bool((self.law == REFERENCE).all() and (self.blue == 1).all() and (self.roughness == 0).all())


def transmission(wavelength_nm: np.ndarray, dust: Dust, dtype: type = np.float64) -> np.ndarray:
    """Fraction of the light that passes, (n_stars, n_wave), for wavelengths of 320 to 1100 nm.

    Raises
    ------
    ParameterRangeError
        A negative A(V), or an R(V) or a wavelength outside the family's range.
    """
    if dust.is_reference:
        return extinction.transmission(wavelength_nm, dust.a_v, dust.r_v, dtype)
    if not (dust.a_v >= 0).all():
        raise ParameterRangeError(f"A_V = {dust.a_v.min():g} is negative; choose 0 or more")
    low, high = R_V_RANGE
    if not ((dust.r_v >= low) & (dust.r_v <= high)).all():
        worst = dust.r_v[(dust.r_v < low) | (dust.r_v > high)][0]
        raise ParameterRangeError(f"R_V = {worst:g} lies outside the dust family's range {low:g} to {high:g}")
    wavelength_nm = np.ascontiguousarray(wavelength_nm, dtype=np.float64)
    red, blue, n_blue, shapes = _family(wavelength_nm.tobytes())
    weights = _node_weights(dust) * (-0.4 * np.log(10.0) * dust.a_v)[:, None]
    weights = weights.astype(np.float32)
    exponent = weights @ red
    exponent[:, :n_blue] += dust.blue[:, None].astype(np.float32) * (weights @ blue)
    scale = (-0.4 * np.log(10.0) * dust.a_v * dust.roughness)[:, None].astype(np.float32)
    exponent += scale * (shapes[dust.shape[:, 0]] + shapes[dust.shape[:, 1]])
    return np.exp(exponent, out=exponent).astype(dtype, copy=False)


def _node_weights(dust: Dust) -> np.ndarray:
    """Weights (n_stars, n_laws x n_nodes) of the tabulated curves: linear in 1/R(V) between the nodes."""
    inverse = -1.0 / R_V_NODES
    above = np.clip(np.searchsorted(inverse, -1.0 / dust.r_v), 1, len(inverse) - 1)
    fraction = (-1.0 / dust.r_v - inverse[above - 1]) / (inverse[above] - inverse[above - 1])
    weights = np.zeros((len(dust.a_v), len(LAWS) * len(R_V_NODES)))
    rows, first = np.arange(len(weights)), dust.law * len(R_V_NODES)
    weights[rows, first + above - 1] = 1.0 - fraction
    weights[rows, first + above] += fraction
    return weights


@lru_cache(maxsize=4)
def _family(wavelength_bytes: bytes) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Curves A(lambda)/A(V) levelled below 400 nm, their rise there, how many samples it has, and the shapes."""
    wavelength = np.frombuffer(wavelength_bytes)
    if wavelength.min() < 320.0 or wavelength.max() > 1100.0:
        raise ParameterRangeError(
            f"wavelengths of {wavelength.min():g} to {wavelength.max():g} nm: 320 to 1100 allowed"
        )
    curves = np.stack([law_curve(law, r_v, wavelength) for law in range(len(LAWS)) for r_v in R_V_NODES])
    n_blue = int(np.searchsorted(wavelength, BLUE_END_NM))
    level = np.array([np.interp(BLUE_END_NM, wavelength, row) for row in curves])[:, None]
    blue = curves[:, :n_blue] - level
    red = curves.copy()
    red[:, :n_blue] = level
    arrays = tuple(np.ascontiguousarray(a, dtype=np.float32) for a in (red, blue, _shapes(wavelength)))
    for array in arrays:
        array.setflags(write=False)
    return arrays[0], arrays[1], n_blue, arrays[2]


def law_curve(law: int, r_v: float, wavelength_nm: np.ndarray) -> np.ndarray:
    """A(lambda)/A(V) of one law, (n_wave,); R(V) outside the law's own range is taken at its edge."""
    import astropy.units as u
    from dust_extinction import averages, parameter_averages

    name, unit = LAWS[law], wavelength_nm * u.nm
    if name == "LMC":
        return np.asarray(averages.G03_LMCAvg()(unit))
    if name == "SMC":
        return np.asarray(averages.G03_SMCBar()(unit))
    if name.startswith("XP"):
        return _measured_curve("hot" if "hot" in name else "zhang2024", r_v, wavelength_nm, name.endswith("red"))
    model = getattr(parameter_averages, name)
    return np.asarray(model(Rv=float(np.clip(r_v, *model.Rv_range)))(unit))


def _measured_curve(name: str, r_v: float, wavelength_nm: np.ndarray, red_alone: bool) -> np.ndarray:
    """A measured k = E(lambda-55)/E(44-55) as A(lambda)/A(V).

    Its dependence on R(V), and its blue end where it counts in the red alone, are those of F19.
    """
    known, curves = _measured()
    f19 = LAWS.index("F19")

    def excess(at: np.ndarray, value: float) -> np.ndarray:
        # k and A(55)/E(44-55) of F19
        return law_curve(f19, value, at)

    anchor = excess(np.array([440.0, 550.0]), r_v)
    at_mean = excess(np.array([440.0, 550.0]), 3.1)
    k_f19 = (excess(wavelength_nm, r_v) - anchor[1]) / (anchor[0] - anchor[1])
    k_mean = (excess(wavelength_nm, 3.1) - at_mean[1]) / (at_mean[0] - at_mean[1])
    # beyond its ends the measured curve keeps its distance from F19
    distance = curves[name] - np.interp(known, wavelength_nm, k_mean)
    k = k_f19 + np.interp(np.maximum(wavelength_nm, BLUE_END_NM) if red_alone else wavelength_nm, known, distance)
    return k * (anchor[0] - anchor[1]) + anchor[1]


@cache
def _measured() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    with np.load(CURVES_PATH) as stored:
        return stored["wavelength_nm"].astype(float), {n: stored[n].astype(float) for n in ("hot", "zhang2024")}


def _shapes(wavelength: np.ndarray) -> np.ndarray:
    """Random structure per unit A(V), mean zero over the shapes but for the diffuse bands: (N_SHAPES, n_wave)."""
    rng = np.random.default_rng(_SEED)
    centre = rng.uniform(320.0, 1100.0, (N_SHAPES, _BUMPS, 1))
    narrow, broad = np.log(_BUMP_NM)
    width = np.exp(rng.uniform(narrow, broad, (N_SHAPES, _BUMPS, 1)))
    height = _BUMP * rng.standard_normal((N_SHAPES, _BUMPS, 1))
    shapes = np.zeros((N_SHAPES, len(wavelength)))
    for k in range(_BUMPS):
        shapes += height[:, k] * np.exp(-0.5 * ((wavelength - centre[:, k]) / width[:, k]) ** 2)
    for place, spread in _BROAD_NM:
        shapes += _BROAD * rng.standard_normal((N_SHAPES, 1)) * _gaussian(wavelength, place, spread)
    for place, spread, depth in _BANDS_NM:
        # two shapes make a star's structure: each carries half of a band, up to twice as strong
        shapes += 0.5 * depth * rng.uniform(0.0, 2.0, (N_SHAPES, 1)) * _sampled(wavelength, place, spread)
    return shapes


def _gaussian(wavelength: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * ((wavelength - centre) / width) ** 2)


def _sampled(wavelength: np.ndarray, centre: float, width: float) -> np.ndarray:
    """A narrow band on a coarse grid: as wide as two samples, its area kept."""
    wide = max(width, 0.5 * float(np.median(np.diff(wavelength))))
    return _gaussian(wavelength, centre, wide) * width / wide
