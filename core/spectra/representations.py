"""Representations of a spectrum, what a network sees instead of the raw flux, and the context beside it.

Whatever the representation, a network receives 343 numbers per star, so that the published networks fit all of them;
shorter representations are padded with zeros. A row that holds NaN or no flux at all becomes a row of NaN.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from core.errors import UsageError
from core.spectra import transforms
from core.spectra.grid import N_COEFFICIENTS, N_SAMPLES
from core.spectra.spectrum_set import Coefficients

N_COMPONENTS = 80
"""Principal components kept, fewer for less than 160 spectra. About 26 degrees of freedom carry the variance of bright
stars, but weak lines lie in the later components, and noise takes places of its own (docs/decisions.md)."""
FEWEST_SPECTRA = 32


@dataclass(frozen=True)
class Representation:
    """One way to show a spectrum to a network.

    Attributes
    ----------
    name, title, note : str
    linear : bool
        A fixed linear map of the L2-normalised flux: `representation_matrix` gives it.
    n_values : int
        How many of the 343 numbers are in use.
    needs : 'flux', 'coefficients' or 'fit'
        'coefficients': the input must hold XP coefficients. 'fit': `fit_representation` on the training set first.
    """

    name: str
    title: str
    note: str
    linear: bool
    n_values: int = N_SAMPLES
    needs: str = "flux"


REPRESENTATIONS: tuple[Representation, ...] = (
    Representation("l2", "L2-normalised flux (as published)", "Divided by the root of the sum of squares.", True),
    Representation("standardised", "Standardised flux", "Mean 0 and standard deviation 1 per star.", False),
    Representation("raw_scaled", "Raw flux x 1e16", "Keeps the apparent brightness: a leak to look at.", False),
    Representation("continuum", "Continuum-removed flux", "L2, minus the best cubic polynomial in wavelength.", True),
    Representation("derivative", "Derivative of the flux", "L2, change per 20 nm.", True),
    Representation("wavelet", "Wavelet coefficients", "L2, Daubechies 4, from coarse to fine.", True),
    Representation(
        "hilbert",
        "Hilbert envelope and frequency",
        "L2 minus mean: envelope, then instantaneous frequency, each at every second sample.",
        False,
    ),
    Representation(
        "pca", "Principal components", "L2, scaled to unit variance on the training set.", False, N_COMPONENTS, "fit"
    ),
    Representation(
        "coefficients",
        "XP coefficients",
        "55 + 55 coefficients, divided by the root of the sum of squares.",
        False,
        2 * N_COEFFICIENTS,
        "coefficients",
    ),
)

FittedState = Mapping[str, np.ndarray]


def find_representation(name: str) -> Representation:
    """The table's entry; UsageError for an unknown name."""
    for item in REPRESENTATIONS:
        if item.name == name:
            return item
    raise UsageError(f"unknown representation {name!r}: choose one of {', '.join(r.name for r in REPRESENTATIONS)}")


def represent(
    flux: np.ndarray, name: str, *, state: FittedState | None = None, coefficients: Coefficients | None = None
) -> np.ndarray:
    """The spectra as a network sees them.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
    name : a name of `REPRESENTATIONS`
    state : result of `fit_representation`, for a representation that needs it
    coefficients : of the same stars, for the representation 'coefficients'

    Returns
    -------
    float64 ndarray of shape (n_stars, 343)

    Raises
    ------
    UsageError : unknown name, or what the representation needs is missing.

    >>> import numpy as np
    >>> from core.spectra.representations import represent
    >>> float(np.linalg.norm(represent(np.full((1, 343), 3e-15), "l2")).round(12))
    1.0
    """
    needs = find_representation(name).needs
    if needs == "coefficients":
        return _padded(transforms.normalise(_both_bands(coefficients)))
    flux = np.asarray(flux, dtype=np.float64)  # float32 would underflow in the squares
    if flux.ndim != 2 or flux.shape[1] != N_SAMPLES:
        raise ValueError(f"flux has shape {flux.shape}, expected (n_stars, {N_SAMPLES})")
    if needs == "fit":
        return _padded(_principal_components(flux, state))
    if name in _MATRICES:
        return transforms.normalise(flux) @ representation_matrix(name)
    return _FUNCTIONS[name](flux)


def n_used_values(name: str, state: FittedState | None = None) -> int:
    """How many of the 343 numbers are in use; the others are zero for every spectrum."""
    if state and "components" in state:
        return len(state["components"])
    return find_representation(name).n_values


@cache
def representation_matrix(name: str) -> np.ndarray:
    """R with representation = L2-normalised flux @ R, float64 ndarray of shape (343, 343), for a linear one."""
    if name == "l2":
        return np.eye(N_SAMPLES)
    if name not in _MATRICES:
        raise UsageError(f"the representation {name!r} is not linear: {', '.join(['l2', *_MATRICES])} are")
    matrix = _MATRICES[name]()
    matrix.setflags(write=False)
    return matrix


def fit_representation(name: str, flux: np.ndarray) -> dict[str, np.ndarray]:
    """What `represent` must remember of the training set: arrays by name, empty for most representations.

    Fit on training stars only: the test set must not shape what the network sees.
    """
    if find_representation(name).needs != "fit":
        return {}
    from sklearn.decomposition import PCA

    normalised = transforms.normalise(np.asarray(flux, dtype=np.float64))
    usable = normalised[np.isfinite(normalised).all(axis=1)]
    if len(usable) <= FEWEST_SPECTRA:
        raise UsageError(f"{len(usable)} usable spectra: principal components want more than {FEWEST_SPECTRA}")
    fitted = PCA(n_components=min(N_COMPONENTS, len(usable) // 2), svd_solver="covariance_eigh").fit(usable)
    return {
        "mean": fitted.mean_,
        "components": fitted.components_,
        "scale": np.sqrt(np.maximum(fitted.explained_variance_, 1e-18)),
    }


def fold(values: np.ndarray) -> np.ndarray:
    """The 343 samples as the 19 x 19 image of the 2D network, zeros at the end: (n_stars, 343) -> (n_stars, 19, 19)."""
    side = 19
    image = np.zeros((len(values), side * side), dtype=np.asarray(values).dtype)
    image[:, :N_SAMPLES] = values
    return image.reshape(-1, side, side)


CONTEXTS: tuple[tuple[str, str], ...] = (
    ("none", "No context"),
    ("published", "Raw minimum and maximum flux (as published): 1e-18 to 1e-12, too small for a network to notice"),
    ("log", "Logarithm of both, standardised on the training set: it tells the network the apparent brightness"),
)
_FAINTEST_FLUX = 1e-20
"""W m^-2 nm^-1: the minimum of a faint star is often negative noise, which has no logarithm."""


def context(flux: np.ndarray, kind: str, statistics: Mapping[str, Sequence[float]] | None = None) -> np.ndarray:
    """The two context numbers that five of the networks receive beside the spectrum: smallest and largest flux.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
    kind : 'published' (the raw numbers) or 'log' (their standardised logarithms)
    statistics : result of `fit_context_statistics`, for 'log'

    Returns
    -------
    float64 ndarray of shape (n_stars, 2): of the minimum, of the maximum
    """
    if kind == "published":
        return _extremes(flux)
    if kind != "log":
        raise UsageError(f"unknown context {kind!r}: choose one of {', '.join(name for name, _ in CONTEXTS[1:])}")
    if not statistics:
        raise UsageError("the context 'log' needs the statistics that fit_context_statistics(training flux) returns")
    return (_logarithms(flux) - np.asarray(statistics["mean"])) / np.asarray(statistics["std"])


def fit_context_statistics(flux: np.ndarray) -> dict[str, list[float]]:
    """Mean and standard deviation of log10 minimum and maximum over the training stars: {'mean': [2], 'std': [2]}.

    Plain lists, ready for JSON. Rows with NaN are left out.
    """
    values = _logarithms(flux)
    values = values[np.isfinite(values).all(axis=1)]
    return {"mean": values.mean(axis=0).tolist(), "std": np.maximum(values.std(axis=0), 1e-6).tolist()}


def _extremes(flux: np.ndarray) -> np.ndarray:
    flux = np.asarray(flux, dtype=np.float64)
    return np.stack([flux.min(axis=1), flux.max(axis=1)], axis=1)


def _logarithms(flux: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(_extremes(flux), _FAINTEST_FLUX))


def _principal_components(flux: np.ndarray, state: FittedState | None) -> np.ndarray:
    if not state:
        raise UsageError(
            "the representation 'pca' needs the state that fit_representation('pca', training flux) returns"
        )
    # The product before the division by the norm: no normalised and no centred copy of the spectra is made.
    norm = np.sqrt(np.einsum("ij,ij->i", flux, flux))
    scores = flux @ state["components"].T / np.where(norm > 0, norm, np.nan)[:, None]
    return (scores - state["mean"] @ state["components"].T) / state["scale"]


def _both_bands(coefficients: Coefficients | None) -> np.ndarray:
    if coefficients is None:
        raise UsageError(
            "the representation 'coefficients' needs XP coefficients, and these spectra have none: read an "
            "XP_CONTINUOUS product, or choose a network trained on flux"
        )
    return np.concatenate([coefficients.bp, coefficients.rp], axis=1, dtype=np.float64)


def _padded(values: np.ndarray) -> np.ndarray:
    result = np.zeros((len(values), N_SAMPLES))
    result[:, : values.shape[1]] = values
    result[np.isnan(values.sum(axis=1))] = np.nan
    return result


_MATRICES: dict[str, Callable[[], np.ndarray]] = {
    "continuum": transforms.continuum_matrix,
    "derivative": transforms.derivative_matrix,
    "wavelet": transforms.wavelet_matrix,
}
_FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "l2": transforms.normalise,
    "standardised": transforms.standardise,
    "raw_scaled": transforms.raw_scaled,
    "hilbert": transforms.hilbert,
}
