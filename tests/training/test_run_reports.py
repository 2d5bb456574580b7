"""What is made of finished runs: SQL answers, TensorBoard logs, the ranking of representations."""

import pandas as pd
import pytest

from core.errors import UsageError
from core.runs.query import query_runs
from core.runs.settings import resolve_settings
from core.settings import current_settings
from core.training.ranking import ranked_representations
from core.training.tensorboard import write_tensorboard
from core.training.train import train
from models.registry import model_spec

WIDE = model_spec("wide")


@pytest.fixture(scope="module")
def store(small_data, tmp_path_factory):
    """Three runs of one network, two of which can be compared, and a corrupt one."""
    top = tmp_path_factory.mktemp("store")
    for name, explicit in {
        "a": {"representation": "l2"},
        "b": {"representation": "standardised"},
        "c": {"representation": "derivative", "seed": 2},
    }.items():
        settings = resolve_settings(WIDE, "quick", n_folds=2, epochs=2, batch_size=32, **explicit)
        train(small_data, [(WIDE, settings)], top / "runs" / name, device="test")
    (top / "runs" / "broken").mkdir()
    (top / "runs" / "broken" / "run.json").write_text("{")
    return top


@pytest.fixture
def settings(store, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(store))
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(store / "none"))
    return current_settings()


def test_the_store_answers_in_sql(settings):
    answer = query_runs("SELECT id, state FROM runs ORDER BY id", settings)
    assert dict(answer.itertuples(index=False)) == {
        "a": "finished",
        "b": "finished",
        "broken": "corrupt",
        "c": "finished",
    }
    counted = query_runs("SELECT id, count(*) AS n FROM curves GROUP BY id ORDER BY id", settings)
    assert counted["n"].tolist() == [4, 4, 4], "two folds of two epochs each; the corrupt run has none"
    best = query_runs(
        "SELECT r.id, avg(((o.probability >= 0.5)::int = o.label)::int) AS accuracy FROM runs r "
        "JOIN oof o ON o.id = r.id GROUP BY r.id",
        settings,
    ).set_index("id")["accuracy"]
    stored = query_runs("SELECT id, accuracy FROM runs WHERE state = 'finished'", settings).set_index("id")["accuracy"]
    pd.testing.assert_series_equal(best.sort_index(), stored.sort_index(), atol=1e-9)
    with pytest.raises(UsageError, match="curves"):
        query_runs("SELECT nothing FROM nowhere", settings)


def test_a_broken_table_does_not_hide_the_others(settings, store):
    path = store / "runs" / "b" / "curves.parquet"
    content = path.read_bytes()
    path.write_bytes(b"PAR1 torn")
    try:
        assert query_runs("SELECT DISTINCT id FROM curves ORDER BY id", settings)["id"].tolist() == ["a", "c"]
    finally:
        path.write_bytes(content)


def test_only_comparable_runs_are_ranked(settings):
    ((description, table),) = ranked_representations("wide", settings)
    assert set(table["run"]) == {"a", "b"}, "the third run stands on other folds"
    assert table["accuracy"].is_monotonic_decreasing
    assert "2 of 2 folds" in description
    assert ranked_representations("deep", settings) == []


def test_tensorboard_logs_hold_the_curves(store):
    events = pytest.importorskip("tensorflow").compat.v1.train.summary_iterator
    curves = pd.read_parquet(store / "runs" / "a" / "curves.parquet")
    for fold in (0, 1):
        for part, prefix in (("train", ""), ("validation", "val_")):
            (path,) = (store / "runs" / "a" / "tensorboard" / f"fold_{fold:02d}" / part).glob("events.out.tfevents.*")
            first, *rest = events(str(path))
            assert first.file_version == "brain.Event:2"
            losses = [value.simple_value for event in rest for value in event.summary.value if value.tag == "loss"]
            assert losses == pytest.approx(curves.loc[curves["fold"] == fold, f"{prefix}loss"].tolist(), rel=1e-5)
            assert [event.step for event in rest] == [1, 2]


def test_a_fold_trained_again_replaces_its_log(tmp_path):
    columns = ("epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds")
    curves = pd.DataFrame([[1, 0.5, 0.6, 0.7, 0.8, 1e-3, 2.0]], columns=list(columns))
    for _ in range(2):
        write_tensorboard(tmp_path / "fold_00", curves)
    assert len(list(tmp_path.rglob("events.out.tfevents.*"))) == 2
