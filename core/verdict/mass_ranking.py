"""On which side of 8 suns a hot star lies by its spectrum: a ranking among stars near the limit.

The ensemble is asked for one number, massive or not, among all stars of the sky, and learns most from what is far from
the limit. Nearly all contaminants of a pure sample of massive stars are B stars of 5 to 8 suns. A small network, fitted
to simulated stars that the ensemble does not dismiss, as many of those as massive ones, ranks them; with brightness and
parallax it is an input of `core.verdict.photometric_classifier`. It has seen no real star.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.spectra.representations import n_used_values, represent
from core.statistics.small_network import SmallNetwork

_HIDDEN, _EPOCHS, _LAST_EPOCHS = (96, 48), 12, 4
_RATE, _LAST_RATE, _BATCH, _SEED, _CLIP = 2e-3, 3e-4, 1024, 1, 8.0


@dataclass(frozen=True, eq=False)
class MassRanking:
    """Ranks spectra; made by `fit_mass_ranking`.

    Attributes
    ----------
    network : SmallNetwork
        Of the representation's used values, G and BP - RP (both tell the noise and the dust).
    representation : str
        That of the run beside which it is stored.
    state : mapping of ndarrays
        What that representation remembers of the run's training stars.
    """

    network: SmallNetwork
    representation: str
    state: Mapping[str, np.ndarray] | None = field(default=None, repr=False)

    def of(self, flux: np.ndarray, g: np.ndarray, bp_rp: np.ndarray) -> np.ndarray:
        """About -1 for a low-mass, 1 for a massive star: float64 ndarray (n_stars,); NaN where an input is missing.

        Parameters
        ----------
        flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
        g, bp_rp : ndarrays of shape (n_stars,), mag
        """
        return self.network(inputs(shown(flux, self.representation, self.state), g, bp_rp))[:, 0]


def shown(flux: np.ndarray, representation: str, state: Mapping[str, np.ndarray] | None) -> np.ndarray:
    """The used values of a representation, float32 ndarray of shape (n_stars, n_used)."""
    values = represent(flux, representation, state=state)
    return values[:, : n_used_values(representation, state)].astype(np.float32)


def inputs(values: np.ndarray, g: np.ndarray, bp_rp: np.ndarray) -> np.ndarray:
    """What the network sees: (n_stars, n_used + 2)."""
    return np.column_stack([values, g, bp_rp])


def fit_mass_ranking(
    seen: np.ndarray, massive: np.ndarray, representation: str, state: Mapping[str, np.ndarray] | None
) -> MassRanking:
    """Fit to simulated stars by least squares: the answer is the mean of -1 and 1 given the spectrum.

    Parameters
    ----------
    seen : ndarray of shape (n_stars, n_used + 2), of `inputs`
    massive : bool ndarray of shape (n_stars,)
    representation, state : of the run
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    usable = np.isfinite(seen).all(axis=1)
    seen, side = seen[usable], 2.0 * massive[usable] - 1.0
    centre, scale = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-12)
    standard = np.clip((seen - centre) / scale, -_CLIP, _CLIP)
    network = MLPRegressor(
        hidden_layer_sizes=_HIDDEN, activation="tanh", alpha=1e-4, batch_size=min(_BATCH, max(len(seen) // 100, 1)),
        n_iter_no_change=_EPOCHS, random_state=_SEED, warm_start=True,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the plan
        for rate, epochs in ((_RATE, _EPOCHS), (_LAST_RATE, _LAST_EPOCHS)):  # smaller steps at the end
            network.set_params(learning_rate_init=rate, max_iter=epochs).fit(standard, side)
    return MassRanking(SmallNetwork.of_scikit(network, centre, scale, _CLIP), representation, state)
