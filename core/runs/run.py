"""A trained run: the content of run.json, typed. Nothing else in the program knows the keys of that file."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from core.errors import RunError
from core.gaia.releases import DEFAULT
from core.records import Record, read_record, write_record
from core.runs.settings import TrainingSettings
from core.statistics.probability_calibration import sigmoid

RUN_FILE = "run.json"
FORMAT_VERSION: Literal[1] = 1
State = Literal["running", "finished", "failed"]
RUNNING: State = "running"
FINISHED: State = "finished"
FAILED: State = "failed"


def _in_the_folder(name: str) -> str:
    if Path(name).name != name:
        raise ValueError("expected a file of the run folder")
    return name


FileName = Annotated[str, AfterValidator(_in_the_folder)]


class DataReference(Record):
    """The data set that a run was trained on.

    Attributes
    ----------
    path : str
        Its file name.
    sha256 : str
        What `core.datasets.training_data.data_hash` says of it; '' where the run does not tell.
    fold_map : str
        Hash of the stars and their folds: runs are comparable only where both hashes agree.
    n_stars, n_train, n_test : int or None
    notes : list of str
        What was left out of it, and why.
    real_source_ids : list of str
        Gaia's ids of the real stars in it.
    """

    path: str = ""
    sha256: str = ""
    fold_map: str = ""
    n_stars: int | None = None
    n_train: int | None = None
    n_test: int | None = None
    notes: list[str] = Field(default_factory=list)
    real_source_ids: list[str] = Field(default_factory=list)


class ProbabilityCalibration(Record):
    """Platt scaling, fitted on out-of-fold logits; which stars stood for a class and gave the slope, where not all."""

    method: str = "platt"
    slope: float
    intercept: float
    massive_class: str = ""
    low_mass_class: str = ""
    slope_from: str = ""

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Calibrated probability of massive at equal priors, of the same shape."""
        return sigmoid(self.slope * logit + self.intercept)


class LearntFrom(Record):
    """Numbers of simulated and of real stars that the members learnt from, and what each never sees (`held_out`).

    Attributes
    ----------
    real_rows, real_massive_rows : int
        Copies of the real stars that took part; the second_stage_* ones those of a second, shorter stage.
    real_folds : int
        Folds of the real stars; 0 without them.
    """

    simulated_stars: int = 0
    real_stars: int = 0
    real_massive_stars: int = 0
    real_rows: int = 0
    real_massive_rows: int = 0
    real_folds: int = 0
    held_out: str = ""
    second_stage_rows: int = 0
    second_stage_massive_rows: int = 0
    second_stage_epochs: int = 0


class Figures(Record):
    """Headline figures at the threshold 0.5, as stored: the standard deviation is that over the folds (ddof 1)."""

    validation_accuracy: float | None = None
    validation_accuracy_std: float | None = None
    validation_roc_auc: float | None = None
    test_accuracy: float | None = None
    test_roc_auc: float | None = None


class FoldMember(Record):
    """The member of one fold, as its training leaves it.

    Attributes
    ----------
    initial_weights_hash, weights_hash : str
        Of the weights before and after its training; `first_stage_weights_hash` where it was trained in two stages.
    best_epoch, epochs
        The epoch whose weights were kept, and how many there were.
    onnx_difference : float
        Largest difference of the ONNX file's logits from Keras's.
    sha256, keras_sha256 : str
        Of the ONNX file and of the Keras one as they are stored; '' in runs of earlier versions.
    """

    fold: int
    initial_weights_hash: str = ""
    weights_hash: str = ""
    best_epoch: int | None = None
    epochs: int = 0
    onnx_difference: float = 0.0
    seconds: float = 0.0
    device: str = ""
    first_stage_weights_hash: str = ""
    sha256: str = ""
    keras_sha256: str = ""


class Member(FoldMember):
    """A member of the ensemble: `file` is its ONNX network, `keras` the Keras one where it is kept."""

    file: FileName
    keras: FileName | None = None


class Run(Record):
    """One network's run.

    Attributes
    ----------
    model, title : str
        Key and name of the network.
    instrument : str
        Key of the data release whose spectra it learnt from; runs that do not say learnt from DR3's.
    representation, context : str
        What it sees: names of `core.spectra.representations`, kind of brightness context.
    context_statistics : dict or None
        'mean' and 'std' of a logarithmic context, of the training stars.
    n_folds, folds_done
        Folds of the protocol, and those that have a member.
    settings : TrainingSettings or None
        Everything that decided the training; None where the run does not tell.
    data : DataReference
    learnt_from : LearntFrom or None
        None: from the data alone.
    calibration : ProbabilityCalibration or None
        None before the first fold.
    members, members_not_shipped : list of Member
        Those whose ONNX file is here, and those that made the stored predictions too.
    files_sha256 : dict of str to str, or None
        SHA-256 by name of what was learnt and lies beside the members; None in runs of earlier versions.
    started : str
        UTC time, ISO 8601; tells a run from the one that stood in the folder before.
    seconds : float
        What the training of its members took.
    results, results_of_all_predictions : Figures or None
        Of the stored predictions; of all, where only a sample of `predictions_shipped` rows is stored.
    """

    format_version: Literal[1]
    model: str
    title: str = ""
    instrument: str = DEFAULT.key
    inputs: list[str] = Field(default_factory=list)
    representation: str = "l2"
    context: str = "none"
    context_statistics: dict[str, list[float]] | None = None
    n_folds: int = Field(default=1, ge=1)
    folds_done: list[int] = Field(default_factory=list)
    epochs: int = 0
    batch_size: int = 0
    seed: int = 0
    preset: str = ""
    validation: str = ""
    settings: TrainingSettings | None = None
    data: DataReference = DataReference()
    learnt_from: LearntFrom | None = None
    calibration: ProbabilityCalibration | None = None
    members: list[Member] = Field(default_factory=list)
    files_sha256: dict[str, str] | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    device: str = ""
    started: str = ""
    seconds: float = 0.0
    state: State
    results: Figures | None = None
    error: str | None = None
    predictions_shipped: int | None = None
    results_of_all_predictions: Figures | None = None
    members_not_shipped: list[Member] = Field(default_factory=list)
    note: str = ""

    @property
    def network(self) -> str:
        """Name of the network, or its key."""
        return self.title or self.model

    @property
    def every_member(self) -> list[Member]:
        """The members behind the stored predictions, those without weights here included."""
        return [*self.members, *self.members_not_shipped]

    @property
    def figures(self) -> Figures:
        """Its headline figures; unknown ones are None."""
        return self.results or Figures()


def read_run(folder: str | Path) -> Run:
    """The run of a folder; RunError where there is none, a value is wrong or a later version wrote it."""
    try:
        return read_record(Path(folder) / RUN_FILE, Run, RunError, "train again or restore the folder")
    except FileNotFoundError as error:
        raise RunError(f"{folder} holds no {RUN_FILE}; give the folder of a training run") from error


def write_run(folder: Path, run: Run) -> None:
    """Replace run.json as a whole."""
    write_record(folder / RUN_FILE, run)
