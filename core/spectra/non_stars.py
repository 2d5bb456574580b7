"""Is a spectrum a star's? Quasars, galaxies, cataclysmic variables, planetary nebulae and faults, told from stars.

A network of two classes answers 'massive' or 'low-mass' for all of them. This detector is a small network that sees the
logarithm of the flux at every second sample and the relative error, and gives a likelihood for each kind, at equal
priors of star and non-star. Emission-line stars, carbon stars and lineless white dwarfs are stars to it.
`recipes/non_stars.py` taught it and `validation/non_stars.py` measures it; both say with what.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.spectra.damage import is_damaged, typical_error
from core.spectra.grid import WAVELENGTH_NM

NETWORK_PATH = Path(__file__).with_name("non_stars.npz")
STAR = "star"
KINDS = (STAR, "quasar", "galaxy", "cataclysmic variable", "planetary nebula", "damaged", "noise")
NAMES = {
    "quasar": "a quasar",
    "galaxy": "a galaxy",
    "cataclysmic variable": "a cataclysmic variable",
    "planetary nebula": "a planetary nebula",
    "damaged": "a damaged spectrum",
    "noise": "noise without a star's spectrum",
}
NOTE = "not like a star's spectrum"
"""How every note of this module begins."""
SAMPLES = np.arange(0, len(WAVELENGTH_NM), 2)
N_INPUTS = len(SAMPLES) + 1
_LEAST_SHARE, _MOST_SHARE, _ERROR_UNIT = np.float32(0.02), np.float32(50.0), 0.01
_ERROR_RANGE = (0.001, 3.0)
_ROWS_AT_ONCE = 2048
_DAMAGED, _LEAST = KINDS.index("damaged"), 1e-9
_LEAST_DAMAGE = 0.01
"""Likelihood of damage over that of the likeliest other kind below which a step or dip is taken for the object's own:
with it a third of simulated carbon stars keeps the note instead of two thirds and 3 % of T Tauri stars instead of 16 %;
88 % instead of 92 % of the damage of 10 % and deeper is found (`validation/non_stars.py`)."""
_SURE = ((0.99, "above 0.99"), (0.9, "above 0.9"), (0.5, "above 0.5"), (0.0, "below 0.5"))


@dataclass(frozen=True)
class NonStarNetwork:
    """Weights of the detector (float32), input layer first, and the log odds from which a spectrum is flagged.

    The first layer has the standardisation of the inputs in it.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    thresholds: tuple[float, float]

    def likelihoods(self, inputs: np.ndarray) -> np.ndarray:
        """Of each of `KINDS`, for `detector_inputs` (n, N_INPUTS): float32 ndarray of shape (n, len(KINDS))."""
        values = inputs
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = values @ weight
            values += bias
            np.maximum(values, 0.0, out=values)
        logits = values @ self.weights[-1] + self.biases[-1]
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        return logits / logits.sum(axis=1, keepdims=True)


def detector_inputs(flux: np.ndarray, flux_error: np.ndarray | None = None) -> np.ndarray:
    """What the detector sees, float32 ndarray of shape (n, N_INPUTS); rows of NaN where it cannot say.

    The log flux over the mean flux at every second sample, cut at 2 %, and the log of the mean relative error in
    hundredths. It cannot say where samples are missing or the mean flux is not positive.
    """
    seen = np.asarray(flux)[:, SAMPLES]
    level = seen.mean(axis=1, dtype=np.float64)
    known = np.isfinite(level) & (level > 0)
    level[~known] = np.nan
    result = np.empty((len(seen), N_INPUTS), dtype=np.float32)
    shape = result[:, :-1]
    with np.errstate(invalid="ignore"):
        np.divide(seen, level[:, None], out=shape, casting="unsafe")
        np.clip(shape, _LEAST_SHARE, _MOST_SHARE, out=shape)
        np.log(shape, out=shape)
        result[:, -1] = np.log(np.clip(_relative_error(level, flux_error), *_ERROR_RANGE) / _ERROR_UNIT)
    return result


def _relative_error(level: np.ndarray, flux_error: np.ndarray | None) -> np.ndarray:
    """The given errors' mean over the mean flux, else the typical one at this brightness: (n,)."""
    typical = typical_error(level)
    if flux_error is None:
        return typical
    given = np.asarray(flux_error)[:, SAMPLES].mean(axis=1, dtype=np.float64) / level
    return np.where(np.isfinite(given) & (given > 0), given, typical)


@dataclass(frozen=True)
class NonStarScores:
    """What the detector says of n spectra.

    Attributes
    ----------
    likelihoods : float32 ndarray (n, len(KINDS))
        At equal priors of star and non-star; rows of NaN where it cannot say.
    thresholds : pair of float
        Least log odds against a star for a flag: of all objects and noise together, and of damage.
    """

    likelihoods: np.ndarray
    thresholds: tuple[float, float]

    @property
    def scores(self) -> np.ndarray:
        """Log odds above the thresholds, of an object (or noise) and of damage: float64 ndarray (n, 2)."""
        known = self.likelihoods.astype(np.float64) + _LEAST
        damaged = known[:, _DAMAGED]
        objects = known[:, 1:].sum(axis=1) - damaged
        return np.log(np.stack([objects, damaged], axis=1) / known[:, :1]) - np.asarray(self.thresholds)

    @property
    def flagged(self) -> np.ndarray:
        """Boolean ndarray (n,)."""
        return np.any(self.scores > 0.0, axis=1)

    @property
    def kind(self) -> np.ndarray:
        """Index in `KINDS` of the likeliest kind that is no star, (n,); damage only where no object is flagged."""
        objects = np.nan_to_num(self.likelihoods[:, 1:])
        objects[:, _DAMAGED - 1] = 0.0
        return np.where(self.scores[:, 0] > 0.0, 1 + np.argmax(objects, axis=1), _DAMAGED)

    @property
    def may_be_damage(self) -> np.ndarray:
        """Whether a step or dip may be a fault of the spectrum, boolean ndarray (n,).

        Bands of carbon stars and lines of T Tauri stars and nebulae are steps and dips too: there this detector finds
        damage far less likely than a star or than another object.
        """
        known = self.likelihoods.astype(np.float64) + _LEAST
        others = np.delete(known, _DAMAGED, axis=1).max(axis=1)
        return known[:, _DAMAGED] > _LEAST_DAMAGE * others

    def note(self, row: int) -> str:
        """What to say of a flagged spectrum: the likeliest kind with its likelihood, in steps."""
        one = NonStarScores(self.likelihoods[row : row + 1], self.thresholds)
        kind = int(one.kind[0])
        value = float(self.likelihoods[row, kind])
        text = next(text for least, text in _SURE if value >= least)
        return f"{NOTE}: {NAMES[KINDS[kind]]} (likelihood {text})"


def non_star_scores(flux: np.ndarray, flux_error: np.ndarray | None = None) -> NonStarScores:
    """Ask the detector about spectra (n, 343), W m^-2 nm^-1; without errors the typical ones are assumed."""
    network = load_network()
    likelihoods = np.empty((len(flux), len(KINDS)), dtype=np.float32)
    for start in range(0, len(flux), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        error = None if flux_error is None else flux_error[rows]
        likelihoods[rows] = network.likelihoods(detector_inputs(flux[rows], error))
    return NonStarScores(likelihoods, network.thresholds)


def has_damage(
    flux: np.ndarray, flux_error: np.ndarray | None = None, found: NonStarScores | None = None
) -> np.ndarray:
    """Whether both detectors, of steps and dips and of non-stars, see damage: boolean ndarray of shape (n_stars,).

    Parameters
    ----------
    flux, flux_error : ndarrays of shape (n_stars, 343) as in `core.spectra.damage.is_damaged`
    found : NonStarScores or None
        Of these spectra, where they are at hand.
    """
    found = found or non_star_scores(flux, flux_error)
    return is_damaged(flux, flux_error) & found.may_be_damage


@cache
def load_network() -> NonStarNetwork:
    """The shipped detector."""
    with np.load(NETWORK_PATH) as stored:
        n_layers = len([name for name in stored.files if name.startswith("weight_")])
        return NonStarNetwork(
            tuple(stored[f"weight_{i}"].astype(np.float32) for i in range(n_layers)),
            tuple(stored[f"bias_{i}"].astype(np.float32) for i in range(n_layers)),
            tuple(float(value) for value in stored["thresholds"]),  # type: ignore[arg-type]
        )
