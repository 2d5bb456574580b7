"""Finished folds as they are kept and shipped: small, each in files of its own, trusted by hashes.

    STORE/fold_map.parquet     source_id, label and fold (-1: held out) of every star, the same for all networks
    STORE/KEY/run.json         what a network's folds share: settings, data, versions of the packages
    STORE/KEY/folds/NN.npz     logits (float32) of the fold's stars and of the held-out ones, the learning curves
    STORE/KEY/folds/NN.json    the member, what it rests on, and the SHA-256 of NN.npz
    STORE/KEY/member_00.onnx   the first member, its weights in float16

Folds may be trained on several machines: their files are brought together by copying them.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.datasets.training_data import TrainingData
from core.errors import RunError
from core.records import Record, read_record, write_record
from core.runs.protocol import TEST_FOLD, FoldMap
from core.runs.run import RUN_FILE, FoldMember, Run, write_run
from core.runs.store import FoldResult, member_name
from core.whole import sha256_of

MAP_FILE = "fold_map.parquet"
_FOLDS = "folds"
_CURVES = ("fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds")
_MAY_CHANGE = {"only_folds"}
_MOST_SHOWN = 6


class KeptFold(Record):
    """What stands in NN.json.

    Attributes
    ----------
    member : FoldMember
    rests_on : dict of str to str
        `grounds_of` the run that it was trained for.
    predictions_sha256 : str
        Of NN.npz.
    weights_sha256 : str
        Of the member's file as it lies here; '' where its weights are not kept.
    """

    member: FoldMember
    rests_on: dict[str, str]
    predictions_sha256: str
    weights_sha256: str = ""


def grounds_of(run: Run) -> dict[str, str]:
    """All that decides what a fold comes to: network, instrument, stars, folds, settings, versions of the packages."""
    settings = {} if run.settings is None else run.settings.as_dict()
    return {
        "model": run.model, "instrument": run.instrument, "data": run.data.sha256, "folds": run.data.fold_map,
        **{f"settings.{name}": json.dumps(value) for name, value in settings.items() if name not in _MAY_CHANGE},
        **{f"versions.{name}": value for name, value in run.versions.items()},
    }  # fmt: skip


def keep_fold_map(store: Path, data: TrainingData, folds: FoldMap) -> pd.DataFrame:
    """The stored fold map, which must be that of the data; written if there is none yet.

    Raises
    ------
    RunError
        Other stars, other labels or other folds than the stored ones, or a map that cannot be read.
    """
    wanted = pd.DataFrame({"source_id": data.source_id, "label": data.label, "fold": folds.fold.astype(np.int8)})
    path = store / MAP_FILE
    if not path.exists():
        with atomic_path(path) as beside:
            wanted.to_parquet(beside, index=False, compression="zstd")
        return wanted
    stored = read_fold_map(store)
    if stored.equals(wanted):
        return stored
    both = stored.merge(wanted, on="source_id", suffixes=("_stored", "_now"))
    moved = int((both["fold_stored"] != both["fold_now"]).sum())
    renamed = int((both["label_stored"] != both["label_now"]).sum())
    raise RunError(
        f"{path} is the fold map of other data than {data.name}: stored {len(stored):,} stars, now {len(wanted):,}; "
        f"{len(both):,} in common, {moved:,} of them in another fold, {renamed:,} with another label. Go on with the "
        "data that the folds were trained on, or begin another store"
    )


def read_fold_map(store: Path) -> pd.DataFrame:
    """source_id, label, fold of every star, in the order of the data."""
    path = store / MAP_FILE
    try:
        return pd.read_parquet(path, columns=["source_id", "label", "fold"])
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore it, or begin another store") from error


def keep_fold(folder: Path, run: Run, result: FoldResult, member_file: Path | None = None) -> None:
    """Keep what is shipped of a finished fold; `member_file` is the ONNX file that is to lie beside them."""
    fold = result.member.fold
    if not (folder / RUN_FILE).is_file():
        write_run(folder, run.changed(members=[], folds_done=[]))
    weights = folder / f"{member_name(fold)}.onnx"
    if member_file is not None:
        with atomic_path(weights) as beside:
            shutil.copy(member_file, beside)
    arrays = {"oof": result.oof["logit"], "test": result.test["logit"]}
    path = folder / _FOLDS / f"{fold:02d}.npz"
    with atomic_path(path) as beside, beside.open("wb") as stream:
        np.savez_compressed(
            stream, curves=result.curves[list(_CURVES)].to_numpy(np.float64),
            **{name: values.to_numpy(np.float32) for name, values in arrays.items()},
        )  # fmt: skip
    kept = KeptFold(
        member=result.member,
        rests_on=grounds_of(run),
        predictions_sha256=sha256_of(path),
        weights_sha256="" if member_file is None else sha256_of(weights),
    )
    write_record(path.with_suffix(".json"), kept)


def kept_folds(folder: Path, run: Run, on_damage: Callable[[str], None] = print) -> list[int]:
    """The folds of a network that can be trusted, in order; a damaged one is told to `on_damage` and is not among them.

    Raises
    ------
    RunError
        A fold rests on other stars, folds, settings or versions than `run` would; the message says which.
    """
    found = []
    for path in sorted((folder / _FOLDS).glob("[0-9][0-9].json")):
        try:
            kept = _read(path)
            _check_whole(path, kept)
        except RunError as error:
            on_damage(f"{error}: it is trained again")
            continue
        if differing := _differences(kept.rests_on, grounds_of(run)):
            raise RunError(
                f"{path} rests on something else ({'; '.join(differing)}); go on with the same, or begin another store"
            )
        found.append(kept.member.fold)
    return found


def read_fold(folder: Path, fold: int, fold_map: pd.DataFrame) -> FoldResult:
    """A kept fold with its stars.

    Raises
    ------
    RunError
        It is missing or damaged, or has another number of stars than the fold map.
    """
    path = folder / _FOLDS / f"{fold:02d}.json"
    kept = _read(path)
    arrays = _check_whole(path, kept)
    tables = {}
    for name, part in (("oof", fold), ("test", TEST_FOLD)):
        rows = fold_map[fold_map["fold"] == part]
        if len(rows) != len(arrays[name]):
            raise RunError(f"{path} has {len(arrays[name]):,} {name} logits, its fold map {len(rows):,} stars")
        logit = arrays[name].astype(np.float64)
        tables[name] = rows[["source_id", "label"]].assign(logit=logit).reset_index(drop=True)
    tables["oof"].insert(2, "fold", fold)
    curves = pd.DataFrame(arrays["curves"], columns=list(_CURVES)).astype({"fold": np.int64, "epoch": np.int64})
    return FoldResult(kept.member, curves, tables["oof"], tables["test"])


def _read(path: Path) -> KeptFold:
    try:
        return read_record(path, KeptFold, RunError, "")
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing") from error


def _check_whole(path: Path, kept: KeptFold) -> dict[str, np.ndarray]:
    """The arrays of a fold, if its file is the one that was written."""
    predictions = path.with_suffix(".npz")
    weights = path.parent.parent / f"{member_name(kept.member.fold)}.onnx"
    try:
        if kept.weights_sha256 and sha256_of(weights) != kept.weights_sha256:
            raise RunError(f"{weights} is not the file that was written (SHA-256)")
        if sha256_of(predictions) != kept.predictions_sha256:
            raise RunError(f"{predictions} is not the file that was written (SHA-256)")
        if kept.member.fold != int(path.stem):
            raise RunError(f"{path} says that it is of fold {kept.member.fold}")
        with np.load(predictions, allow_pickle=False) as stored:
            return {name: stored[name] for name in ("oof", "test", "curves")}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RunError(f"{predictions} is damaged ({error})") from error


def _differences(stored: dict[str, str], wanted: dict[str, str]) -> list[str]:
    names = sorted(name for name in stored.keys() | wanted.keys() if stored.get(name) != wanted.get(name))
    said = [f"{name}: stored {stored.get(name, 'nothing')}, now {wanted.get(name, 'nothing')}" for name in names]
    more = [f"{len(said) - _MOST_SHOWN} more"] if len(said) > _MOST_SHOWN else []
    return [*said[:_MOST_SHOWN], *more]
