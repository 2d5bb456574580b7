"""Emission lines that XP shows: equivalent widths of H-alpha, H-beta, He II with its neighbours, and [O III].

A line's flux is what lies above a straight line between the continua on both of its sides, in bands as wide as XP's
resolution asks for (Weiler et al. 2023, A&A 671, A52, measure such lines on XP coefficients). Bands of molecules and
absorption lines make such sums in stars without emission, too: a linear law predicts them from the log flux outside
the bands, and what is left of one quiet star in 200, by colour, is subtracted (`recipes/emission_limits.py`). A line is
noted when it stands above that by five of its errors.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.spectra.damage import typical_error
from core.spectra.grid import WAVELENGTH_NM

LIMITS_PATH = Path(__file__).with_name("emission_limits.npz")
LINES: dict[str, tuple[float, float]] = {
    "H-alpha": (656.5, 9.0),
    "H-beta": (486.3, 10.0),
    "He II 468.6 or C III 465": (467.0, 11.0),
    "[O III] 500.7": (499.8, 11.0),
}
"""Centre in vacuum and half width of the band, nm."""
NOTE = "emission lines"
"""How every note of this module begins."""
ERRORS_ASKED = 5.0
CORRELATION = 2.2
"""Neighbouring samples share their noise: a sum over a band is this much noisier than independent samples'."""
_CONTINUUM_NM = 12.0  # width of the bands beside, next to a gap of 4 nm
_GAP_NM = 4.0
_COLOUR_BLUE_NM, _COLOUR_RED_NM = (450.0, 550.0), (700.0, 850.0)
COLOUR_NODES = np.linspace(-2.5, 2.5, 21)
"""ln of the mean flux at 700-850 nm over that at 450-550 nm."""
_STEP_NM = 2.0
_SHARES = (0.05, 10.0)  # of the mean flux: beyond, a sample says nothing of bands near the lines


@dataclass(frozen=True)
class EmissionLines:
    """Emission of n stars.

    Attributes
    ----------
    width_nm, error_nm : float64 ndarrays (n, len(LINES))
        Equivalent width above what stars of this colour show without emission, and its error; NaN where unknown.
    """

    width_nm: np.ndarray
    error_nm: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """Which lines stand out, boolean (n, len(LINES))."""
        with np.errstate(invalid="ignore"):
            return self.width_nm > ERRORS_ASKED * self.error_nm

    def note(self, row: int) -> str:
        """The lines that were found."""
        names = [name for name, there in zip(LINES, self.found[row], strict=True) if there]
        return f"{NOTE}: {', '.join(names)}"


def measure_emission(flux: np.ndarray, flux_error: np.ndarray | None = None) -> EmissionLines:
    """Lines of spectra (n, 343), W m^-2 nm^-1; without errors the typical ones at their brightness are assumed."""
    width, error = raw_widths(flux, flux_error)
    law, limits = _stored()
    colour = colour_of(flux)
    beyond = np.stack([np.interp(colour, COLOUR_NODES, row) for row in limits], axis=1)
    return EmissionLines(width - features(flux) @ law - beyond, error)


def features(flux: np.ndarray) -> np.ndarray:
    """What the law of the quiet stars is linear in: 1 and the log flux at every third sample outside the bands."""
    flux = np.asarray(flux)
    level = flux.mean(axis=1, dtype=np.float64)
    level = np.where(level > 0, level, np.nan)[:, None]
    seen = np.log(np.clip(flux[:, _outside()] / level, *_SHARES))
    return np.concatenate([np.ones((len(flux), 1)), seen], axis=1)


@cache
def _outside() -> np.ndarray:
    free = np.ones(len(WAVELENGTH_NM), dtype=bool)
    for centre, half in LINES.values():
        free &= np.abs(WAVELENGTH_NM - centre) > half + _GAP_NM
    return np.flatnonzero(free & (WAVELENGTH_NM > 400.0))[::3]


def raw_widths(flux: np.ndarray, flux_error: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Equivalent widths above the straight continuum and their errors, nm, both (n, len(LINES)); emission positive."""
    flux = np.asarray(flux)
    line, continuum = _weights()
    excess, level = flux @ line, flux @ continuum
    positive = np.where(level > 0, level, np.nan)
    if flux_error is None:
        relative = typical_error(np.maximum(positive, 1e-22))
        error = relative * np.sqrt((line**2).sum(axis=0))
    else:
        error = np.sqrt(np.square(np.asarray(flux_error, dtype=np.float64)) @ line**2) / positive
    return excess / positive, CORRELATION * error


def colour_of(flux: np.ndarray) -> np.ndarray:
    """ln of the red over the blue flux (n,), cut at the ends of `COLOUR_NODES`."""
    blue, red = (flux[:, _inside(band)].mean(axis=1) for band in (_COLOUR_BLUE_NM, _COLOUR_RED_NM))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(np.log(np.maximum(red, 1e-25) / np.maximum(blue, 1e-25)), COLOUR_NODES[0], COLOUR_NODES[-1])


def without_lines(flux: np.ndarray) -> np.ndarray:
    """Spectra (n, 343) with the bands of all `LINES` replaced by the straight continuum: what is left to judge."""
    result = np.array(flux, dtype=np.float64)
    for centre, half in LINES.values():
        blue, red = _sides(centre, half)
        inside = np.flatnonzero(np.abs(WAVELENGTH_NM - centre) <= half + _GAP_NM)
        part = _part_of_way(inside, blue, red)
        left, right = flux[:, blue].mean(axis=1)[:, None], flux[:, red].mean(axis=1)[:, None]
        result[:, inside] = np.minimum(result[:, inside], left + (right - left) * part)
    return result


@cache
def _weights() -> tuple[np.ndarray, np.ndarray]:
    """Weights (343, n_lines) of the flux above the continuum, times nm, and of the continuum at the line."""
    line, continuum = np.zeros((2, len(WAVELENGTH_NM), len(LINES)))
    for k, (centre, half) in enumerate(LINES.values()):
        blue, red = _sides(centre, half)
        inside = np.flatnonzero(np.abs(WAVELENGTH_NM - centre) <= half)
        base = np.zeros((len(inside), len(WAVELENGTH_NM)))
        part = _part_of_way(inside, blue, red)
        base[:, blue] = (1.0 - part)[:, None] / len(blue)
        base[:, red] = part[:, None] / len(red)
        line[inside, k] = _STEP_NM
        line[:, k] -= _STEP_NM * base.sum(axis=0)
        continuum[:, k] = base.mean(axis=0)
    return line, continuum


def _part_of_way(inside: np.ndarray, blue: np.ndarray, red: np.ndarray) -> np.ndarray:
    """Where samples lie between the middle of the blue and of the red continuum: 0 to 1, shape as `inside`."""
    first, last = WAVELENGTH_NM[blue].mean(), WAVELENGTH_NM[red].mean()
    return (WAVELENGTH_NM[inside] - first) / (last - first)


def _sides(centre: float, half: float) -> tuple[np.ndarray, np.ndarray]:
    first = half + _GAP_NM
    return (
        _inside((centre - first - _CONTINUUM_NM, centre - first)),
        _inside((centre + first, centre + first + _CONTINUUM_NM)),
    )


def _inside(band: tuple[float, float]) -> np.ndarray:
    return np.flatnonzero((band[0] <= WAVELENGTH_NM) & (band[1] >= WAVELENGTH_NM))


@cache
def _stored() -> tuple[np.ndarray, np.ndarray]:
    """The law of quiet stars (n_features, n_lines), and what they exceed it by at `COLOUR_NODES` (n_lines, n_nodes)."""
    with np.load(LIMITS_PATH) as stored:
        return stored["law"].astype(np.float64), stored["limits"].astype(np.float64)
