"""How a job looks from outside, and how long it is expected to take."""

import pytest

from core.jobs import job
from core.runs.settings import resolve_settings
from core.settings import current_settings
from core.training import speed
from core.training.job_progress import log_lines, network_progress
from models.registry import model_spec

DEEP = model_spec("deep")


@pytest.fixture
def local(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(tmp_path / "shipped"))
    return tmp_path


def deep(**explicit):
    return resolve_settings(DEEP, "quick", **{"n_folds": 5, "only_folds": 4, "epochs": 10, **explicit})


def epoch(number: int, val_loss: float, val_accuracy: float) -> dict:
    values = {"loss": 1.0, "accuracy": 0.5, "learning_rate": 1e-3, "seconds": 2.0}
    return {
        "event": "epoch",
        "epoch": number,
        "epochs": 10,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        **values,
    }


def test_progress_is_put_together_from_the_workers_events(local):
    networks = [{"key": "deep", "folder": "deep", "settings": deep().as_dict()}]
    asked = job.create_job("train", "one", {"data": "x", "networks": networks, "out": str(local / "runs" / "x")})
    (untouched,) = network_progress(asked)
    assert (untouched.fraction, untouched.folds_done, untouched.validation_accuracy) == (0.0, 0, None)
    told = {
        0: [{"event": "started"}, epoch(1, 0.5, 0.8), epoch(2, 0.6, 0.9), {"event": "ended"}],  # stopped early
        1: [{"event": "started"}, *(epoch(n, 1.0 / n, 0.6) for n in range(1, 6))],
        2: [{"event": "started"}, {"event": "message", "text": "loading"}],
        3: [{"event": "started"}, {"event": "failed", "message": "the loss is nan"}],
    }
    for fold, events in told.items():
        for event in events:
            job.append_event(asked.events_file(f"deep.fold{fold:02d}"), event)
    (network,) = network_progress(asked)
    assert (network.n_folds, network.folds_done, network.error) == (4, 1, "the loss is nan")
    assert network.fraction == pytest.approx((1.0 + 0.5) / 4)
    assert network.now == "fold 1: epoch 5 of 10; fold 2: loading"
    assert network.validation_accuracy == pytest.approx((0.8 + 0.6) / 2), "of the best epoch, not the last"
    assert len(network.curves) == 7
    assert len(log_lines(asked, most=3)) == 3


def test_estimate_counts_epochs_folds_stars_and_workers():
    measured = speed.Speed(seconds=1e-3, overhead=5.0, here=True)
    expected = 4 * (5.0 + 10 * 1000 * 0.8 * 1e-3)
    assert speed.estimate_seconds([(DEEP, deep(), measured)], 1000, 1) == pytest.approx(expected)
    assert speed.estimate_seconds([(DEEP, deep(), measured)], 1000, 2) == pytest.approx(expected / 2)
    with_copies = speed.estimate_seconds([(DEEP, deep(augment="noise"), measured)], 1000, 1)
    assert with_copies == pytest.approx(4 * (5.0 + 10 * 2000 * 0.8 * 1e-3))


def test_measured_speeds_are_kept_and_the_nearest_batch_size_is_taken(local):
    assert speed.find_speed(DEEP, 256) is None
    speed.note_speed(speed.speed_name(DEEP, 64), 2e-3, 3.0)
    speed.note_speed(speed.speed_name(DEEP, 1024), 1e-3, 4.0)
    assert speed.find_speed(DEEP, 128) == speed.Speed(2e-3, 3.0, here=True)
    assert speed.find_speed(DEEP, 900) == speed.Speed(1e-3, 4.0, here=True)
    assert speed.find_speed(model_spec("wide"), 64) is None
    (current_settings().cache_dir / "training_speed.json").write_text("{")
    assert speed.find_speed(DEEP, 64) is None, "a broken file is as good as none"


class Listener:
    """Stands in for a worker's reporter."""

    def event(self, *_, **__):
        pass

    def should_cancel(self):
        return False


def test_a_measurement_is_positive_and_finds_its_way_into_the_estimate(local):
    work = speed.open_calibration({"networks": [{"key": "wide", "batch_size": 32}]})
    (task,) = work.tasks
    result = task.function(Listener(), **task.arguments)
    assert 0 < result["seconds"] < 1
    work.done(task, result)
    found = speed.find_speed(model_spec("wide"), 32)
    assert found is not None
    assert found.here
    assert found.seconds == result["seconds"]
