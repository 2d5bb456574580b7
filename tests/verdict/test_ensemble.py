"""Ensembles on ONNX Runtime: arithmetic, independence of batches, named errors, no TensorFlow."""

import json
import subprocess
import sys

import numpy as np
import pytest

from core.errors import RunError, UsageError
from core.spectra.representations import context, fit_representation, represent
from core.spectra.spectrum_set import Coefficients
from core.verdict.ensemble import BATCH_ROWS, load_ensemble
from tests.verdict.tiny_runs import BLUE_SLOPE, black_bodies, write_member, write_run


@pytest.fixture
def run_dir(tmp_path):
    return write_run(tmp_path / "run")


def test_logits_are_the_networks_and_probabilities_their_platt_scaling(run_dir):
    flux = black_bodies(7)
    ensemble = load_ensemble(run_dir)
    expected = represent(flux, "l2") @ BLUE_SLOPE + np.array([-0.2, 0.1, 0.4])[:, None]
    np.testing.assert_allclose(ensemble.logits(flux), expected, atol=1e-5)
    np.testing.assert_allclose(ensemble.probabilities(flux), 1 / (1 + np.exp(-(1.3 * expected - 0.4))), atol=1e-6)
    assert len(ensemble) == 3


def test_context_is_fed_where_the_network_takes_it(tmp_path):
    flux = black_bodies(5)
    ensemble = load_ensemble(write_run(tmp_path / "run", 1, with_context=True))
    numbers = context(flux, "log", ensemble.run.context_statistics)
    expected = represent(flux, "l2") @ BLUE_SLOPE - 0.2 + numbers @ [0.1, -0.2]
    np.testing.assert_allclose(ensemble.logits(flux)[0], expected, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_star_does_not_depend_on_its_companions(run_dir, threads):
    flux = black_bodies(2500)
    ensemble = load_ensemble(run_dir, threads=threads)
    whole = ensemble.probabilities(flux)
    for row in (0, BATCH_ROWS - 1, BATCH_ROWS, 2499):
        np.testing.assert_allclose(ensemble.probabilities(flux[row : row + 1])[:, 0], whole[:, row], atol=1e-6)


def test_rows_without_a_value_stay_without_one(run_dir):
    flux = black_bodies(4)
    flux[2] = np.nan
    assert np.array_equal(np.isnan(load_ensemble(run_dir).logits(flux)).all(axis=0), [False, False, True, False])
    assert load_ensemble(run_dir).logits(flux[:0]).shape == (3, 0)


def test_fitted_representations_find_their_state(tmp_path):
    flux = black_bodies(80)
    state = fit_representation("pca", flux)
    folder = write_run(tmp_path / "run", 1, representation="pca")
    np.savez(folder / "representation.npz", **state)
    expected = represent(flux, "pca", state=state) @ BLUE_SLOPE - 0.2
    np.testing.assert_allclose(load_ensemble(folder).logits(flux)[0], expected, rtol=1e-4, atol=1e-3)


def test_a_damaged_state_of_the_representation_is_named(tmp_path):
    folder = write_run(tmp_path / "run", 1, representation="pca")
    for content in (b"no archive", b"", b"PK\x03\x04 torn"):
        (folder / "representation.npz").write_bytes(content)
        with pytest.raises(RunError, match=r"representation\.npz cannot be read"):
            load_ensemble(folder)


def test_networks_on_coefficients(tmp_path):
    rng = np.random.default_rng(1)
    coefficients = Coefficients(bp=rng.normal(size=(4, 55)), rp=rng.normal(size=(4, 55)))
    ensemble = load_ensemble(write_run(tmp_path / "run", 1, representation="coefficients"))
    assert ensemble.needs_coefficients
    assert np.isfinite(ensemble.logits(black_bodies(4), coefficients)).all()
    with pytest.raises(UsageError, match="XP_CONTINUOUS"):
        ensemble.logits(black_bodies(4))


def test_a_folder_of_several_networks_wants_a_key(tmp_path):
    write_run(tmp_path / "runs" / "wide")
    write_run(tmp_path / "runs" / "deep", model="deep")
    with pytest.raises(UsageError, match=r"2 networks: choose one with --model deep\|wide"):
        load_ensemble(tmp_path / "runs")
    with pytest.raises(UsageError, match="no network 'cnn': it has deep, wide"):
        load_ensemble(tmp_path / "runs", "cnn")
    assert load_ensemble(tmp_path / "runs", "deep").model == "deep"
    assert load_ensemble(tmp_path / "runs" / "deep").model == "deep"


def test_a_folder_of_one_network_needs_no_key(tmp_path):
    write_run(tmp_path / "runs" / "wide")
    assert load_ensemble(tmp_path / "runs").model == "wide"


def test_broken_runs_are_named(tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        load_ensemble(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"no run\.json"):
        load_ensemble(tmp_path / "empty")

    folder = write_run(tmp_path / "run")
    (folder / "member_01.onnx").write_bytes(b"not a network")
    with pytest.raises(RunError, match=r"member_01\.onnx is no readable ONNX network"):
        load_ensemble(folder)
    (folder / "member_01.onnx").unlink()
    with pytest.raises(RunError, match=r"member_01\.onnx is missing"):
        load_ensemble(folder)
    (folder / "run.json").write_text("{")
    with pytest.raises(RunError, match="is damaged: invalid JSON"):
        load_ensemble(folder)
    (folder / "run.json").write_text(json.dumps({"format_version": 1, "title": "nothing"}))
    with pytest.raises(RunError, match="it has no model"):
        load_ensemble(folder)


def test_a_run_without_a_finished_fold_is_no_ensemble(tmp_path):
    folder = write_run(tmp_path / "run", members=[], calibration=None, state="running")
    with pytest.raises(RunError, match=r"state 'running'.*no finished member"):
        load_ensemble(folder)


def test_members_of_another_kind_are_refused(tmp_path):
    folder = write_run(tmp_path / "run")
    write_member(folder / "member_02.onnx", BLUE_SLOPE, 0.0, np.zeros(2))
    with pytest.raises(RunError, match="mixes two runs"):
        load_ensemble(folder)


def test_classification_never_imports_a_training_library(run_dir):
    code = (
        "import sys; from core.verdict import ensemble, stream, verdict; import core.commands.classify; "
        f"ensemble.load_ensemble({str(run_dir)!r}); "
        "print([m for m in ('tensorflow', 'keras', 'jax', 'torch', 'sklearn', 'gaiaxpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
