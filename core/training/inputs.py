"""What the networks are fed: represented flux, and the context where a network takes it."""

from dataclasses import dataclass

import numpy as np

from core.spectra.representations import context, fit_context_statistics, represent
from models.registry import ModelSpec


@dataclass(frozen=True)
class NetworkInputs:
    """Inputs of one network for all stars of a training table, in the order of `spec.inputs`.

    Attributes
    ----------
    arrays : tuple of float32 ndarray of shape (n_stars, 343) and perhaps (n_stars, 2)
    context_statistics : dict or None
        What the context was standardised with; stored with the run, needed for every later prediction.
    """

    arrays: tuple[np.ndarray, ...]
    context_statistics: dict | None

    def rows(self, rows: np.ndarray) -> list[np.ndarray]:
        """The inputs of the chosen stars (index array)."""
        return [array[rows] for array in self.arrays]


def network_inputs(
    spec: ModelSpec, flux: np.ndarray, representation: str, context_kind: str, train_rows: np.ndarray
) -> NetworkInputs:
    """Represent all stars; a standardised context takes its mean and deviation from `train_rows` alone."""
    represented = represent(flux, representation).astype(np.float32)
    if not spec.has_context:
        return NetworkInputs((represented,), None)
    statistics = fit_context_statistics(flux[train_rows]) if context_kind == "log" else None
    numbers = context(flux, context_kind, statistics).astype(np.float32)
    return NetworkInputs((represented, numbers), statistics)
