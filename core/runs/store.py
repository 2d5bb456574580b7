"""One folder per trained network: what stands in it, how it grows fold by fold, how it is read back.

    run.json          settings, data, members, calibration, versions, device, state
    member_00.onnx    one per finished fold, and member_00.keras beside it
    curves.parquet    loss and accuracy per fold and epoch
    oof.parquet       out-of-fold logit and probability of every training star
    test.parquet      logits of every member, mean probability and spread of the held-out stars
    representation.npz  what a fitted representation ('pca') learnt of the training stars
    tensorboard/      the curves once more, for `tensorboard --logdir`

A fold is finished when `folds/NN` exists: it is written beside its place and renamed, after its member. Folds may
therefore be written by different processes, and a killed run goes on from those that are there.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from core.atomic import atomic_path, storage_errors
from core.errors import RunError
from core.gaia.labels import THRESHOLD
from core.runs.folders import RUN_FILE
from core.statistics.probability_calibration import fit_platt, sigmoid

FORMAT_VERSION = 1
RUNNING, FINISHED, FAILED = "running", "finished", "failed"
_FOLDS, _LOCK = "folds", ".lock"
_PROBE_S = 0.5
_TABLES = ("curves", "oof", "test")
_MAY_CHANGE = {"only_folds"}
_GROWS = ("folds_done", "members", "calibration", "results", "seconds", "started")


@dataclass(frozen=True)
class FoldResult:
    """What one finished fold leaves.

    Attributes
    ----------
    member : dict
        fold, initial_weights_hash, weights_hash, best_epoch, epochs, onnx_difference, seconds, device.
    curves, oof, test : DataFrame
        oof: source_id, label, fold, logit. test: source_id, label, logit.
    """

    member: dict
    curves: pd.DataFrame
    oof: pd.DataFrame
    test: pd.DataFrame


def member_name(fold: int) -> str:
    """Stem of a member's files."""
    return f"member_{fold:02d}"


@contextmanager
def open_run(folder: str | Path, description: dict, *, resume: bool = False) -> Iterator[Path]:
    """Claim a folder for one run: create it, or with `resume` go on with what it holds.

    Parameters
    ----------
    description : dict
        The fixed part of run.json (model, data, settings ...); on resuming it must agree with the stored one.

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
    with _lock(folder):
        stored = folder / RUN_FILE
        if stored.exists():
            if not resume:
                raise RunError(f"{folder} already holds a run; choose another --out, or go on with it by --resume")
            run = read_run(folder)
            _check_same_run(run, description, folder)
            grown = {name: run[name] for name in _GROWS if name in run}  # a kill before the next fold loses nothing
            description = {**run, **description, **grown}
        elif any(path.name != _LOCK for path in folder.iterdir()):
            raise RunError(f"{folder} is not empty and holds no run; choose another --out")
        write_run_file(folder, {"format_version": FORMAT_VERSION, **description, "state": RUNNING})
        yield folder


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """An advisory lock that the system lifts when its owner dies, however it dies."""
    import fcntl

    with storage_errors(folder):
        file = (folder / _LOCK).open("w")
    with file:
        patience = time.monotonic() + _PROBE_S
        while not _locked(file, fcntl.LOCK_EX):  # it may be somebody who only asks, see `is_locked`
            if time.monotonic() > patience:
                raise RunError(f"another process is training into {folder}; wait for it or choose another --out")
            time.sleep(_PROBE_S / 10)
        yield


def is_locked(folder: Path) -> bool:
    """Whether a living process trains into the folder."""
    import fcntl

    try:
        with (folder / _LOCK).open() as file:
            return not _locked(file, fcntl.LOCK_SH)  # shared: two who ask at once do not take each other for trainers
    except OSError:  # no such file, or none that may be read: nobody is known to train here
        return False


def _locked(file: IO[str], kind: int) -> bool:
    """Whether the lock could be had; it ends with the file."""
    import fcntl

    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _check_same_run(stored: dict, wanted: dict, folder: Path) -> None:
    pairs = [
        (f"settings.{name}", stored["settings"].get(name, value), value) for name, value in wanted["settings"].items()
    ]
    pairs = [pair for pair in pairs if pair[0].split(".")[1] not in _MAY_CHANGE]
    pairs += [("model", stored["model"], wanted["model"])]
    pairs += [(f"data.{name}", stored["data"].get(name), wanted["data"][name]) for name in ("sha256", "fold_map")]
    differing = [f"{name}: stored {old!r}, now {new!r}" for name, old, new in pairs if old != new]
    if differing:
        raise RunError(
            f"{folder} holds a run with other settings ({'; '.join(differing)}); resume it with the same ones, or "
            "choose another --out"
        )


def stored_seconds(folder: str | Path) -> float:
    """What the training of a folder has taken so far; 0 where nothing is."""
    return float(read_run(folder).get("seconds") or 0.0) if (Path(folder) / RUN_FILE).exists() else 0.0


def read_run(folder: str | Path) -> dict:
    """The content of run.json; RunError if it is missing or unreadable."""
    path = Path(folder) / RUN_FILE
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"{folder} holds no {RUN_FILE}; give the folder of a training run") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is corrupt ({error}); train again or restore the folder") from error
    if not isinstance(run, dict) or "model" not in run or "state" not in run:
        raise RunError(f"{path} is corrupt (no model or state in it); train again or restore the folder")
    if run.get("format_version") != FORMAT_VERSION:
        raise RunError(
            f"{path} has format version {run.get('format_version')!r}, this program reads {FORMAT_VERSION}; train again"
        )
    return run


def write_run_file(folder: Path, run: dict) -> None:
    """Replace run.json as a whole."""
    with atomic_path(folder / RUN_FILE) as beside:
        beside.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")


def store_representation_state(folder: Path, state: dict[str, np.ndarray]) -> None:
    """Write what a fitted representation learnt (`representation.npz`); nothing where it learnt nothing."""
    if state:
        with atomic_path(folder / "representation.npz") as beside:
            np.savez(beside, allow_pickle=False, **state)


def finished_folds(folder: Path) -> list[int]:
    """Folds whose member and tables are stored, in order."""
    parts = sorted((folder / _FOLDS).glob("[0-9][0-9]"))
    return [int(part.name) for part in parts if (folder / f"{member_name(int(part.name))}.onnx").is_file()]


def store_fold(folder: Path, result: FoldResult) -> None:
    """Store a finished fold's tables; its member files must stand in the run folder already."""
    target = folder / _FOLDS / f"{result.member['fold']:02d}"
    with atomic_path(target) as beside:
        beside.mkdir()
        for name in _TABLES:
            getattr(result, name).to_parquet(beside / f"{name}.parquet", index=False)
        (beside / "member.json").write_text(json.dumps(result.member), encoding="utf-8")


def _read_fold(folder: Path, fold: int) -> FoldResult:
    place = folder / _FOLDS / f"{fold:02d}"
    tables = {name: pd.read_parquet(place / f"{name}.parquet") for name in _TABLES}
    return FoldResult(member=json.loads((place / "member.json").read_text(encoding="utf-8")), **tables)


def stored_members(folder: Path) -> list[dict]:
    """What is stored of every finished fold's member, in order of the folds."""
    places = [folder / _FOLDS / f"{fold:02d}" for fold in finished_folds(folder)]
    return [json.loads((place / "member.json").read_text(encoding="utf-8")) for place in places]


def assemble(folder: Path, *, state: str = RUNNING, **changes) -> dict:
    """Bring the run's tables, calibration and run.json up to the folds that are finished; returns run.json's content.

    `changes` (seconds, error ...) go into run.json as they are.
    """
    run = {**read_run(folder), **changes, "state": state}
    results = [_read_fold(folder, fold) for fold in finished_folds(folder)]
    run["folds_done"] = [result.member["fold"] for result in results]
    run["members"] = [_member_entry(folder, result.member) for result in results]
    if results:
        oof = pd.concat([result.oof for result in results], ignore_index=True)
        slope, intercept = fit_platt(oof["logit"].to_numpy(), oof["label"].to_numpy())
        run["calibration"] = {"method": "platt", "slope": slope, "intercept": intercept}
        oof["probability"] = sigmoid(slope * oof["logit"].to_numpy() + intercept)
        test = _test_table(results, slope, intercept)
        run["results"] = _figures(oof, test)
        _write_table(pd.concat([result.curves for result in results], ignore_index=True), folder / "curves.parquet")
        _write_table(oof, folder / "oof.parquet")
        _write_table(test, folder / "test.parquet")
    write_run_file(folder, run)
    return run


def _member_entry(folder: Path, member: dict) -> dict:
    stem = member_name(member["fold"])
    keras_file = f"{stem}.keras"
    return {**member, "file": f"{stem}.onnx", "keras": keras_file if (folder / keras_file).is_file() else None}


def _test_table(results: list[FoldResult], slope: float, intercept: float) -> pd.DataFrame:
    logits = np.stack([result.test["logit"].to_numpy() for result in results])  # (n_members, n_test)
    probability = sigmoid(slope * logits + intercept)
    table = results[0].test[["source_id", "label"]].copy()
    table["logit_mean"] = logits.mean(axis=0)
    table["probability"] = probability.mean(axis=0)
    table["probability_std"] = probability.std(axis=0, ddof=1) if len(results) > 1 else np.nan
    for result, row in zip(results, logits, strict=True):
        table[f"logit_{result.member['fold']:02d}"] = row
    return table


def _figures(oof: pd.DataFrame, test: pd.DataFrame) -> dict:
    """Headline figures at the threshold 0.5; the fold spread is the standard deviation over folds (ddof 1)."""
    from sklearn.metrics import roc_auc_score

    correct = (oof["probability"] >= THRESHOLD) == (oof["label"] == 1)
    per_fold = correct.groupby(oof["fold"]).mean()
    figures = {
        "validation_accuracy": float(per_fold.mean()),
        "validation_accuracy_std": float(per_fold.std(ddof=1)) if len(per_fold) > 1 else None,
        "validation_roc_auc": float(roc_auc_score(oof["label"], oof["logit"])),
    }
    if len(test) and test["label"].nunique() == 2:
        figures["test_accuracy"] = float(((test["probability"] >= THRESHOLD) == (test["label"] == 1)).mean())
        figures["test_roc_auc"] = float(roc_auc_score(test["label"], test["probability"]))
    return figures


def _write_table(table: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as beside:
        table.to_parquet(beside, index=False)
