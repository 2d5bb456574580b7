"""The piece of work that a training is made of: the member of one fold, trained and stored."""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from core.runs.run import FoldMember
from core.runs.store import FoldResult, member_name, store_fold
from core.training.fit import EpochEvent, FittedMember, fit_member, free_memory, predict_logits
from core.training.network import Preparation


def train_member(
    prepared: Preparation,
    folder: Path,
    fold: int,
    device: str,
    on_epoch: Callable[[EpochEvent], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> bool:
    """Train the member of one fold and store it in a run folder; False (and nothing stored) if it was cancelled."""
    started = time.monotonic()
    rows = prepared.folds.validation_rows(fold)
    member = fit_member(
        prepared.spec,
        prepared.learnt(fold),
        (prepared.inputs.rows(rows), prepared.data.label[rows]),
        prepared.settings,
        fold,
        on_epoch=on_epoch,
        should_cancel=should_cancel,
    )
    cancelled = member.cancelled
    if not cancelled:
        store_member(prepared, folder, fold, member, seconds=time.monotonic() - started, device=device)
    del member
    free_memory()
    return not cancelled


def store_member(
    prepared: Preparation,
    folder: Path,
    fold: int,
    member: FittedMember,
    *,
    seconds: float,
    device: str,
    first_stage_weights_hash: str = "",
) -> None:
    """Store a fitted member: write its files, then its predictions and curves: with the last the fold is finished."""
    from core.training.export import export_onnx, save_keras
    from core.training.tensorboard import write_tensorboard

    data, folds = prepared.data, prepared.folds
    stem = folder / member_name(fold)
    save_keras(member.model, stem.with_suffix(".keras"))
    difference = export_onnx(member.model, stem.with_suffix(".onnx"))
    write_tensorboard(folder / "tensorboard" / f"fold_{fold:02d}", member.curves)

    def predicted(rows) -> pd.DataFrame:
        logit = predict_logits(member.model, prepared.inputs.rows(rows))
        return pd.DataFrame({"source_id": data.source_id[rows], "label": data.label[rows], "logit": logit})

    oof = predicted(folds.validation_rows(fold))
    oof.insert(2, "fold", fold)
    entry = FoldMember(
        fold=fold,
        initial_weights_hash=member.initial_weights_hash,
        weights_hash=member.weights_hash,
        best_epoch=member.best_epoch,
        epochs=len(member.curves),
        onnx_difference=difference,
        seconds=round(seconds, 1),
        device=device,
    )
    if first_stage_weights_hash:
        entry = entry.changed(first_stage_weights_hash=first_stage_weights_hash)
    store_fold(folder, FoldResult(entry, member.curves, oof, predicted(folds.test_rows)))
