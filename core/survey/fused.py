"""The members of an ensemble as one ONNX network, in two steps: what the first member dismisses is not asked again."""

from functools import lru_cache
from typing import Any

import numpy as np

from core.spectra.grid import N_SAMPLES
from core.spectra.representations import n_used_values
from core.spectra.spectrum_set import Coefficients
from core.survey.graph import fuse, load_member, without_zero_inputs
from core.verdict.ensemble import Ensemble, load_ensemble

BATCH_ROWS = 1024
"""Fixed, so that sums have the same order on every machine with the same processor, however the work is shared out."""

CASCADE_FIRST = 1
"""Members in the first stage of the cascade, which every star passes; the others see those that it does not dismiss."""
DISMISS_BELOW = 0.0005
"""Stars that the first stage gives less are dismissed, at equal priors: see docs/decisions/survey.md."""


class FusedEnsemble:
    """All members on one thread: parallelism comes from partitions, and the result from none of it.

    Parameters
    ----------
    ensemble : Ensemble
        Members that are already loaded; their files are read again.
    dismiss_below : float
        A star to which the first `CASCADE_FIRST` members all give less is no matter for the others, whose
        probabilities are NaN; 0 asks every member about every star.
    """

    def __init__(self, ensemble: Ensemble, dismiss_below: float = 0.0) -> None:
        self.ensemble = ensemble
        self.dismiss_below = dismiss_below
        files = ensemble.files
        n_first = CASCADE_FIRST if dismiss_below > 0 else len(files)
        members = [load_member(file) for file in files]
        used = n_used_values(ensemble.representation, ensemble.representation_state)
        shortened = [without_zero_inputs(member, used) for member in members]
        self._n_used = used if all(shortened) else N_SAMPLES
        self._sessions = [_session(part) for part in (members[:n_first], members[n_first:]) if part]

    def __len__(self) -> int:
        return len(self.ensemble)

    @property
    def needs_coefficients(self) -> bool:
        """As `Ensemble.needs_coefficients`."""
        return self.ensemble.needs_coefficients

    @property
    def instrument(self) -> str:
        """As `Ensemble.instrument`."""
        return self.ensemble.instrument

    @property
    def representation(self) -> str:
        """As `Ensemble.representation`."""
        return self.ensemble.representation

    def probabilities(self, flux: np.ndarray, coefficients: Coefficients | None = None) -> np.ndarray:
        """Calibrated probabilities, float64 ndarray of shape (n_members, n_stars).

        NaN for a star whose representation holds NaN, and for members that were not asked about a dismissed star.
        """
        fed = self.ensemble.inputs(flux, coefficients)
        fed["flux"] = fed["flux"][:, : self._n_used]
        rows = np.flatnonzero(np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in fed.values()]))
        result = np.full((len(self), len(flux)), np.nan)
        first = 0
        for session in self._sessions:
            asked = self._ask(session, fed, rows)  # (n_asked_members, n_rows)
            result[first : first + len(asked), rows] = asked
            first += len(asked)
            rows = rows[(asked >= self.dismiss_below).any(axis=0)]
        return result

    def _ask(self, session: Any, fed: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
        n_members = session.get_outputs()[0].shape[1]
        logits = np.empty((n_members, len(rows)))
        whole = all(len(rows) == len(values) for values in fed.values())
        for start in range(0, len(rows), BATCH_ROWS):
            stop = min(start + BATCH_ROWS, len(rows))
            part = slice(start, stop) if whole else rows[start:stop]
            batch = {name: np.ascontiguousarray(values[part]) for name, values in fed.items()}
            logits[:, start:stop] = session.run(["logits"], batch)[0].T
        return self.ensemble.calibration.probability(logits)


@lru_cache(maxsize=4)
def fused_ensemble(run_dir: str, model: str | None, started: str, dismiss_below: float = 0.0) -> FusedEnsemble:
    """The fused ensemble of a run folder, loaded once per process; `started` tells a run that was trained again."""
    return FusedEnsemble(load_ensemble(run_dir, model, threads=1), dismiss_below)


def _session(members: list[Any]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(fuse(members).SerializeToString(), options, providers=["CPUExecutionProvider"])
