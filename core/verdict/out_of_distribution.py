"""Is a spectrum like those that the networks were trained on? A density of the training spectra, and its limit.

A network answers for any spectrum, also for a quasar or a nebula of which it has seen none. The model is the density
of the training stars in the space of their first principal components (of L2-normalised flux, so that apparent
brightness does not count), with the size of what the components leave over as one more axis. It is a mixture of
normal distributions: hot, cool, reddened and composite stars lie apart, and one ellipsoid around all of them would
have most of its volume where no star is. Source: Bishop 1994, IEE Proc. Vision 141, 217.
"""

import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import RunError
from core.spectra.transforms import normalise

OUT_OF_DISTRIBUTION_FILE = "domain.npz"
EXCEEDED_BY = 0.01
"""Share of the training stars beyond the limit."""
MOST_COMPONENTS, MOST_CLUSTERS = 12, 12
_STARS_PER_COMPONENT, _STARS_PER_CLUSTER = 20, 300
_FEWEST_STARS = 80
_MOST_STARS = 6000  # to fit, and as many others to set the limit: more stars do not move the limit by 2 %
_ITERATIONS = 6
_SMALLEST_VARIANCE = 1e-3  # of standardised features; keeps thin clusters from flagging all that is not on them
_LEAST_RESIDUAL = 1e-9
_CHUNK_ROWS = 8192


@dataclass(frozen=True)
class OutOfDistributionModel:
    """Where the training spectra lie; made by `fit_out_of_distribution`, stored beside a run.

    Attributes
    ----------
    flux_mean (343,), components (n_components, 343) : principal components of the normalised flux
    centre, scale : (n_features,), standardise the component values and the log residual
    weight (n_clusters,), means (n_clusters, n_features), whitening (n_clusters, n_features, n_features) : the mixture;
        a cluster's distance is the length of (x - mean) @ whitening
    median, limit : float
        -ln density of the median training star, and the value that 1 % of the training stars exceed; both measured on
        stars that the mixture was not fitted to.
    """

    flux_mean: np.ndarray
    components: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    means: np.ndarray
    whitening: np.ndarray
    median: float
    limit: float

    def score(self, flux: np.ndarray) -> np.ndarray:
        """How unlike the training stars each spectrum is: 0 like their median, 1 at the limit, above 1 outside.

        Parameters
        ----------
        flux : ndarray of shape (n_stars, 343), any scale

        Returns
        -------
        float64 ndarray of shape (n_stars,); NaN for a spectrum with gaps or without flux
        """
        raw = [self._rarity(flux[start : start + _CHUNK_ROWS]) for start in range(0, len(flux), _CHUNK_ROWS)]
        return (np.concatenate(raw) - self.median) / (self.limit - self.median) if raw else np.empty(0)

    def _rarity(self, flux: np.ndarray) -> np.ndarray:
        """-ln density, shape (n_stars,)."""
        from scipy.special import logsumexp

        features = _features(np.asarray(flux, dtype=np.float64), self.flux_mean, self.components)
        x = (features - self.centre) / self.scale
        n_clusters, n_features, _ = self.whitening.shape
        side_by_side = self.whitening.transpose(1, 0, 2).reshape(n_features, n_clusters * n_features)
        origin = np.einsum("ki,kij->kj", self.means, self.whitening)
        z = (x @ side_by_side).reshape(len(x), n_clusters, n_features) - origin  # every cluster in one product
        distance_squared = np.einsum("nkj,nkj->nk", z, z)
        log_determinant = np.log(np.diagonal(self.whitening, axis1=1, axis2=2)).sum(axis=1)
        log_density = np.log(self.weight) + log_determinant - 0.5 * distance_squared
        return 0.5 * x.shape[1] * np.log(2 * np.pi) - logsumexp(log_density, axis=1)


def fit_out_of_distribution(flux: np.ndarray, seed: int = 0) -> OutOfDistributionModel:
    """Learn the density of training spectra.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343)
        The spectra that networks are trained on, and no others; at least 80 without gaps.
    seed : int
        Decides which stars fit the mixture and which set the limit.
    """
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero(np.isfinite(flux).all(axis=1))
    chosen = rng.permutation(usable)[: 2 * _MOST_STARS]
    values = normalise(np.asarray(flux[chosen], dtype=np.float64))
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) < _FEWEST_STARS:
        raise ValueError(f"{len(values)} usable spectra, expected at least {_FEWEST_STARS}")
    half = len(values) // 2
    fitted, held_out = values[:half], values[half:]
    flux_mean, components = _principal_components(fitted)
    features = _features(fitted, flux_mean, components)
    centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-12)
    mixture = _fit_mixture((features - centre) / scale, seed)
    model = OutOfDistributionModel(flux_mean, components, centre, scale, *mixture, median=0.0, limit=1.0)
    rarity = model._rarity(held_out)
    limit = float(np.quantile(rarity, 1.0 - EXCEEDED_BY))
    return OutOfDistributionModel(**{**vars(model), "median": float(np.median(rarity)), "limit": limit})


def store_out_of_distribution(folder: str | Path, flux: np.ndarray, rows: np.ndarray) -> Path | None:
    """Fit the model of a run's training spectra and write it beside the run, unless it is there already.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343)
    rows : int ndarray
        The stars that train the run; the others (the test set) must not shape it.

    Returns
    -------
    Path of the file, or None where there are fewer than 80 training spectra: too few to say what is rare.
    """
    path = Path(folder) / OUT_OF_DISTRIBUTION_FILE
    if path.is_file():
        return path
    if len(rows) < _FEWEST_STARS:
        return None
    chosen = np.random.default_rng(0).permutation(rows)[: 2 * _MOST_STARS]
    model = fit_out_of_distribution(flux[chosen])
    with atomic_path(path) as beside:
        arrays = {name: np.asarray(value, dtype=np.float32) for name, value in asdict(model).items()}
        np.savez_compressed(beside, allow_pickle=False, **arrays)
    return path


def load_out_of_distribution(folder: str | Path) -> OutOfDistributionModel | None:
    """The model that lies beside a run; None for a run that has none (too few stars).

    Raises
    ------
    RunError
        The file is damaged.
    """
    path = Path(folder) / OUT_OF_DISTRIBUTION_FILE
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name].astype(np.float64) for name in stored.files}
        return OutOfDistributionModel(**{**arrays, "median": float(arrays["median"]), "limit": float(arrays["limit"])})
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(f"{path} is damaged ({error}): restore the folder or train again") from error


def _principal_components(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = values.mean(axis=0)
    n_components = int(np.clip(len(values) // _STARS_PER_COMPONENT, 1, MOST_COMPONENTS))
    _, vectors = np.linalg.eigh(np.cov(values.T))
    return mean, vectors[:, ::-1][:, :n_components].T


def _features(values: np.ndarray, flux_mean: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Component values and log residual of spectra on any scale, normalised: (n_stars, n_components + 1)."""
    norm = np.sqrt(np.einsum("ij,ij->i", values, values))
    directions = np.vstack([components, flux_mean])
    products = values @ directions.T / np.where(norm > 0, norm, np.nan)[:, None]  # no centred copy of the spectra
    scores = products[:, :-1] - flux_mean @ components.T
    # Pythagoras, in place of the residual itself: |v - m|^2 = 1 - 2 v.m + |m|^2 for a normalised v
    centred_squared = 1.0 - 2.0 * products[:, -1] + flux_mean @ flux_mean
    squared = centred_squared - np.einsum("ij,ij->i", scores, scores)
    return np.column_stack([scores, np.log(np.maximum(np.sqrt(np.maximum(squared, 0.0)), _LEAST_RESIDUAL))])


def _fit_mixture(features: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and whitening matrices: k-means, then a few steps of expectation-maximisation."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    n_clusters = int(np.clip(len(features) // _STARS_PER_CLUSTER, 1, MOST_CLUSTERS))
    start = KMeans(n_clusters, n_init=2, random_state=seed).fit(features)
    mixture = GaussianMixture(
        n_clusters,
        means_init=start.cluster_centers_,
        reg_covar=_SMALLEST_VARIANCE,
        max_iter=_ITERATIONS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a density that is nearly the best will do
        mixture.fit(features)
    return mixture.weights_, mixture.means_, mixture.precisions_cholesky_
