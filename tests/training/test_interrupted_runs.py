"""Runs that were cancelled or killed: finished folds stay, and the next call goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest

from core.datasets.training_data import sha256_of
from core.runs import store as run_store
from core.settings import PROJECT_ROOT
from core.training.train import train
from tests.training.conftest import DEVICE, WIDE, settings


def test_cancelled_run_keeps_its_folds_and_goes_on(small_data, tmp_path):
    events = []
    cancelled = train(
        small_data,
        [(WIDE, settings(n_folds=2))],
        tmp_path / "run",
        device=DEVICE,
        on_epoch=events.append,
        should_cancel=lambda: len(events) >= 3,
    )[0]
    assert cancelled.run.state == "failed"
    assert "cancelled" in cancelled.run.error
    assert cancelled.run.folds_done == [0]
    kept = sha256_of(tmp_path / "run" / "member_00.onnx")
    resumed = train(small_data, [(WIDE, settings(n_folds=2))], tmp_path / "run", device=DEVICE, resume=True)[0]
    assert resumed.resumed_folds == 1
    assert (resumed.run.state, resumed.run.folds_done, resumed.run.error) == ("finished", [0, 1], None)
    assert sha256_of(tmp_path / "run" / "member_00.onnx") == kept


_KILLED_RUN = """
import sys
from core.training.train import train
from tests.training.conftest import WIDE, as_data, labelled_spectra, settings
train(as_data(labelled_spectra(200)), [(WIDE, settings(epochs=8, patience=8))], sys.argv[1], device="test")
"""


@pytest.mark.slow
def test_killed_run_loses_at_most_the_fold_at_work(small_data, tmp_path):
    folder = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    process = subprocess.Popen([sys.executable, "-c", _KILLED_RUN, str(folder)], cwd=PROJECT_ROOT, env=environment)
    limit = time.monotonic() + 200
    while not (folder / "folds" / "00").is_dir():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = run_store.finished_folds(folder)
    assert 0 in done
    assert len(done) < 3
    hashes = {fold: sha256_of(folder / f"member_{fold:02d}.onnx") for fold in done}
    trained = []
    resumed = train(
        small_data,
        [(WIDE, settings(epochs=8, patience=8))],
        folder,
        device=DEVICE,
        resume=True,
        on_fold=lambda key, fold, run: trained.append(fold),
    )[0]
    assert sorted([*done, *trained]) == [0, 1, 2], "no finished fold is trained again"
    assert resumed.run.state == "finished"
    assert {fold: sha256_of(folder / f"member_{fold:02d}.onnx") for fold in done} == hashes
    taken = [member.seconds for member in resumed.run.members]
    assert resumed.run.seconds == pytest.approx(sum(taken), abs=0.1), "the time before the kill counts"
    assert not list(folder.glob("**/*.partial*")) or len(done) < 3
