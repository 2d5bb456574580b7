"""Whole trainings: several networks, fold by fold, into run folders that can be resumed."""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

import core
from core.errors import ExplorerError, StorageError, UsageError
from core.evaluation.out_of_distribution import store_domain
from core.training import run_store
from core.training.fit import EpochEvent, FittedMember, fit_member, free_memory, predict_logits
from core.training.inputs import FittedInputs, NetworkInputs, network_inputs
from core.training.protocol import FoldMap, make_fold_map
from core.training.run_store import FoldResult, member_name
from core.training.settings import TrainingSettings
from core.training.training_data import TrainingData
from models.registry import MODELS, ModelSpec, model_spec

_PACKAGES = ("keras", "tensorflow", "jax", "numpy", "pandas", "scikit-learn", "onnxruntime", "tf2onnx")


@dataclass(frozen=True)
class TrainedRun:
    """One network's run folder after training.

    Attributes
    ----------
    run : dict
        Content of run.json.
    resumed_folds : int
        Folds that an earlier call had finished.
    """

    folder: Path
    run: dict
    resumed_folds: int


def chosen_models(text: str) -> tuple[ModelSpec, ...]:
    """'cnn,wide' or 'all' as network specifications; UsageError for an unknown or repeated key."""
    if text.strip() == "all":
        return MODELS
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not keys or len(set(keys)) < len(keys):
        raise UsageError(f"networks {text!r}: expected different keys separated by commas, or 'all'")
    return tuple(model_spec(key) for key in keys)


def train(
    data: TrainingData,
    choices: Sequence[tuple[ModelSpec, TrainingSettings]],
    out: str | Path,
    *,
    device: str,
    resume: bool = False,
    on_epoch: Callable[[EpochEvent], None] | None = None,
    on_fold: Callable[[str, int, dict], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> list[TrainedRun]:
    """Train networks on the same data, one after the other.

    One network goes into `out` itself, several into `out/<key>`. What is finished stays: with `resume` only the folds
    that are missing are trained.

    Parameters
    ----------
    device : str
        As `core.training.devices.prepare_device` returned it; stored with the run.
    on_epoch, on_fold : callables or None
        Called after every epoch with its event, after every fold with (model key, fold, run.json's content).
    should_cancel : callable or None
        Asked after every 16 batches. True ends the training: the fold at work is dropped, the run is marked failed
        ('cancelled') and can be resumed.
    """
    out = Path(out)
    runs = []
    for spec, settings in choices:
        folder = out if len(choices) == 1 else out / spec.key
        call = _Training(data, spec, settings, folder, device, on_epoch, on_fold, should_cancel)
        runs.append(call.run(resume))
        if runs[-1].run["state"] != run_store.FINISHED:
            break
    return runs


@dataclass(frozen=True)
class _Training:
    """One network's training on one table."""

    data: TrainingData
    spec: ModelSpec
    settings: TrainingSettings
    folder: Path
    device: str
    on_epoch: Callable[[EpochEvent], None] | None
    on_fold: Callable[[str, int, dict], None] | None
    should_cancel: Callable[[], bool] | None

    def run(self, resume: bool) -> TrainedRun:
        """Train every fold that is not finished yet."""
        settings = self.settings
        folds = make_fold_map(self.data, n_folds=settings.n_folds, validation=settings.validation, seed=settings.seed)
        train_rows = (folds.fold >= 0).nonzero()[0]
        inputs = network_inputs(self.spec, self.data, settings, train_rows)
        description = run_description(self.data, self.spec, settings, folds, inputs.fitted, self.device)
        earlier_s = run_store.stored_seconds(self.folder)
        with run_store.open_run(self.folder, description, resume=resume):
            run_store.store_representation_state(self.folder, inputs.fitted.representation_state)
            store_domain(self.folder, self.data.flux, train_rows)
            done = run_store.finished_folds(self.folder)
            started = time.monotonic()
            try:
                finished = all(
                    self._fold(fold, folds, inputs, started - earlier_s)
                    for fold in range(settings.only_folds)
                    if fold not in done
                )
            except (ExplorerError, KeyboardInterrupt) as error:
                message = str(error) or "interrupted"
                with suppress(StorageError):  # a full disk takes no note either: the run then counts as interrupted
                    run_store.assemble(self.folder, state=run_store.FAILED, error=message)
                raise
            seconds = earlier_s + time.monotonic() - started
            run = run_store.assemble(
                self.folder,
                state=run_store.FINISHED if finished else run_store.FAILED,
                error=None if finished else "cancelled; go on with it by --resume",
                seconds=round(seconds, 1),
            )
        return TrainedRun(self.folder, run, len(done))

    def _fold(self, fold: int, folds: FoldMap, inputs: NetworkInputs, started: float) -> bool:
        """Train and store one fold; False if it was cancelled."""
        stored = train_member(
            self.folder,
            fold,
            (self.spec, self.settings, self.data, folds, inputs),
            device=self.device,
            on_epoch=self.on_epoch,
            should_cancel=self.should_cancel,
        )
        if not stored:
            return False
        run = run_store.assemble(self.folder, seconds=round(time.monotonic() - started, 1))
        if self.on_fold is not None:
            self.on_fold(self.spec.key, fold, run)
        return True


def train_member(
    folder: Path,
    fold: int,
    task: tuple[ModelSpec, TrainingSettings, TrainingData, FoldMap, NetworkInputs],
    *,
    device: str,
    on_epoch: Callable[[EpochEvent], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
    targets: np.ndarray | None = None,
) -> bool:
    """Train the member of one fold and store it in a run folder; False (and nothing stored) if it was cancelled.

    Parameters
    ----------
    task : (network, settings, data, folds, inputs of all stars)
    targets : float ndarray of shape (n_stars,) or None
        What is learnt in place of the labels: 0 to 1, in between for a star of which nobody can say. Without changed
        copies only.
    """
    from core.training.augmentation import with_changed_copies

    spec, settings, data, folds, inputs = task
    started = time.monotonic()
    train_rows, validation_rows = folds.train_rows(fold), folds.validation_rows(fold)
    learnt = with_changed_copies(spec, settings, data, inputs, train_rows, fold)
    if targets is not None:
        learnt = learnt[0], targets[train_rows]
    member = fit_member(
        spec,
        learnt,
        (inputs.rows(validation_rows), data.label[validation_rows]),
        settings,
        fold,
        on_epoch=on_epoch,
        should_cancel=should_cancel,
    )
    if not member.cancelled:
        seconds = time.monotonic() - started
        store_member(folder, fold, member, (data, folds, inputs), {"seconds": round(seconds, 1), "device": device})
    cancelled = member.cancelled
    del member
    free_memory()
    return not cancelled


def store_member(
    folder: Path, fold: int, member: FittedMember, table: tuple[TrainingData, FoldMap, NetworkInputs], notes: dict
) -> None:
    """Store a fitted member: write its files, then its predictions and curves: with the last the fold is finished."""
    from core.training.export import export_onnx, save_keras
    from core.training.tensorboard import write_tensorboard

    data, folds, inputs = table
    stem = folder / member_name(fold)
    save_keras(member.model, stem.with_suffix(".keras"))
    difference = export_onnx(member.model, stem.with_suffix(".onnx"))
    write_tensorboard(folder / "tensorboard" / f"fold_{fold:02d}", member.curves)

    def predicted(rows) -> pd.DataFrame:
        logit = predict_logits(member.model, inputs.rows(rows))
        return pd.DataFrame({"source_id": data.source_id[rows], "label": data.label[rows], "logit": logit})

    oof = predicted(folds.validation_rows(fold))
    oof.insert(2, "fold", fold)
    entry = {
        "fold": fold,
        "initial_weights_hash": member.initial_weights_hash,
        "weights_hash": member.weights_hash,
        "best_epoch": member.best_epoch,
        "epochs": len(member.curves),
        "onnx_difference": difference,
        **notes,
    }
    run_store.store_fold(folder, FoldResult(entry, member.curves, oof, predicted(folds.test_rows)))


def run_description(
    data: TrainingData,
    spec: ModelSpec,
    settings: TrainingSettings,
    folds: FoldMap,
    fitted: FittedInputs,
    device: str,
) -> dict:
    """The fixed part of run.json."""
    return {
        "model": spec.key,
        "title": spec.title,
        "inputs": list(spec.inputs),
        "representation": settings.representation,
        "context": settings.context,
        "context_statistics": fitted.context_statistics,
        "n_folds": settings.n_folds,
        "folds_done": [],
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "preset": settings.preset,
        "validation": settings.validation,
        "settings": settings.as_dict(),
        "data": {
            "path": data.name,
            "sha256": data.sha256,
            "fold_map": hashlib.sha256(data.source_id.tobytes() + folds.fold.tobytes()).hexdigest()[:16],
            "n_stars": len(data),
            "n_train": int((folds.fold >= 0).sum()),
            "n_test": len(folds.test_rows),
            "notes": list(data.notes),
        },
        "calibration": None,
        "members": [],
        "versions": _versions(),
        "device": device,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": 0.0,
    }


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
