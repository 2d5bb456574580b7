"""The photometric-astrometric classifier: what brightness, colour and parallax add to what the spectrum says.

The networks see the shape of a spectrum, not how bright the star is. A noisy, reddened F star may pass for a reddened B
star, but it is a thousand times less luminous, and even a poor parallax says something of that; and a massive star is
more often a bright star of the sky than a faint one. The classifier is a small network over six numbers: the
log odds of the ensemble's mean, the spread of its members, G, BP - RP, and the astrometry-based luminosity
a = parallax (arcsec) * 10^(1 + (G - A_G) / 5) = 10^(M_G / 5) with its error (Arenou & Luri 1999, ASP Conf. Ser. 167,
13), which is linear in the parallax, so that poor and negative ones are as good as any; A_G is the extinction that a
hot star of this colour suffers. Beside them stands the spectrum's rank among stars near 8 suns
(`core.verdict.mass_ranking`). It is fitted on simulated stars that the run has classified: massive ones, and
low-mass ones as a survey of the sky meets them. Its output is a likelihood ratio, given as a probability at equal
priors.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import RunError
from core.gaia.absolute_magnitude import parallax_zero_point
from core.gaia.hot_stars import A_G_PER_REDDENING, REFERENCE_BP_RP
from core.runs.hashes import note_file
from core.statistics.probability_calibration import sigmoid
from core.statistics.small_network import SmallNetwork
from core.verdict.ensemble import representation_state
from core.verdict.mass_ranking import MassRanking

FILE_NAME = "second_look.npz"
LEAST_ODDS = 1e-7
_HIDDEN = (24, 12)
_BATCH = 2048
_SEED = 1
_RANKING, _REPRESENTATION = "ranking_", "representation"


@dataclass(frozen=True, eq=False)
class PhotometricClassifier:
    """Small networks that are stored beside a run; made by `fit_photometric_classifier`.

    Attributes
    ----------
    network : SmallNetwork
        Of `features`, and of the rank where there is one.
    offset : float
        Subtracted from the output, which is then the log of the likelihood ratio.
    started : str
        When the training began whose verdicts it was fitted to.
    ranking : MassRanking or None
        Ranks the spectrum among stars near 8 suns; None: the ensemble's odds alone.
    """

    network: SmallNetwork
    offset: float
    started: str = ""
    ranking: MassRanking | None = None

    def probability(self, columns: Mapping[str, np.ndarray], flux: np.ndarray | None = None) -> np.ndarray:
        """Probability of massive at equal priors, ndarray of shape (n_stars,).

        Parameters
        ----------
        columns : mapping of ndarrays of shape (n_stars,)
            probability, probability_std, phot_g_mean_mag, bp_rp, parallax, parallax_error. Where a value is missing the
            result is `probability`.
        flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
            Of the same stars; needed where there is a `ranking`.
        """
        x = features(columns)
        if self.ranking is not None:
            if flux is None:
                raise ValueError("this photometric classifier reads the spectrum too: give the flux")
            x = np.column_stack([x, self.ranking.of(flux, columns["phot_g_mean_mag"], columns["bp_rp"])])
        answer = sigmoid(self.network(x)[:, 0] - self.offset)
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
    massive: np.ndarray,
    low_mass: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    n_massive: int,
    n_low_mass: int,
    started: str,
    ranking: MassRanking | None = None,
) -> PhotometricClassifier:
    """Fit on possible candidates of known truth.

    Parameters
    ----------
    massive, low_mass : ndarrays of shape (n_stars, n_features)
        `features` of the stars that the run has not dismissed, beside them their rank.
    weight : ndarray of shape (n_low_mass_candidates,), or None for ones
        How many stars of the sky each low-mass one stands for.
    n_massive, n_low_mass : int
        How many of each were classified, the dismissed ones included: they make the likelihood ratio one.
    started : str
        That of the run.
    ranking : MassRanking or None
        The one that made the last column.
    """
    from sklearn.neural_network import MLPClassifier

    parts = [low_mass, massive]
    weights = [np.ones(len(parts[0])) if weight is None else np.asarray(weight, dtype=float), np.ones(len(parts[1]))]
    usable = [np.isfinite(part).all(axis=1) for part in parts]
    parts, weights = ([a[b] for a, b in zip(c, usable, strict=True)] for c in (parts, weights))
    x, y = np.concatenate(parts), np.repeat([0, 1], [len(part) for part in parts])
    centre, scale = x.mean(axis=0), x.std(axis=0)
    network = MLPClassifier(
        _HIDDEN, activation="tanh", alpha=1e-3, early_stopping=True, n_iter_no_change=8, max_iter=80,
        batch_size=min(_BATCH, max(len(x) // 100, 1)), random_state=_SEED,
    )  # fmt: skip
    network.fit((x - centre) / scale, y, sample_weight=np.concatenate(weights))
    offset = float(np.log(n_massive / n_low_mass))
    return PhotometricClassifier(SmallNetwork.of_scikit(network, centre, scale), offset, started, ranking)


def store_photometric_classifier(folder: str | Path, fitted: PhotometricClassifier) -> Path:
    """Write it beside a run."""
    path = Path(folder) / FILE_NAME
    arrays = fitted.network.arrays() | {"offset": np.array(fitted.offset), "started": np.array(fitted.started)}
    if fitted.ranking is not None:
        arrays |= fitted.ranking.network.arrays(_RANKING) | {_REPRESENTATION: np.array(fitted.ranking.representation)}
    with atomic_path(path) as beside:
        np.savez_compressed(beside, allow_pickle=False, **arrays)
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
        ranking = None
        if _REPRESENTATION in arrays:
            state = representation_state(path.parent)
            ranking = MassRanking(SmallNetwork.of_arrays(arrays, _RANKING), str(arrays[_REPRESENTATION]), state)
        network = SmallNetwork.of_arrays(arrays)
        return PhotometricClassifier(network, float(arrays["offset"]), str(arrays["started"]), ranking)
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(f"{path} is damaged ({error}): restore the folder or train again") from error
