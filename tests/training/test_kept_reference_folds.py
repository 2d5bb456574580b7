"""The folds of the reference runs that are shipped to go on from: whole, of one fold map, and learnt to the end."""

import numpy as np
import pytest

from core.runs.fold_store import grounds_of, kept_folds, read_fold, read_fold_map
from core.runs.run import read_run
from core.settings import PROJECT_ROOT
from core.statistics.probability_calibration import sigmoid
from models.registry import MODEL_KEYS

STORE = PROJECT_ROOT / "data" / "reference_folds"
NETWORKS = sorted(path.parent.name for path in STORE.glob("*/run.json"))


def test_networks_are_kept():
    assert NETWORKS
    assert set(NETWORKS) <= set(MODEL_KEYS)


@pytest.mark.parametrize("key", NETWORKS)
def test_every_kept_fold_is_whole_and_was_trained_to_its_end(key):
    fold_map, run, damaged = read_fold_map(STORE), read_run(STORE / key), []
    folds = kept_folds(STORE / key, run, on_damage=damaged.append)
    assert damaged == []
    assert folds == list(range(len(folds)))  # the first ones, none between missing
    assert grounds_of(run)["folds"] == grounds_of(read_run(STORE / NETWORKS[0]))["folds"]
    assert run.settings.epochs == 50
    for fold in folds:
        found = read_fold(STORE / key, fold, fold_map)
        member = found.member
        assert member.epochs == 50 or member.epochs - member.best_epoch == run.settings.patience
        assert len(found.curves) == member.epochs
        best = found.curves["val_loss"].to_numpy()[member.best_epoch - 1]
        assert best == pytest.approx(found.curves["val_loss"].min())
        right = (sigmoid(found.oof["logit"]) >= 0.5) == (found.oof["label"] == 1)
        assert np.mean(right) > 0.75  # a coin gives 0.5
