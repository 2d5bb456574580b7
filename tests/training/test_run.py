"""Whole runs: what a run folder holds, what is refused, and what survives accidents to it."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.datasets.training_data import sha256_of
from core.errors import RunError, UsageError
from core.runs import store as run_store
from core.runs.protocol import make_fold_map
from core.runs.run import Run
from core.runs.table import run_table
from core.spectra.representations import represent
from core.statistics.probability_calibration import sigmoid
from core.training.train import chosen_models, train
from core.verdict.ensemble import load_ensemble
from models.registry import MODELS
from tests.training.conftest import DEVICE, WIDE, as_data, labelled_spectra, settings

EMPTY = Run(format_version=1, model="wide", state="running")


@pytest.fixture(scope="module")
def finished(small_data, tmp_path_factory):
    """One finished run of three folds."""
    folder = tmp_path_factory.mktemp("runs") / "wide"
    return train(small_data, [(WIDE, settings())], folder, device=DEVICE)[0]


def test_run_folder_holds_what_it_promises(finished, small_data):
    run = json.loads((finished.folder / "run.json").read_text())
    assert run == finished.run.as_dict()
    assert run_store.read_run(finished.folder) == finished.run
    assert (run["state"], run["folds_done"], run["model"]) == ("finished", [0, 1, 2], "wide")
    assert run["data"]["n_train"] + run["data"]["n_test"] == run["data"]["n_stars"] == len(small_data)
    for number, member in enumerate(run["members"]):
        assert member["file"] == f"member_{number:02d}.onnx"
        assert (finished.folder / member["file"]).is_file()
        assert (finished.folder / member["keras"]).is_file()
        assert member["onnx_difference"] <= 1e-5
    curves = pd.read_parquet(finished.folder / "curves.parquet")
    assert list(curves.columns) == [
        *("fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds")
    ]
    assert curves.groupby("fold")["epoch"].max().to_dict() == {0: 2, 1: 2, 2: 2}


def test_members_differ(finished):
    members = finished.run.members
    initial = {member.initial_weights_hash for member in members}
    trained = {member.weights_hash for member in members}
    assert len(initial) == len(trained) == 3
    assert not initial & trained
    test = pd.read_parquet(finished.folder / "test.parquet")
    assert (test["probability_std"] > 0).all()


def test_out_of_fold_predictions_cover_each_training_star_once(finished, small_data):
    oof = pd.read_parquet(finished.folder / "oof.parquet")
    test = pd.read_parquet(finished.folder / "test.parquet")
    assert oof["source_id"].is_unique
    assert not set(oof["source_id"]) & set(test["source_id"])
    assert set(oof["source_id"]) | set(test["source_id"]) == set(small_data.source_id)
    folds = make_fold_map(small_data, n_folds=3, seed=1)
    stored = oof.set_index("source_id")["fold"]
    for fold in range(3):
        assert set(stored.index[stored == fold]) == set(small_data.source_id[folds.validation_rows(fold)])


def test_test_table_is_what_the_onnx_members_say(finished, small_data):
    import onnxruntime

    test = pd.read_parquet(finished.folder / "test.parquet")
    rows = pd.Series(range(len(small_data)), index=small_data.source_id).loc[test["source_id"]].to_numpy()
    flux = represent(small_data.flux[rows], "l2").astype(np.float32)
    calibration = finished.run.calibration
    probability = []
    for number in range(3):
        session = onnxruntime.InferenceSession(finished.folder / f"member_{number:02d}.onnx")
        logit = session.run(["logit"], {"flux": flux})[0][:, 0]
        np.testing.assert_allclose(logit, test[f"logit_{number:02d}"], atol=1e-5)
        probability.append(sigmoid(calibration.slope * logit + calibration.intercept))
    np.testing.assert_allclose(np.mean(probability, axis=0), test["probability"], atol=1e-4)
    np.testing.assert_allclose(np.std(probability, axis=0, ddof=1), test["probability_std"], atol=1e-4)


def test_saved_keras_member_is_the_onnx_member(finished, small_data):
    import keras
    import onnxruntime

    flux = represent(small_data.flux[:20], "l2").astype(np.float32)
    model = keras.saving.load_model(finished.folder / "member_01.keras", safe_mode=True)
    onnx = onnxruntime.InferenceSession(finished.folder / "member_01.onnx").run(["logit"], {"flux": flux})[0]
    np.testing.assert_allclose(model.predict_on_batch([flux]), onnx, atol=1e-5)


def test_a_keras_file_with_code_in_it_is_refused_and_a_damaged_one_named(finished, tmp_path):
    import keras

    from core.explanation.network import _trained

    folder = shutil.copytree(finished.folder, tmp_path / "wide")
    stored, ran = folder / "member_00.keras", tmp_path / "ran"
    place = str(ran)
    code = keras.layers.Lambda(lambda x: (open(place, "w").close(), x)[1])
    keras.Sequential([keras.Input((343,)), code]).save(stored)
    ran.unlink(missing_ok=True)  # Keras called it to learn the shape
    with pytest.raises(RunError, match="no readable Keras network"):
        _trained(folder, finished.run, 0)
    assert not ran.exists()
    whole = (finished.folder / "member_00.keras").read_bytes()
    for damaged in (
        b"",
        whole[: len(whole) // 2],
        whole[:-30],
        whole.replace(b"config.json", b"konfig.json"),
        b"PK\x05\x06",
    ):
        stored.write_bytes(damaged)
        with pytest.raises(RunError, match="no readable Keras network"):
            _trained(folder, finished.run, 0)


def test_a_resumed_run_is_usable_before_its_next_fold(finished, tmp_path):
    folder = shutil.copytree(finished.folder, tmp_path / "wide")
    fixed = {"folds_done": [], "members": [], "calibration": None, "seconds": 0.0, "started": "now"}
    description = finished.run.changed(**fixed, device="another")
    with run_store.open_run(folder, description, resume=True):
        run = run_store.read_run(folder)
        assert (run.state, run.device) == ("running", "another")
        for name in (*fixed, "results"):
            assert getattr(run, name) == getattr(finished.run, name), name
        assert len(load_ensemble(folder)) == 3


@pytest.mark.parametrize(
    "damaged", ["member_01.onnx", "folds/01/oof.parquet", "folds/01/curves.parquet", "folds/01/member.json"]
)
@pytest.mark.parametrize("with_hashes", [True, False])
def test_a_damaged_fold_is_not_finished_and_the_rest_stays_usable(finished, tmp_path, damaged, with_hashes):
    folder = shutil.copytree(finished.folder, tmp_path / "wide")
    if not with_hashes:
        for path in folder.glob("folds/*/sha256.json"):
            path.unlink()
    path = folder / damaged
    path.write_bytes(path.read_bytes()[:-40])
    assert run_store.finished_folds(folder) == [0, 2]
    assert [member.fold for member in run_store.assemble(folder).members] == [0, 2]
    (folder / "member_01.onnx").write_bytes((finished.folder / "member_01.onnx").read_bytes())
    run_store.store_fold(folder, run_store.read_fold(finished.folder, 1))
    assert run_store.finished_folds(folder) == [0, 1, 2]


def test_a_run_is_locked_while_it_is_trained(tmp_path):
    with run_store.open_run(tmp_path / "run", EMPTY):
        assert run_store.is_locked(tmp_path / "run")
        with pytest.raises(RunError, match="another process is training"), run_store.open_run(tmp_path / "run", EMPTY):
            pass
    assert not run_store.is_locked(tmp_path / "run")
    with pytest.raises(RunError, match="already holds a run"), run_store.open_run(tmp_path / "run", EMPTY):
        pass


def test_a_second_run_into_the_same_folder_is_refused(finished, small_data):
    before = sha256_of(finished.folder / "run.json")
    with pytest.raises(RunError, match="already holds a run"):
        train(small_data, [(WIDE, settings())], finished.folder, device=DEVICE)
    with pytest.raises(RunError, match=r"settings\.seed: stored 1, now 2"):
        train(small_data, [(WIDE, settings(seed=2))], finished.folder, device=DEVICE, resume=True)
    other = as_data(labelled_spectra(200, seed=5))
    with pytest.raises(RunError, match="fold_map"):
        train(other, [(WIDE, settings())], finished.folder, device=DEVICE, resume=True)
    assert sha256_of(finished.folder / "run.json") == before


def test_two_processes_cannot_train_into_one_folder(tmp_path):
    description = EMPTY
    with (
        run_store.open_run(tmp_path / "run", description),
        pytest.raises(RunError, match="another process"),
        run_store.open_run(tmp_path / "run", description, resume=True),
    ):
        pass


def test_a_folder_of_other_things_is_not_taken_over(tmp_path, small_data):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        train(small_data, [(WIDE, settings())], tmp_path, device=DEVICE)


def test_several_networks_stand_side_by_side_and_the_first_folds_suffice(small_data, tmp_path):
    choices = [(spec, settings(spec, only_folds=1, epochs=1)) for spec in chosen_models("wide,deep")]
    runs = train(small_data, choices, tmp_path / "both", device=DEVICE)
    assert [run.folder.name for run in runs] == ["wide", "deep"]
    assert [run.run.folds_done for run in runs] == [[0], [0]]
    table = pd.read_parquet(tmp_path / "both" / "deep" / "test.parquet")
    assert table["probability_std"].isna().all(), "one member has no spread"


def test_corrupt_run_is_listed_as_corrupt_and_the_rest_works(finished, tmp_path):
    local, shipped = tmp_path / "runs", tmp_path / "default_run"
    for name, text in {"half": '{"model": "wi', "empty": "", "list": "[]", "odd": '{"model": 1, "state": "x"}'}.items():
        (local / name).mkdir(parents=True)
        (local / name / "run.json").write_text(text)
    (local / "good").symlink_to(finished.folder)
    table = run_table(SimpleNamespace(default_run_dir=shipped, reference_runs_dir=shipped, runs_dir=local)).set_index(
        "id"
    )
    assert table["state"].to_dict() == {
        **dict.fromkeys(("half", "empty", "list", "odd"), "corrupt"),
        "good": "finished",
    }
    assert table.loc["good", "folds"] == "3/3"
    assert 0 <= table.loc["good", "accuracy"] <= 1


def test_a_run_whose_process_died_is_interrupted(finished, tmp_path):
    (tmp_path / "runs" / "a").mkdir(parents=True)
    run_store.write_run(tmp_path / "runs" / "a", finished.run.changed(state="running"))
    table = run_table(
        SimpleNamespace(
            default_run_dir=tmp_path / "none", reference_runs_dir=tmp_path / "none", runs_dir=tmp_path / "runs"
        )
    )
    assert table["state"].tolist() == ["interrupted"]


def test_baselines_stand_on_the_run_s_folds(finished, small_data):
    from core.training.baselines import fit_baselines

    figures = fit_baselines(small_data, finished.folder, ("logistic", "metadata"))
    assert figures["logistic"]["validation_accuracy"] > 0.9
    assert figures["metadata"]["validation_roc_auc"] > 0.8, "brightness alone tells the classes apart here"
    stored = pd.read_parquet(finished.folder / "baselines.parquet")
    oof = pd.read_parquet(finished.folder / "oof.parquet").set_index("source_id")
    for _, table in stored.groupby("baseline"):
        assert table.set_index("source_id")["fold"].to_dict() == oof["fold"].to_dict()
    test = pd.read_parquet(finished.folder / "test.parquet")
    held_out = pd.read_parquet(finished.folder / "baselines_test.parquet")
    for name, table in held_out.groupby("baseline"):
        assert set(table["source_id"]) == set(test["source_id"]), name
        assert ((table["probability"] >= 0.5) == (table["label"] == 1)).mean() > 0.7
    other = as_data(labelled_spectra(100, seed=9))
    with pytest.raises(RunError, match="other data"):
        fit_baselines(type(other)(**{**vars(other), "sha256": "1"}), finished.folder)


def test_chosen_models():
    assert chosen_models("all") == MODELS
    assert [spec.key for spec in chosen_models("cnn, wide")] == ["cnn", "wide"]
    for wrong in ("", "cnn,cnn", "cnn,resnet"):
        with pytest.raises(UsageError):
            chosen_models(wrong)
