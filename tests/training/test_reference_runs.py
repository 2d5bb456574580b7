"""The reference runs grow fold by fold in a store, go on where they stopped, and come out as run folders."""

import shutil

import pytest

from benchmarks.reference_packing import pack
from benchmarks.reference_runs import N_FOLDS, Trainer, again, fit_all_baselines, steps, train_all
from core.errors import RunError
from core.evaluation.comparison import comparison_rows
from core.runs.folders import run_folders
from core.runs.result import load_run_results
from core.verdict.ensemble import load_ensemble
from models.registry import MODEL_KEYS
from tests.training.conftest import as_data, labelled_spectra

EPOCHS = 2


def trainer_of(store, data, **changes):
    return Trainer(store, data, lambda: False, **{"epochs": EPOCHS, "batch_size": 32} | changes)


@pytest.fixture(scope="module")
def store(small_data, tmp_path_factory):
    """Two folds of one network, and the baselines."""
    folder = tmp_path_factory.mktemp("reference") / "store"
    train_all(trainer_of(folder, small_data), ["wide"], 2)
    fit_all_baselines(folder, small_data)
    return folder


def test_every_network_gets_ten_folds_and_the_fast_ones_come_first():
    order = steps(list(MODEL_KEYS))
    assert len(order) == len(set(order)) == 10 * N_FOLDS
    assert {key for key, _ in order} == set(MODEL_KEYS)
    assert order[:10] == [("wide", fold) for fold in range(10)]
    assert [fold for _, fold in order[50:55]] == [0] * 5


def test_a_second_call_trains_what_is_missing_alone(store, small_data, tmp_path, capsys):
    shutil.copytree(store, tmp_path / "store")
    (tmp_path / "store" / "wide" / "folds" / "00.npz").write_bytes(b"damaged")
    untouched = (tmp_path / "store" / "wide" / "folds" / "01.npz").stat().st_mtime_ns
    train_all(trainer_of(tmp_path / "store", small_data), ["wide"], 3)
    lines = [line for line in capsys.readouterr().out.splitlines() if " kept)" in line]
    assert [line.split("wide ")[1].split(" (")[0] for line in lines] == ["fold 0", "fold 2"]
    assert (tmp_path / "store" / "wide" / "folds" / "01.npz").stat().st_mtime_ns == untouched


def test_other_settings_or_stars_are_refused_with_the_difference(store, small_data):
    with pytest.raises(RunError, match=r"settings\.epochs: stored 2, now 3"):
        train_all(trainer_of(store, small_data, epochs=3), ["wide"], 2)
    with pytest.raises(RunError, match="stored 200 stars, now 210"):
        train_all(trainer_of(store, as_data(labelled_spectra(210))), ["wide"], 2)


def test_a_fold_from_its_seed_is_the_same_again(store, small_data):
    assert abs(again(trainer_of(store, small_data), "wide", 0)) <= 0.002


def test_a_packed_store_is_compared_and_its_member_judges(store, small_data, tmp_path):
    said = pack(store, tmp_path / "runs")
    assert "wide: 2 folds" in said
    assert "without cnn" in said
    results = load_run_results(run_folders([tmp_path / "runs"]), with_metadata=False)
    rows = comparison_rows(results, n_draws=20)
    assert rows[0].title == "Wide ANN"
    assert (rows[0].n_folds, rows[0].n_by_patience, rows[0].n_by_limit) == (2, 0, 2)
    assert [row.kind for row in rows[1:]] == ["baseline"] * 3
    assert all(row.test_auc.value is not None for row in rows)
    assert len(load_ensemble(tmp_path / "runs" / "wide").run.members) == 1
    with pytest.raises(RunError, match="there already"):
        pack(store, tmp_path / "runs")


def test_the_time_is_over_at_once(small_data, tmp_path):
    trainer = Trainer(tmp_path, small_data, lambda: True, epochs=EPOCHS)
    train_all(trainer, ["wide"], 2)
    assert not (tmp_path / "wide" / "folds").exists()
