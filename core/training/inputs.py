"""What the networks are fed: represented flux, and the context where a network takes it."""

from dataclasses import dataclass

import numpy as np

from core.datasets.training_data import TrainingData
from core.runs.settings import TrainingSettings
from core.spectra.representations import context, fit_context_statistics, fit_representation, represent
from core.spectra.spectrum_set import Coefficients
from models.registry import ModelSpec

_CHUNK_ROWS = 8192


@dataclass(frozen=True)
class FittedInputs:
    """What must be remembered of the training stars to prepare other stars in the same way.

    Attributes
    ----------
    context_statistics : dict of lists or None
        What the context was standardised with.
    representation_state : dict of ndarray
        What the representation learnt; empty for most.
    """

    context_statistics: dict[str, list[float]] | None
    representation_state: dict[str, np.ndarray]


@dataclass(frozen=True)
class NetworkInputs:
    """Inputs of one network for all stars of a training table, in the order of `spec.inputs`.

    Attributes
    ----------
    arrays : tuple of float32 ndarray of shape (n_stars, 343) and perhaps (n_stars, 2)
    fitted : FittedInputs
    """

    arrays: tuple[np.ndarray, ...]
    fitted: FittedInputs

    def rows(self, rows: np.ndarray) -> list[np.ndarray]:
        """The inputs of the chosen stars (index array)."""
        return [array[rows] for array in self.arrays]


def fit_inputs(spec: ModelSpec, data: TrainingData, settings: TrainingSettings, train_rows: np.ndarray) -> FittedInputs:
    """Fit what must be fitted (context statistics, components) on `train_rows` alone."""
    state = fit_representation(settings.representation, data.flux[train_rows])
    wants_statistics = spec.has_context and settings.context == "log"
    return FittedInputs(fit_context_statistics(data.flux[train_rows]) if wants_statistics else None, state)


def network_inputs(
    spec: ModelSpec, data: TrainingData, settings: TrainingSettings, fitted: FittedInputs
) -> NetworkInputs:
    """Represent all stars, with what `fit_inputs` has fitted."""
    return NetworkInputs(tuple(prepare_inputs(spec, settings, fitted, data.flux, data.coefficients)), fitted)


def prepare_inputs(
    spec: ModelSpec,
    settings: TrainingSettings,
    fitted: FittedInputs,
    flux: np.ndarray,
    coefficients: Coefficients | None = None,
) -> list[np.ndarray]:
    """Flux of shape (n, 343), W m^-2 nm^-1, as the network's input arrays."""
    arrays = [_represented(flux, coefficients, settings.representation, fitted.representation_state)]
    if spec.has_context:
        arrays.append(context(flux, settings.context, fitted.context_statistics).astype(np.float32))
    return arrays


def _represented(
    flux: np.ndarray, coefficients: Coefficients | None, name: str, state: dict[str, np.ndarray]
) -> np.ndarray:
    """Represented flux as float32 of shape (n, 343), in chunks: double precision of all stars is not kept."""
    result = np.empty(flux.shape, dtype=np.float32)
    for start in range(0, len(flux), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        some = None if coefficients is None else coefficients.take(rows)
        result[rows] = represent(flux[rows], name, state=state or None, coefficients=some)
    return result
