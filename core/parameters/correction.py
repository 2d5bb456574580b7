"""What real stars show that the models do not: a smooth correction of the flux and of the extinction curve, measured.

LTE models with statistical line blanketing, seen through a calibrated instrument, differ from real spectra by several
per cent in ways that depend smoothly on temperature, gravity and metallicity. `recipes.atmosphere_correction` measures
ln(real / model) on stars whose parameters are known from elsewhere, as a linear function of a few smooth functions of
the parameters at each wavelength, and what is left over, star by star, as a few error curves. The correction leaves the
models' physics as it is; it is laid on top, as the calibration law is.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.interpolate import BSpline

from core.simulation.smooth_grid import smooth_grid

CORRECTION_PATH = Path(__file__).with_name("correction.npz")
KNOTS = np.log([3300.0, 3900.0, 4500.0, 5100.0, 5800.0, 6800.0, 8200.0, 10500.0, 15000.0, 24000.0, 45000.0])
_N_SPLINES = len(KNOTS) + 2
_FULL_KNOTS = np.concatenate([[KNOTS[0]] * 3, KNOTS, [KNOTS[-1]] * 3])
N_SHAPES = 6
N_FEATURES = _N_SPLINES * N_SHAPES
_LOGG_SCALE, _MH_SCALE = 1.5, 0.8
ERROR_EDGES_K = (5200.0, 8500.0)
"""Error curves are measured and used in three ranges of Teff: below, between and above."""


def features(ln_teff: np.ndarray, logg: np.ndarray, mh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Functions of the parameters (n, N_FEATURES) and their derivatives in ln Teff, log g, [M/H] (n, 3, N_FEATURES).

    Cubic B-splines in ln Teff times 1, g, g^2, m, m^2 and g m of the saturating g = tanh((log g - 4) / 1.5) and
    m = tanh([M/H] / 0.8), so that nothing runs away where no star was measured.
    """
    x = np.clip(ln_teff, KNOTS[0], KNOTS[-1] - 1e-9)
    inside = (ln_teff > KNOTS[0]) & (ln_teff < KNOTS[-1])
    basis = BSpline.design_matrix(x, _FULL_KNOTS, 3).toarray()
    slope = np.stack([s(x) for s in _spline_slopes()], axis=1) * inside[:, None]
    g, m = np.tanh((logg - 4.0) / _LOGG_SCALE), np.tanh(mh / _MH_SCALE)
    g_slope, m_slope = (1 - g**2) / _LOGG_SCALE, (1 - m**2) / _MH_SCALE
    zero, one = np.zeros_like(g), np.ones_like(g)
    shapes = np.stack([one, g, g**2, m, m**2, g * m], axis=1)
    by_g = np.stack([zero, one, 2 * g, zero, zero, m], axis=1) * g_slope[:, None]
    by_m = np.stack([zero, zero, zero, one, 2 * m, g], axis=1) * m_slope[:, None]

    def outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)

    return outer(basis, shapes), np.stack([outer(slope, shapes), outer(basis, by_g), outer(basis, by_m)], axis=1)


@lru_cache(maxsize=1)
def _spline_slopes() -> list[BSpline]:
    return [BSpline(_FULL_KNOTS, unit, 3).derivative() for unit in np.eye(_N_SPLINES)]


def error_range(ln_teff: np.ndarray) -> np.ndarray:
    """Which of the three ranges of `ERROR_EDGES_K` a star is in, (n,)."""
    return np.searchsorted(np.log(ERROR_EDGES_K), ln_teff)


@dataclass(frozen=True)
class AtmosphereCorrection:
    """Measured corrections on the atmosphere's wavelengths.

    `flux` (N_FEATURES, n_wave): change of ln flux per feature; `curve` (n_wave,): added to A(lambda)/A(V) of G23;
    `errors` (3, k, 343): error curves of ln flux that are left, one standard deviation each, by range of Teff.
    """

    flux: np.ndarray
    curve: np.ndarray
    errors: np.ndarray


@lru_cache(maxsize=2)
def load_correction(path: Path = CORRECTION_PATH) -> AtmosphereCorrection:
    """The shipped correction."""
    with np.load(path) as stored:
        return AtmosphereCorrection(
            **{name: stored[name].astype(np.float32) for name in vars(AtmosphereCorrection)["__annotations__"]}
        )


class CorrectedAtmosphere:
    """An atmosphere with the measured correction on top, for the normal family; the others stay as they are."""

    def __init__(self, atmosphere=None, correction: AtmosphereCorrection | None = None) -> None:
        self._below = smooth_grid() if atmosphere is None else atmosphere
        self.correction = load_correction() if correction is None else correction
        self.wavelength_nm = self._below.wavelength_nm
        self.name = f"{self._below.name}, corrected"
        self.limits, self.range = self._below.limits, self._below.range

    def log_flux(self, teff, logg, mh, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
        """ln flux (n, n_wave) and derivatives (n, 3, n_wave) as `SmoothGrid.log_flux`."""
        value, slopes = self._below.log_flux(teff, logg, mh, family)
        if family != "normal":
            return value, slopes
        known, changes = features(np.log(teff), np.asarray(logg), np.asarray(mh))
        value = value + known.astype(np.float32) @ self.correction.flux
        return value, slopes + changes.astype(np.float32) @ self.correction.flux
