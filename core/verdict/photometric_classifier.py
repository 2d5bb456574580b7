"""The photometric-astrometric classifier: what brightness, colour and parallax add to what the spectrum says.

The networks see the shape of a spectrum, not how bright the star is. A noisy, reddened F star may pass for a reddened B
star, but it is a thousand times less luminous, and even a poor parallax says something of that; and a massive star is
more often a bright star of the sky than a faint one. The classifier is a small network over six numbers: the
log odds of the ensemble's mean, the spread of its members, G, BP - RP, and the astrometry-based luminosity
a = parallax (arcsec) * 10^(1 + (G - A_G) / 5) = 10^(M_G / 5) with its error (Arenou & Luri 1999, ASP Conf. Ser. 167,
13), which is linear in the parallax, so that poor and negative ones are as good as any; A_G is the extinction that a
hot star of this colour suffers. It is fitted on simulated stars that the run has classified: massive ones, and low-mass
ones as a survey of the sky meets them. Its output is a likelihood ratio, given as a probability at equal priors.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import RunError
from core.gaia.absolute_magnitude import parallax_zero_point
from core.gaia.hot_stars import A_G_PER_REDDENING, REFERENCE_BP_RP
from core.runs.hashes import note_file
from core.statistics.probability_calibration import sigmoid

FILE_NAME = "second_look.npz"
LEAST_ODDS = 1e-7
_HIDDEN = (24, 12)
_SEED = 1


@dataclass(frozen=True)
class PhotometricClassifier:
    """A small network that is stored beside a run; made by `fit_photometric_classifier`.

    Attributes
    ----------
    centre, scale : ndarray of shape (6,)
        Standardise the features.
    weights_1, bias_1, weights_2, bias_2, weights_3, bias_3 : ndarrays
        Three layers, tanh between them.
    offset : float
        Subtracted from the output, which is then the log of the likelihood ratio.
    started : str
        When the training began whose verdicts it was fitted to.
    """

    centre: np.ndarray
    scale: np.ndarray
    weights_1: np.ndarray
    bias_1: np.ndarray
    weights_2: np.ndarray
    bias_2: np.ndarray
    weights_3: np.ndarray
    bias_3: np.ndarray
    offset: float
    started: str = ""

    def probability(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probability of massive at equal priors, ndarray of shape (n_stars,).

        Parameters
        ----------
        columns : mapping of ndarrays of shape (n_stars,)
            probability, probability_std, phot_g_mean_mag, bp_rp, parallax, parallax_error. Where a value is missing the
            result is `probability`.
        """
        x = (features(columns) - self.centre) / self.scale
        hidden = np.tanh(np.tanh(x @ self.weights_1 + self.bias_1) @ self.weights_2 + self.bias_2)
        answer = sigmoid((hidden @ self.weights_3 + self.bias_3)[:, 0] - self.offset)
        return np.where(np.isfinite(x).all(axis=1), answer, columns["probability"])


def features(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """What the classifier sees, shape (n_stars, 6); NaN where a value is missing."""
    probability = np.clip(columns["probability"], LEAST_ODDS, 1.0 - LEAST_ODDS)
    spread = np.where(np.isnan(columns["probability_std"]), 0.0, columns["probability_std"])  # of a single member
    g, bp_rp = columns["phot_g_mean_mag"], columns["bp_rp"]
    parallax = columns["parallax"] - parallax_zero_point(columns)
    a_g = A_G_PER_REDDENING * np.maximum(bp_rp - REFERENCE_BP_RP, 0.0)
    to_luminosity = 10 ** (1.0 + (g - a_g) / 5.0) / 1000.0
    luminosity, error = parallax * to_luminosity, columns["parallax_error"] * to_luminosity
    return np.column_stack(
        [
            np.log(probability / (1.0 - probability)),
            np.log(spread + 1e-4),
            g,
            bp_rp,
            np.arcsinh(10.0 * luminosity),  # 0.25 for M_G = -3; dwarfs of 1 Msun reach 5 and more
            np.log(error),
        ]
    )


def fit_photometric_classifier(
    massive: Mapping[str, np.ndarray],
    low_mass: Mapping[str, np.ndarray],
    weight: np.ndarray | None = None,
    *,
    n_massive: int,
    n_low_mass: int,
    started: str,
) -> PhotometricClassifier:
    """Fit on possible candidates of known truth.

    Parameters
    ----------
    massive, low_mass : mappings
        Columns as in `PhotometricClassifier.probability`, of the stars that the run has not dismissed.
    weight : ndarray of shape (n_low_mass_candidates,), or None for ones
        How many stars of the sky each low-mass one stands for.
    n_massive, n_low_mass : int
        How many of each were classified, the dismissed ones included: they make the likelihood ratio one.
    started : str
        That of the run.
    """
    from sklearn.neural_network import MLPClassifier

    parts = [features(low_mass), features(massive)]
    weights = [np.ones(len(parts[0])) if weight is None else np.asarray(weight, dtype=float), np.ones(len(parts[1]))]
    usable = [np.isfinite(part).all(axis=1) for part in parts]
    parts, weights = ([a[b] for a, b in zip(c, usable, strict=True)] for c in (parts, weights))
    x, y = np.concatenate(parts), np.repeat([0, 1], [len(part) for part in parts])
    centre, scale = x.mean(axis=0), x.std(axis=0)
    network = MLPClassifier(
        _HIDDEN, activation="tanh", alpha=1e-3, early_stopping=True, n_iter_no_change=8, max_iter=80,
        batch_size=512, random_state=_SEED,
    )  # fmt: skip
    network.fit((x - centre) / scale, y, sample_weight=np.concatenate(weights))
    layers = {f"weights_{i + 1}": weights for i, weights in enumerate(network.coefs_)}
    layers |= {f"bias_{i + 1}": bias for i, bias in enumerate(network.intercepts_)}
    return PhotometricClassifier(centre, scale, **layers, offset=float(np.log(n_massive / n_low_mass)), started=started)


def store_photometric_classifier(folder: str | Path, fitted: PhotometricClassifier) -> Path:
    """Write it beside a run."""
    path = Path(folder) / FILE_NAME
    with atomic_path(path) as beside:
        np.savez(beside, allow_pickle=False, **asdict(fitted))
    note_file(Path(folder), FILE_NAME)
    return path


def load_photometric_classifier(folder: str | Path, started: str) -> PhotometricClassifier | None:
    """The classifier that lies beside a run; None where there is none, or one for another training."""
    path = Path(folder) / FILE_NAME
    found = _load(path, path.stat().st_mtime_ns) if path.is_file() else None
    return found if found is not None and found.started == started else None


@lru_cache(maxsize=4)
def _load(path: Path, stamp: int) -> PhotometricClassifier:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return PhotometricClassifier(**{**arrays, "offset": float(arrays["offset"]), "started": str(arrays["started"])})
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(f"{path} is damaged ({error}): restore the folder or train again") from error
