"""What is explained: the spectrum whose 343 values stand at the 343 wavelengths, and the map from it to the network.

A network sees a representation. Where that is a linear map of the L2-normalised spectrum (continuum, derivative,
wavelets, principal components), the map becomes the network's first layer, and attributions are those of the normalised
spectrum itself: the chain rule, exactly. Standardised and raw flux have a value at each wavelength already. A Hilbert
transform mixes all wavelengths non-linearly and a coefficient belongs to a whole band: they are refused.

Normalisation itself is not chained back. An attribution says what the *shape* of the spectrum at a wavelength
contributes; brightness has been divided out on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import UsageError
from core.runs.run import Run
from core.spectra.grid import N_SAMPLES
from core.spectra.representations import context, find_representation, represent, representation_matrix

_AS_IT_IS = ("standardised", "raw_scaled")
SPACE_TITLES = {
    "l2": "L2-normalised flux",
    "standardised": "standardised flux",
    "raw_scaled": "raw flux x 1e16",
}


@dataclass(frozen=True)
class View:
    """What a run's networks are explained in.

    Attributes
    ----------
    space : 'l2', 'standardised' or 'raw_scaled'
        The spectrum that attributions belong to: a representation with one value per wavelength.
    matrix, offset : float64 ndarray of shape (343, 343) and (343,), or None
        Network input = space @ matrix + offset; None where the network sees the space itself.
    context : 'none', 'published' or 'log'
    context_statistics : mapping or None
    """

    space: str
    matrix: np.ndarray | None
    offset: np.ndarray | None
    context: str = "none"
    context_statistics: Mapping[str, list[float]] | None = None

    @property
    def title(self) -> str:
        """Name of the space, for axes and captions."""
        return SPACE_TITLES[self.space]

    def inputs(self, flux: np.ndarray) -> list[np.ndarray]:
        """Flux of shape (n, 343), W m^-2 nm^-1, in the space that is explained, and the context where there is one.

        Returns
        -------
        list of float64 ndarray of shape (n, 343), and perhaps (n, 2)
        """
        values = [represent(flux, self.space)]
        if self.context != "none":
            values.append(context(flux, self.context, self.context_statistics))
        return values

    def represented(self, values: np.ndarray) -> np.ndarray:
        """From the space to what the network is fed: (n, 343) -> (n, 343)."""
        return values if self.matrix is None else values @ self.matrix + self.offset


def view_of(run: Run, state: Mapping[str, np.ndarray] | None) -> View:
    """The view of a run.

    Parameters
    ----------
    run : Run
    state : content of the run's representation.npz, None where there is none

    Raises
    ------
    UsageError
        Attributions cannot be led back to wavelengths from the run's representation.
    """
    matrix: np.ndarray | None = None
    offset: np.ndarray | None = None
    name, kind = run.representation, run.context
    item = find_representation(name)
    if name in _AS_IT_IS:
        return View(name, None, None, kind, run.context_statistics)
    if name == "pca":
        matrix, offset = _principal_map(state)
    elif item.linear:
        if name != "l2":
            matrix, offset = representation_matrix(name), np.zeros(N_SAMPLES)
    else:
        raise UsageError(
            f"this run sees {item.title!r}, whose values belong to no wavelength, nor are they a linear map of the "
            "spectrum: its attributions cannot be led back to wavelengths. Explain a run trained on l2, standardised, "
            "continuum, derivative, wavelet or pca"
        )
    return View("l2", matrix, offset, kind, run.context_statistics)


def _principal_map(state: Mapping[str, np.ndarray] | None) -> tuple[np.ndarray, np.ndarray]:
    if state is None:
        raise UsageError("this run sees principal components, but its representation.npz is missing: train again")
    directions = state["components"].T / state["scale"]  # (343, n_components)
    matrix, offset = np.zeros((N_SAMPLES, N_SAMPLES)), np.zeros(N_SAMPLES)
    n_components = directions.shape[1]
    matrix[:, :n_components] = directions
    offset[:n_components] = -state["mean"] @ directions
    return matrix, offset
