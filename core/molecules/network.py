"""The trained networks that judge a species: an ensemble of ONNX members with one calibration."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import RunError
from core.molecules.run import MoleculeRun, read_molecule_run
from core.settings import PROJECT_ROOT
from core.whole import sha256_of

NETWORK_DIR = PROJECT_ROOT / "data" / "molecules" / "default_run"
BATCH_ROWS = 512


@dataclass(frozen=True)
class MoleculeNetwork:
    """Members of one run and the calibration of their mean logit.

    Attributes
    ----------
    run : MoleculeRun
    """

    run: MoleculeRun
    sessions: tuple[Any, ...] = field(repr=False)

    @property
    def threshold(self) -> float:
        """Probability from which on a species is 'detected'."""
        return self.run.threshold

    def logits(self, values: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Mean logit over the members, ndarray of shape (n,).

        Parameters
        ----------
        values, context : float32 ndarrays of shape (n, 343) and (n, 2)
        """
        total = np.zeros(len(values))
        for start in range(0, len(values), BATCH_ROWS):
            rows = slice(start, start + BATCH_ROWS)
            for session in self.sessions:
                fed = {"flux": np.ascontiguousarray(values[rows], np.float32)}
                if len(session.get_inputs()) > 1:
                    fed["context"] = np.ascontiguousarray(context[rows], np.float32)
                total[rows] += session.run(["logit"], fed)[0][:, 0]
        return total / len(self.sessions)

    def probabilities(self, values: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Calibrated probability that the species is present, at equal odds before looking: ndarray of shape (n,)."""
        scaling = self.run.calibration
        logit = scaling.slope * self.logits(values, context) + scaling.intercept
        return 1.0 / (1.0 + np.exp(-np.clip(logit, -50.0, 50.0)))


@cache
def load_network(folder: str | Path = NETWORK_DIR, threads: int | None = None) -> MoleculeNetwork:
    """The shipped ensemble, or one that `train --task molecules` made.

    Raises
    ------
    RunError
        The folder holds no finished run, or a member is missing.
    """
    import onnxruntime

    folder = Path(folder)
    run = read_molecule_run(folder)
    members = [folder / member.file for member in run.members]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    missing = [path.name for path in members if not path.is_file()]
    if missing:
        raise RunError(f"members {missing} are missing in {folder}: restore the folder or train again")
    sessions = []
    for path, member in zip(members, run.members, strict=True):
        if member.sha256 and sha256_of(path) != member.sha256:
            raise RunError(f"{path} is not the member that belongs to the run: restore the folder or train again")
        try:
            sessions.append(onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))
        except Exception as error:  # ONNX Runtime's own exceptions have no common public base
            raise RunError(f"the member {path} is no readable ONNX network ({error}): train again") from error
    return MoleculeNetwork(run, tuple(sessions))
