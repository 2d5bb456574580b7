"""One folder per trained network: what stands in it, how it grows fold by fold, how it is read back.

    run.json          settings, data, members, calibration, versions, device, state
    member_00.onnx    one per finished fold, and member_00.keras beside it
    curves.parquet    loss and accuracy per fold and epoch
    oof.parquet       out-of-fold logit and probability of every training star
    test.parquet      logits of every member, mean probability and spread of the held-out stars
    representation.npz  what a fitted representation ('pca') learnt of the training stars
    tensorboard/      the curves once more, for `tensorboard --logdir`

A fold is finished when `folds/NN` exists and is whole: it is written beside its place and renamed, after its member,
with the hashes of its tables. Folds may be written by different processes, and a killed run goes on from those
that are there; a damaged fold is trained again.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core import claims
from core.atomic import atomic_path, storage_errors
from core.errors import RunError
from core.gaia.labels import THRESHOLD
from core.records import read_record, write_record
from core.runs.hashes import hashes_beside
from core.runs.run import (
    RUN_FILE,
    RUNNING,
    Figures,
    FoldMember,
    Member,
    ProbabilityCalibration,
    Run,
    read_run,
    write_run,
)
from core.statistics.probability_calibration import fit_platt
from core.whole import readable_rows, sha256_of

_FOLDS, _LOCK, _MEMBER, _MARKS = "folds", ".lock", "member.json", "sha256.json"
_TABLES = ("curves", "oof", "test")
_MAY_CHANGE = {"only_folds"}
_GROWS = {"folds_done", "members", "calibration", "results", "seconds", "started", "files_sha256"}


@dataclass(frozen=True)
class FoldResult:
    """What one finished fold leaves.

    Attributes
    ----------
    member : FoldMember
    curves, oof, test : DataFrame
        oof: source_id, label, fold, logit. test: source_id, label, logit.
    """

    member: FoldMember
    curves: pd.DataFrame
    oof: pd.DataFrame
    test: pd.DataFrame


def member_name(fold: int) -> str:
    """Stem of a member's files."""
    return f"member_{fold:02d}"


@contextmanager
def open_run(folder: str | Path, description: Run, *, resume: bool = False) -> Iterator[Path]:
    """Claim a folder for one run: create it, or with `resume` go on with what it holds.

    Parameters
    ----------
    description : Run
        What is fixed from the start (model, data, settings ...); on resuming it must agree with the stored one.

    Raises
    ------
    RunError
        Another process trains into the folder, it holds a run already, or (resuming) a run with other settings.
    StorageError
        The folder cannot be written to.
    """
    folder = Path(folder)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with claims.locked(folder / _LOCK) as mine:
        if not mine:
            raise RunError(f"another process is training into {folder}; wait for it or choose another --out")
        if (folder / RUN_FILE).exists():
            if not resume:
                raise RunError(f"{folder} already holds a run; choose another --out, or go on with it by --resume")
            stored = read_run(folder)
            _check_same_run(stored, description, folder)
            grown = _GROWS & stored.model_fields_set  # a kill before the next fold loses nothing
            fixed = description.model_fields_set - grown
            description = stored.changed(**{name: getattr(description, name) for name in fixed})
        elif any(path.name != _LOCK for path in folder.iterdir()):
            raise RunError(f"{folder} is not empty and holds no run; choose another --out")
        write_run(folder, description.changed(state=RUNNING))
        yield folder


def is_locked(folder: Path) -> bool:
    """Whether a living process trains into the folder."""
    return claims.is_locked(folder / _LOCK)


def _check_same_run(stored: Run, wanted: Run, folder: Path) -> None:
    old, new = ({} if run.settings is None else run.settings.as_dict() for run in (stored, wanted))
    pairs = [(f"settings.{name}", old.get(name, new[name]), new[name]) for name in new if name not in _MAY_CHANGE]
    pairs += [("model", stored.model, wanted.model), ("instrument", stored.instrument, wanted.instrument)]
    pairs += [("data.sha256", stored.data.sha256, wanted.data.sha256)]
    pairs += [("data.fold_map", stored.data.fold_map, wanted.data.fold_map)]
    differing = [f"{name}: stored {was!r}, now {now!r}" for name, was, now in pairs if was != now]
    if differing:
        raise RunError(
            f"{folder} holds a run with other settings ({'; '.join(differing)}); resume it with the same ones, or "
            "choose another --out"
        )


def store_representation_state(folder: Path, state: dict[str, np.ndarray]) -> None:
    """Write what a fitted representation learnt (`representation.npz`); nothing where it learnt nothing."""
    if state:
        with atomic_path(folder / "representation.npz") as beside:
            np.savez(beside, allow_pickle=False, **state)


def finished_folds(folder: Path) -> list[int]:
    """Folds whose member and tables are stored and are what was written, in order; the others are trained again."""
    parts = sorted((folder / _FOLDS).glob("[0-9][0-9]"))
    return [int(part.name) for part in parts if _is_whole(folder, part)]


def _is_whole(folder: Path, place: Path) -> bool:
    """Are a fold's network and tables those that were stored? A table without a hash must be readable."""
    network = folder / f"{member_name(int(place.name))}.onnx"
    try:
        member = _read_member(place)
        marks = json.loads((place / _MARKS).read_text()) if (place / _MARKS).is_file() else {}
        for name in _TABLES:
            path = place / f"{name}.parquet"
            if marks and sha256_of(path) != marks.get(path.name):
                return False
            if not marks and readable_rows(path) is None:
                return False
        return network.is_file() and member.sha256 in ("", sha256_of(network))
    except (RunError, OSError, ValueError):
        return False


def store_fold(folder: Path, result: FoldResult) -> None:
    """Store a finished fold's tables and its files' hashes; these files must stand in the run folder already."""
    target = folder / _FOLDS / f"{result.member.fold:02d}"
    files = {
        "sha256": f"{member_name(result.member.fold)}.onnx",
        "keras_sha256": f"{member_name(result.member.fold)}.keras",
    }
    hashes = {key: sha256_of(folder / name) for key, name in files.items() if (folder / name).is_file()}
    if target.is_dir():  # a fold that is damaged
        shutil.rmtree(target)
    with atomic_path(target) as beside:
        beside.mkdir()
        for name in _TABLES:
            getattr(result, name).to_parquet(beside / f"{name}.parquet", index=False)
        marks = {f"{name}.parquet": sha256_of(beside / f"{name}.parquet") for name in _TABLES}
        (beside / _MARKS).write_text(json.dumps(marks))
        write_record(beside / _MEMBER, result.member.changed(**hashes))


def read_fold(folder: Path, fold: int) -> FoldResult:
    """A finished fold as `store_fold` wrote it."""
    place = folder / _FOLDS / f"{fold:02d}"
    tables = {name: pd.read_parquet(place / f"{name}.parquet") for name in _TABLES}
    return FoldResult(member=_read_member(place), **tables)


def _read_member(place: Path) -> FoldMember:
    return read_record(place / _MEMBER, FoldMember, RunError, f"delete {place} and resume the run")


def stored_members(folder: Path) -> list[FoldMember]:
    """What is stored of every finished fold's member, in order of the folds."""
    return [_read_member(folder / _FOLDS / f"{fold:02d}") for fold in finished_folds(folder)]


def assemble(folder: Path, **changes) -> Run:
    """Bring the run's tables, calibration and run.json up to the folds that are finished; returns the run.

    `changes` (state, seconds, error ...) go into run.json as they are.
    """
    run = read_run(folder).changed(**changes)
    results = [read_fold(folder, fold) for fold in finished_folds(folder)]
    run = run.changed(
        folds_done=[result.member.fold for result in results],
        members=[_member_entry(folder, result.member) for result in results],
        files_sha256=hashes_beside(folder),
    )
    if results:
        tables, calibration = joined(results)
        run = run.changed(calibration=calibration, results=figures_of(tables["oof"], tables["test"]))
        for name, table in tables.items():
            _write_table(table, folder / f"{name}.parquet")
    write_run(folder, run)
    return run


def joined(results: list[FoldResult]) -> tuple[dict[str, pd.DataFrame], ProbabilityCalibration]:
    """The tables of a run (`curves`, `oof`, `test`) and its calibration, of its finished folds."""
    oof = pd.concat([result.oof for result in results], ignore_index=True)
    slope, intercept = fit_platt(oof["logit"].to_numpy(), oof["label"].to_numpy())
    calibration = ProbabilityCalibration(method="platt", slope=slope, intercept=intercept)
    oof["probability"] = calibration.probability(oof["logit"].to_numpy())
    curves = pd.concat([result.curves for result in results], ignore_index=True)
    return {"curves": curves, "oof": oof, "test": _test_table(results, calibration)}, calibration


def _member_entry(folder: Path, member: FoldMember) -> Member:
    stem = member_name(member.fold)
    keras_file = f"{stem}.keras"
    return Member(
        **member.as_dict(), file=f"{stem}.onnx", keras=keras_file if (folder / keras_file).is_file() else None
    )


def _test_table(results: list[FoldResult], calibration: ProbabilityCalibration) -> pd.DataFrame:
    logits = np.stack([result.test["logit"].to_numpy() for result in results])  # (n_members, n_test)
    probability = calibration.probability(logits)
    table = results[0].test[["source_id", "label"]].copy()
    table["logit_mean"] = logits.mean(axis=0)
    table["probability"] = probability.mean(axis=0)
    table["probability_std"] = probability.std(axis=0, ddof=1) if len(results) > 1 else np.nan
    for result, row in zip(results, logits, strict=True):
        table[f"logit_{result.member.fold:02d}"] = row
    return table


def figures_of(oof: pd.DataFrame, test: pd.DataFrame) -> Figures:
    """Headline figures at the threshold 0.5; the fold spread is the standard deviation over folds (ddof 1)."""
    from sklearn.metrics import roc_auc_score

    correct = (oof["probability"] >= THRESHOLD) == (oof["label"] == 1)
    per_fold = correct.groupby(oof["fold"]).mean()
    figures = Figures(
        validation_accuracy=float(per_fold.mean()),
        validation_accuracy_std=float(per_fold.std(ddof=1)) if len(per_fold) > 1 else None,
        validation_roc_auc=float(roc_auc_score(oof["label"], oof["logit"])),
    )
    if len(test) and test["label"].nunique() == 2:
        return figures.changed(
            test_accuracy=float(((test["probability"] >= THRESHOLD) == (test["label"] == 1)).mean()),
            test_roc_auc=float(roc_auc_score(test["label"], test["probability"])),
        )
    return figures


def _write_table(table: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as beside:
        table.to_parquet(beside, index=False)
