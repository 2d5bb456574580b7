"""One network in training: its run folder is claimed, described and brought up to date fold by fold, whoever trains."""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

import numpy as np

import core
from core.datasets.training_data import TrainingData
from core.runs import store as run_store
from core.runs.protocol import FoldMap, make_fold_map
from core.runs.run import FAILED, FINISHED, FORMAT_VERSION, RUNNING, DataReference, Run, read_run
from core.runs.settings import TrainingSettings
from core.training.augmentation import with_changed_copies
from core.training.inputs import FittedInputs, NetworkInputs, fit_inputs, network_inputs
from core.verdict.out_of_distribution import store_out_of_distribution
from models.registry import ModelSpec

_PACKAGES = ("keras", "tensorflow", "jax", "numpy", "pandas", "scikit-learn", "onnxruntime", "tf2onnx")


@dataclass(frozen=True)
class Preparation:
    """What all folds of a network share; made by `prepare`."""

    spec: ModelSpec
    settings: TrainingSettings
    data: TrainingData
    folds: FoldMap
    fitted: FittedInputs

    @cached_property
    def inputs(self) -> NetworkInputs:
        """The network's inputs for all stars."""
        return network_inputs(self.spec, self.data, self.settings, self.fitted)

    def learnt(self, fold: int) -> tuple[list[np.ndarray], np.ndarray]:
        """Inputs and labels that train the member of a fold, changed copies included."""
        rows = self.folds.train_rows(fold)
        return with_changed_copies(self.spec, self.settings, self.data, self.inputs, rows, fold)


def folds_of(data: TrainingData, settings: TrainingSettings) -> FoldMap:
    """The fold map that settings give on a data set."""
    return make_fold_map(data, n_folds=settings.n_folds, validation=settings.validation, seed=settings.seed)


def prepare(data: TrainingData, spec: ModelSpec, settings: TrainingSettings) -> Preparation:
    """Divide the stars into folds, and fit on the training stars what the inputs need."""
    folds = folds_of(data, settings)
    return Preparation(spec, settings, data, folds, fit_inputs(spec, data, settings, folds.all_train_rows))


class NetworkTraining:
    """A run folder while its network is trained; a context manager that gives the folder free.

    Parameters
    ----------
    resume : bool
        Go on with a run that stands there; its finished folds stay.
    device : str
        What the folds are trained on; '' where their members tell.

    Raises
    ------
    RunError, StorageError
        As `core.runs.store.open_run`.
    """

    def __init__(self, prepared: Preparation, folder: Path, *, resume: bool, device: str = "") -> None:
        self.folder, self.spec, self.settings = folder, prepared.spec, prepared.settings
        self.error = ""
        self._device = device
        with ExitStack() as claim:
            claim.enter_context(run_store.open_run(folder, run_description(prepared, device), resume=resume))
            run_store.store_representation_state(folder, prepared.fitted.representation_state)
            store_out_of_distribution(folder, prepared.data.flux, prepared.folds.all_train_rows)
            self.done_before = run_store.finished_folds(folder)
            if self.done_before:
                self.update()
            self._claim = claim.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._claim.close()

    @property
    def missing(self) -> list[int]:
        """Folds that were to be trained when the folder was opened, in order."""
        return [fold for fold in range(self.settings.only_folds) if fold not in self.done_before]

    def update(self) -> Run:
        """Put the tables and the run up to the folds that are stored; `error` makes an incomplete run a failed one."""
        members = run_store.stored_members(self.folder)
        complete = len(members) >= self.settings.only_folds
        return run_store.assemble(
            self.folder,
            state=FINISHED if complete else FAILED if self.error else RUNNING,
            error=None if complete else self.error or None,
            seconds=round(sum(member.seconds for member in members), 1),
            device=self._device or (members[0].device if members else ""),
        )

    def end(self, message: str) -> Run:
        """The run at the end: what is unfinished failed, for the reason of `message`."""
        run = read_run(self.folder)
        if run.state != RUNNING:
            return run
        self.error = self.error or message
        return self.update()


def run_description(prepared: Preparation, device: str) -> Run:
    """What is known of a run before its first fold."""
    spec, settings, data, folds = prepared.spec, prepared.settings, prepared.data, prepared.folds
    return Run(
        format_version=FORMAT_VERSION,
        model=spec.key,
        title=spec.title,
        instrument=prepared.data.release,
        inputs=list(spec.inputs),
        representation=settings.representation,
        context=settings.context,
        context_statistics=prepared.fitted.context_statistics,
        n_folds=settings.n_folds,
        folds_done=[],
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=settings.seed,
        preset=settings.preset,
        validation=settings.validation,
        settings=settings,
        data=DataReference(
            path=data.name,
            sha256=data.sha256,
            fold_map=hashlib.sha256(data.source_id.tobytes() + folds.fold.tobytes()).hexdigest()[:16],
            n_stars=len(data),
            n_train=len(folds.all_train_rows),
            n_test=len(folds.test_rows),
            notes=list(data.notes),
        ),
        calibration=None,
        members=[],
        versions=_versions(),
        device=device,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        state=RUNNING,
    )


def _versions() -> dict[str, str]:
    found = {"massive-star-explorer": core.__version__}
    for package in _PACKAGES:
        for name in (package, f"{package}-cpu"):
            try:
                found[package] = version(name)
            except PackageNotFoundError:
                continue
            break
    return found
