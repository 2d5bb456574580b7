"""What a run on molecules keeps: its members, their calibration and the threshold of a detection, typed."""

from pathlib import Path
from typing import Literal

from core.errors import RunError
from core.records import Record, read_record, write_record
from core.runs.run import RUN_FILE, FileName


class MoleculeMember(Record):
    """One network of the ensemble: its ONNX file, beside the run's own file."""

    file: FileName
    sha256: str = ""


class Scaling(Record):
    """Platt scaling of the members' mean logit."""

    slope: float
    intercept: float


class MoleculeRun(Record):
    """A run of `train --task molecules`.

    Attributes
    ----------
    threshold : float
        Probability from which a species counts as detected: 0.3 % of the absent ones lie above it.
    seconds : float
        Of its training.
    """

    format_version: Literal[1] = 1
    task: Literal["molecules"]
    model: str
    members: list[MoleculeMember]
    calibration: Scaling
    threshold: float
    seconds: float = 0.0


def read_molecule_run(folder: Path) -> MoleculeRun:
    """The run of a folder; RunError where there is none, it is damaged, or it judges something else."""
    advice = "train one with --task molecules"
    try:
        return read_record(folder / RUN_FILE, MoleculeRun, RunError, advice)
    except FileNotFoundError as error:
        raise RunError(f"{folder} holds no {RUN_FILE}: {advice}") from error


def write_molecule_run(folder: Path, run: MoleculeRun) -> None:
    """Write the run's file beside its members."""
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder / RUN_FILE, run)
