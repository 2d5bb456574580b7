"""Damaged spectra: a step or dip between 600 and 640 nm, where the blue and the red photometer of Gaia meet.

About 1 % of the bright XP spectra have one: the red end of the blue spectrum falls short and the red spectrum begins
with a jump at 640 nm, sharper than the instrument could show it. The note does not change the verdict.

The detector is a network of 81 inputs (the logarithm of the flux from 560 to 720 nm without its mean, slope and
curvature), two small layers and one output, evaluated with NumPy alone. `recipes/damage.py` made its weights
(`damage.npz`) and says how it was taught and what it finds.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.spectra.grid import WAVELENGTH_NM

DAMAGE_PATH = Path(__file__).with_name("damage.npz")
NOTE = "damaged spectrum (a step or dip at 600-640 nm)"
WINDOW = np.flatnonzero((WAVELENGTH_NM >= 560.0) & (WAVELENGTH_NM <= 720.0))
"""Samples that the detector sees: 81 of 343."""
_LEAST_SHARE, _MOST_ERROR, _MOST_INPUT = 0.02, 1.0, 20.0
_DEPTH, _ERROR_FLOOR, _ERROR_UNIT = 0.03, 0.003, 0.01
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class DamageNetwork:
    """Weights of the detector, input layer first, and the score from which a spectrum counts as damaged."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    threshold: float

    def score(self, inputs: np.ndarray) -> np.ndarray:
        """Logit of `damage_inputs` (n, 83): float64 ndarray of shape (n,)."""
        values = np.clip(inputs, -_MOST_INPUT, _MOST_INPUT)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weight + bias, 0.0)
        return (values @ self.weights[-1] + self.biases[-1])[:, 0]


def is_damaged(flux: np.ndarray, flux_error: np.ndarray | None = None) -> np.ndarray:
    """Whether each spectrum has a step or dip at 600-640 nm: boolean ndarray of shape (n_stars,).

    False where samples of the window are missing or its median is not positive.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
    flux_error : ndarray of the same shape or None
        Where it is unknown, the typical error at the spectrum's brightness is assumed.
    """
    return damage_score(flux, flux_error) > 0.0


def damage_score(flux: np.ndarray, flux_error: np.ndarray | None = None) -> np.ndarray:
    """How sure the detector is: a logit above its threshold, positive for a damaged spectrum; NaN if it cannot say."""
    network = load_network()
    score = np.full(len(flux), np.nan)
    for start in range(0, len(flux), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        inputs = damage_inputs(flux[rows], None if flux_error is None else flux_error[rows])
        score[rows] = network.score(inputs) - network.threshold
    return score


def damage_inputs(flux: np.ndarray, flux_error: np.ndarray | None = None) -> np.ndarray:
    """What the detector sees, float64 ndarray of shape (n_stars, 83); rows of NaN where it cannot say.

    81 residuals of the log flux from a parabola in wavelength (unit 0.03), the log of the relative error, and the
    difference of the log flux between the two ends of the window.
    """
    seen = np.asarray(flux, dtype=np.float64)[:, WINDOW]  # (n, 81)
    level = np.median(seen, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(level > 0, level, np.nan)[:, None]
        shape = np.log(np.maximum(seen / level, _LEAST_SHARE))
        error = _relative_error(seen, level, flux_error)
    noise = np.log(np.sqrt(error**2 + _ERROR_FLOOR**2) / _ERROR_UNIT)
    ends = shape[:, -1:] - shape[:, :1]
    return np.hstack([shape @ _without_parabola() / _DEPTH, noise[:, None], ends])


def _relative_error(seen: np.ndarray, level: np.ndarray, flux_error: np.ndarray | None) -> np.ndarray:
    """Median relative error in the window, (n,): the given one, else the typical one at this brightness."""
    typical = typical_error(level[:, 0])
    if flux_error is None:
        return typical
    given = np.asarray(flux_error, dtype=np.float64)[:, WINDOW] / np.maximum(seen, _LEAST_SHARE * level)
    given = np.median(np.minimum(given, _MOST_ERROR), axis=1)
    return np.where(np.isfinite(given), given, typical)


def typical_error(level: np.ndarray) -> np.ndarray:
    """Relative error of an XP spectrum at 640 nm by its flux there (W m^-2 nm^-1): a power law with a floor.

    Median of 15,459 real and 23,636 simulated spectra in bins of flux, good to a factor of 1.5 (`recipes/damage.py`).
    """
    return np.hypot(_ERROR_BRIGHT, _ERROR_FAINT * (level / _FAINT_FLUX) ** _ERROR_SLOPE)


_ERROR_BRIGHT, _ERROR_FAINT, _FAINT_FLUX, _ERROR_SLOPE = 0.006, 0.03, 1e-17, -0.7


@cache
def load_network() -> DamageNetwork:
    """The shipped detector."""
    with np.load(DAMAGE_PATH) as stored:
        n_layers = len([name for name in stored.files if name.startswith("weight_")])
        return DamageNetwork(
            tuple(stored[f"weight_{i}"].astype(np.float64) for i in range(n_layers)),
            tuple(stored[f"bias_{i}"].astype(np.float64) for i in range(n_layers)),
            float(stored["threshold"]),
        )


@cache
def _without_parabola() -> np.ndarray:
    """The projection (81, 81) that takes mean, slope and curvature off."""
    x = (WAVELENGTH_NM[WINDOW] - WAVELENGTH_NM[WINDOW].mean()) / 80.0
    basis = np.stack([np.ones_like(x), x, x**2], axis=1)
    return np.eye(len(x)) - basis @ np.linalg.pinv(basis)
