"""A training meets a full disk or a closed folder; what a kill does to one: tests/training/test_interrupted_runs.py."""

import pytest

from core.audit.finding import AuditReport
from core.audit.store import store_report, stored_report
from core.datasets.training_data import sha256_of
from core.errors import StorageError
from core.runs import store as run_store
from core.runs.settings import resolve_settings
from core.settings import current_settings
from core.training.train import train
from models.registry import model_spec
from tests.faults.conftest import FULL

WIDE = model_spec("wide")


def trained(data, folder, **more):
    settings = resolve_settings(WIDE, "quick", n_folds=3, epochs=1, batch_size=64)
    return train(data, [(WIDE, settings)], folder, device="test", **more)[0]


def test_a_place_that_cannot_be_written_is_named_before_anything_is_trained(small_data, no_place):
    with pytest.raises(StorageError, match=FULL) as caught:
        trained(small_data, no_place, on_epoch=lambda event: pytest.fail("it was trained"))
    assert str(caught.value).startswith(str(no_place))
    assert "choose " in str(caught.value)


@pytest.mark.slow
def test_a_disk_that_fills_costs_the_fold_at_work_and_no_other(small_data, tmp_path, disk):
    folder = tmp_path / "runs" / "first"
    with pytest.raises(StorageError, match=FULL) as caught:
        trained(small_data, folder, on_fold=lambda *_: disk.fill(5000))
    disk.make_room()
    assert "member_01" in str(caught.value)
    assert run_store.finished_folds(folder) == [0]
    run = run_store.read_run(folder)
    assert run.folds_done == [0]
    kept = sha256_of(folder / "member_00.onnx")
    assert not list(folder.rglob(".*partial*"))
    assert not run_store.is_locked(folder)
    resumed = trained(small_data, folder, resume=True)
    assert (resumed.resumed_folds, resumed.run.state, resumed.run.folds_done) == (1, "finished", [0, 1, 2])
    assert sha256_of(folder / "member_00.onnx") == kept


def test_an_audit_that_cannot_be_kept_is_told_all_the_same(no_place, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(no_place))
    report = AuditReport(current_settings().reference_runs_dir / "wide", "wide", "Wide", "none", ())
    document = store_report(report)
    assert document["model"] == "wide"
    assert FULL in document["not_kept"]
    assert stored_report(report.run_dir) is None
