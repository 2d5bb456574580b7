"""What the networks are fed: represented flux, and the context where a network takes it."""

from dataclasses import dataclass

import numpy as np

from core.spectra.representations import context, fit_context_statistics, fit_representation, represent
from core.training.settings import TrainingSettings
from core.training.training_data import TrainingData
from models.registry import ModelSpec

_CHUNK_ROWS = 8192


@dataclass(frozen=True)
class NetworkInputs:
    """Inputs of one network for all stars of a training table, in the order of `spec.inputs`.

    Attributes
    ----------
    arrays : tuple of float32 ndarray of shape (n_stars, 343) and perhaps (n_stars, 2)
    context_statistics : dict of lists or None
        What the context was standardised with; every later prediction needs it.
    representation_state : dict of ndarray
        What the representation learnt of the training stars; empty for most.
    """

    arrays: tuple[np.ndarray, ...]
    context_statistics: dict[str, list[float]] | None
    representation_state: dict[str, np.ndarray]

    def rows(self, rows: np.ndarray) -> list[np.ndarray]:
        """The inputs of the chosen stars (index array)."""
        return [array[rows] for array in self.arrays]


def network_inputs(
    spec: ModelSpec, data: TrainingData, settings: TrainingSettings, train_rows: np.ndarray
) -> NetworkInputs:
    """Represent all stars; what must be fitted (context statistics, components) is fitted on `train_rows` alone."""
    state = fit_representation(settings.representation, data.flux[train_rows])
    arrays = [_represented(data, settings.representation, state)]
    statistics = None
    if spec.has_context:
        statistics = fit_context_statistics(data.flux[train_rows]) if settings.context == "log" else None
        arrays.append(context(data.flux, settings.context, statistics).astype(np.float32))
    return NetworkInputs(tuple(arrays), statistics, state)


def _represented(data: TrainingData, name: str, state: dict[str, np.ndarray]) -> np.ndarray:
    """Represented flux as float32 of shape (n_stars, 343), in chunks: double precision of all stars is not kept."""
    result = np.empty(data.flux.shape, dtype=np.float32)
    for start in range(0, len(data), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        coefficients = None if data.coefficients is None else data.coefficients.take(rows)
        result[rows] = represent(data.flux[rows], name, state=state or None, coefficients=coefficients)
    return result
