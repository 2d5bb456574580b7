"""A trained run's members as one ensemble, on ONNX Runtime."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import RunError
from core.runs.folders import choose_network
from core.runs.hashes import require_unchanged
from core.runs.run import RUN_FILE, ProbabilityCalibration, Run, read_run
from core.spectra.representations import context, find_representation, represent
from core.spectra.spectrum_set import Coefficients

BATCH_ROWS = 256
"""As fast as larger batches, and the widest network's intermediate values stay below 300 MB."""
STATE_FILE = "representation.npz"


@dataclass(frozen=True)
class Ensemble:
    """The members of one run, ready to predict; made by `load_ensemble`.

    Attributes
    ----------
    run : Run
    path : Path
        The run folder.
    """

    run: Run
    path: Path
    sessions: tuple[Any, ...] = field(repr=False)
    representation_state: Mapping[str, np.ndarray] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def model(self) -> str:
        """Key of the network."""
        return self.run.model

    @property
    def instrument(self) -> str:
        """Key of the release whose spectra the members learnt from; runs without a tag learnt from DR3's."""
        return self.run.instrument

    @property
    def files(self) -> list[Path]:
        """The members' ONNX files."""
        return [self.path / member.file for member in self.run.members]

    @property
    def calibration(self) -> ProbabilityCalibration:
        """Of a run with members, which always has one."""
        assert self.run.calibration is not None
        return self.run.calibration

    @property
    def representation(self) -> str:
        """Name of the representation that the members were trained on."""
        return self.run.representation

    @property
    def needs_coefficients(self) -> bool:
        """Whether XP coefficients are needed beside the flux."""
        return find_representation(self.representation).needs == "coefficients"

    def inputs(self, flux: np.ndarray, coefficients: Coefficients | None = None) -> dict[str, np.ndarray]:
        """What the members are fed, float32 arrays by input name: `flux` (n, 343) and perhaps `context` (n, 2)."""
        values = represent(flux, self.representation, state=self.representation_state, coefficients=coefficients)
        fed = {"flux": values.astype(np.float32)}
        if self.run.context != "none":
            fed["context"] = context(flux, self.run.context, self.run.context_statistics).astype(np.float32)
        return fed

    def logits(self, flux: np.ndarray, coefficients: Coefficients | None = None) -> np.ndarray:
        """Output of every member for every star.

        Parameters
        ----------
        flux : ndarray of shape (n_stars, 343), W m^-2 nm^-1
        coefficients : of the same stars, where `needs_coefficients`

        Returns
        -------
        float64 ndarray of shape (n_members, n_stars); NaN for a star whose representation holds NaN
        """
        fed = self.inputs(flux, coefficients)
        usable = np.flatnonzero(np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in fed.values()]))
        logits = np.full((len(self), len(flux)), np.nan)
        for start in range(0, len(usable), BATCH_ROWS):
            rows = usable[start : start + BATCH_ROWS]
            batch = {name: np.ascontiguousarray(values[rows]) for name, values in fed.items()}
            for member, session in enumerate(self.sessions):
                logits[member, rows] = session.run(["logit"], batch)[0][:, 0]
        return logits

    def probabilities(self, flux: np.ndarray, coefficients: Coefficients | None = None) -> np.ndarray:
        """Every member's calibrated probability of massive, at equal priors: (n_members, n_stars), NaN as in `logits`.

        Platt scaling: sigmoid(slope * logit + intercept), fitted on out-of-fold logits (see run.json).
        """
        return self.calibration.probability(self.logits(flux, coefficients))


def load_ensemble(run_dir: str | Path, model: str | None = None, *, threads: int | None = None) -> Ensemble:
    """Load the members of a run folder.

    Parameters
    ----------
    run_dir : path
        Folder of one network's run, or of several, each in a folder of its own.
    model : str or None
        Key of the network; needed where the folder holds several.
    threads : int or None
        Threads per prediction; None lets ONNX Runtime take every core.

    Raises
    ------
    UsageError
        The folder holds several networks and `model` names none of them.
    RunError
        No run there, none of its members is trained yet, or a file is missing, corrupt or not the run's own.
    """
    folder = choose_network(run_dir, model)
    run = read_run(folder)
    if not run.members or run.calibration is None:
        raise RunError(
            f"the run {folder} (state {run.state!r}) has no finished member yet: wait for its first fold, or go "
            "on with the training (python -m core train ... --resume)"
        )
    require_unchanged(folder, run)
    sessions = tuple(_session(folder / member.file, threads) for member in run.members)
    ensemble = Ensemble(run, folder, sessions, representation_state(folder))
    _check_inputs(ensemble)
    return ensemble


def _session(path: Path, threads: int | None) -> Any:
    import onnxruntime

    if not path.is_file():
        raise RunError(f"the member {path} is missing: restore the run folder or train again")
    _share_memory()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.use_env_allocators", "1")
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions have no common public base
        raise RunError(f"the member {path} is no readable ONNX network ({error}): train again") from error


@cache
def _share_memory() -> None:
    """One memory arena for all sessions: they run in turn, and ten of their own would hold ten times as much."""
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    as_much_as_asked = onnxruntime.OrtArenaCfg(0, 1, -1, -1)  # not twice as much each time
    onnxruntime.create_and_register_allocator(place, as_much_as_asked)


def representation_state(folder: Path) -> dict[str, np.ndarray] | None:
    """What the run's representation remembers of its training stars; None where it needs nothing.

    RunError where the file is damaged.
    """
    path = folder / STATE_FILE
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(f"{path} cannot be read ({error}): restore the folder or train again") from error


def _check_inputs(ensemble: Ensemble) -> None:
    expected = {"flux"} if ensemble.run.context == "none" else {"flux", "context"}
    for file, session in zip(ensemble.files, ensemble.sessions, strict=True):
        found = {item.name for item in session.get_inputs()}
        if found != expected:
            raise RunError(
                f"{file} takes the inputs {sorted(found)}, but {RUN_FILE} says "
                f"{sorted(expected)}: the folder mixes two runs; train again"
            )
