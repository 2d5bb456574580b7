"""Kept folds are believed by their hashes: other grounds are refused by name, damage is trained again."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.datasets.training_data import TrainingData
from core.errors import RunError
from core.runs.fold_store import keep_fold, keep_fold_map, kept_folds, read_fold, read_fold_map
from core.runs.protocol import make_fold_map
from core.runs.run import FORMAT_VERSION, RUNNING, DataReference, FoldMember, Run
from core.runs.settings import resolve_settings
from core.runs.store import FoldResult
from models.registry import model_spec

N = 60


@pytest.fixture
def data():
    rng = np.random.default_rng(2)
    ids, label = rng.choice(10**15, N, replace=False) + 1, (np.arange(N) % 2).astype(np.int8)
    return TrainingData("stars.parquet", "a" * 64, ids, np.ones((N, 343)), label, None, pd.DataFrame({"x": range(N)}))


@pytest.fixture
def run():
    return Run(
        format_version=FORMAT_VERSION, model="wide", state=RUNNING, settings=resolve_settings(model_spec("wide")),
        data=DataReference(sha256="a" * 64, fold_map="f" * 16), versions={"keras": "3.0", "numpy": "2.0"},
    )  # fmt: skip


def result_of(fold, data, folds, seed=0):
    rng = np.random.default_rng(seed + fold)

    def table(rows):
        columns = {"source_id": data.source_id[rows], "label": data.label[rows], "logit": rng.normal(size=len(rows))}
        return pd.DataFrame(columns)

    oof = table(folds.validation_rows(fold))
    oof.insert(2, "fold", fold)
    row = (fold, 1, 0.5, 0.6, 0.7, 0.8, 1e-3, 2.0)
    names = ["fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds"]
    member = FoldMember(fold=fold, weights_hash="w", best_epoch=1, epochs=1, seconds=3.0, device="test")
    return FoldResult(member, pd.DataFrame([row], columns=names), oof, table(folds.test_rows))


@pytest.fixture
def kept(data, run, tmp_path):
    """(store, folder of a network with three kept folds, their results, fold map)."""
    folds = make_fold_map(data, n_folds=5, seed=1)
    keep_fold_map(tmp_path, data, folds)
    results = [result_of(fold, data, folds) for fold in range(3)]
    (tmp_path / "weights.onnx").write_bytes(b"weights")
    for result in results:
        member = tmp_path / "weights.onnx" if result.member.fold == 0 else None
        keep_fold(tmp_path / "wide", run, result, member)
    return tmp_path, tmp_path / "wide", results, folds


def test_a_fold_comes_back_as_it_was_kept(kept, run):
    store, folder, results, _ = kept
    assert kept_folds(folder, run) == [0, 1, 2]
    for result in results:
        again = read_fold(folder, result.member.fold, read_fold_map(store))
        assert again.member == result.member
        pd.testing.assert_frame_equal(again.curves, result.curves)
        pd.testing.assert_frame_equal(again.oof, result.oof, check_exact=False, rtol=1e-6)
        pd.testing.assert_frame_equal(again.test, result.test, check_exact=False, rtol=1e-6)
    size = sum(path.stat().st_size for path in (folder / "folds").glob("*"))
    assert size < 3 * 6000, "a fold of a few stars takes a few kilobytes"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: run.changed(settings=run.settings.changed(patience=3)), "settings.patience: stored 10, now 3"),
        (lambda run: run.changed(versions={**run.versions, "keras": "4.0"}), "versions.keras: stored 3.0, now 4.0"),
        (lambda run: run.changed(versions={"keras": "3.0"}), "versions.numpy: stored 2.0, now nothing"),
        (lambda run: run.changed(data=run.data.changed(sha256="b" * 64)), "data: stored aaaa"),
        (lambda run: run.changed(data=run.data.changed(fold_map="e" * 16)), "folds: stored ffff"),
        (lambda run: run.changed(model="deep"), "model: stored wide, now deep"),
    ],
)
def test_a_fold_on_other_grounds_is_refused_with_the_difference(kept, run, change, said):
    with pytest.raises(RunError, match=said):
        kept_folds(kept[1], change(run))


def test_fewer_folds_are_no_other_grounds(kept, run):
    assert kept_folds(kept[1], run.changed(settings=run.settings.changed(only_folds=2))) == [0, 1, 2]


def _change_a_logit(folder):
    with np.load(folder / "folds" / "01.npz") as stored:
        arrays = dict(stored)
    arrays["oof"][0] += 1
    np.savez_compressed(folder / "folds" / "01.npz", **arrays)


DAMAGE = {
    "cut off": lambda folder: (folder / "folds" / "01.npz").write_bytes(b"PK"),
    "a logit changed": _change_a_logit,
    "gone": lambda folder: (folder / "folds" / "01.npz").unlink(),
    "no json": lambda folder: (folder / "folds" / "01.json").write_text("{"),
    "no member": lambda folder: (folder / "folds" / "01.json").write_text(json.dumps({"rests_on": {}})),
    "of another fold": lambda folder: [
        (folder / "folds" / f"01.{kind}").write_bytes((folder / "folds" / f"02.{kind}").read_bytes())
        for kind in ("npz", "json")
    ],
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_fold_is_said_and_not_trusted(kept, run, how):
    _, folder, _, _ = kept
    DAMAGE[how](folder)
    said = []
    assert kept_folds(folder, run, said.append) == [0, 2]
    assert len(said) == 1
    assert said[0].endswith("it is trained again")


def test_a_damaged_member_makes_its_fold_untrusted(kept, run):
    (kept[1] / "member_00.onnx").write_bytes(b"other")
    assert kept_folds(kept[1], run, lambda text: None) == [1, 2]


def test_other_stars_or_folds_than_the_stored_map_are_refused(kept, data):
    store, _, _, folds = kept
    assert keep_fold_map(store, data, folds).equals(read_fold_map(store))
    with pytest.raises(RunError, match=r"stored 60 stars, now 59"):
        keep_fold_map(store, data.take(np.arange(59)), make_fold_map(data.take(np.arange(59)), n_folds=5, seed=1))
    with pytest.raises(RunError, match=r"60 in common, [1-9]\d* of them in another fold, 0 with another label"):
        keep_fold_map(store, data, make_fold_map(data, n_folds=5, seed=2))
    with pytest.raises(RunError, match="2 with another label"):
        keep_fold_map(store, replace(data, label=np.r_[1 - data.label[:2], data.label[2:]].astype(np.int8)), folds)
    (store / "fold_map.parquet").write_bytes(b"no table")
    with pytest.raises(RunError, match="restore it"):
        keep_fold_map(store, data, folds)
