"""Which networks are found: shipped before local, one or several to a run, broken ones passed over."""

import json
from dataclasses import replace

import pytest

from core.runs.catalogue import find_runs
from core.settings import current_settings


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(tmp_path / "shipped"))
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    return current_settings()


def store(folder, *, state="finished", members=2, model="cnn_2d", **more):
    folder.mkdir(parents=True)
    names = [f"member_{i:02d}.onnx" for i in range(members)]
    for name in names[: more.pop("present", members)]:
        (folder / name).write_bytes(b"onnx")
    entries = [{"fold": fold, "file": name} for fold, name in enumerate(names)]
    run = {"format_version": 1, "model": model, "state": state, "members": entries}
    (folder / "run.json").write_text(json.dumps(run | more))


def test_nothing_is_installed(settings):
    assert find_runs(settings) == []


def test_the_shipped_run_comes_first_and_names_are_paths(settings):
    store(settings.runs_dir / "mine" / "cnn_2d")
    store(settings.runs_dir / "mine" / "deep", model="deep")
    store(settings.runs_dir / "a", title="A title", data={"path": "x/set.parquet", "n_train": 7})
    store(settings.default_run_dir)
    store(settings.reference_runs_dir / "cnn", model="cnn", members=10, present=1)
    runs = find_runs(settings)
    assert [run.name for run in runs] == ["default_run", "reference_runs/cnn", "a", "mine/cnn_2d", "mine/deep"]
    assert [run.shipped for run in runs] == [True, True, False, False, False]
    assert (runs[2].title, runs[2].data, runs[2].n_train) == ("A title", "set.parquet", 7)
    assert all(run.usable for run in runs)


@pytest.mark.parametrize(
    "change",
    [{"state": "running"}, {"state": "failed"}, {"members": 0}, {"present": 0}],
    ids=lambda change: str(change),
)
def test_an_unfinished_run_is_listed_but_not_usable(settings, change):
    store(settings.default_run_dir, **change)
    assert [run.usable for run in find_runs(settings)] == [False]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": 1}', '{"format_version": 99, "model": "x", "state": "y"}'])
def test_a_broken_run_does_not_hide_the_others(settings, text):
    store(settings.default_run_dir)
    broken = settings.runs_dir / "broken"
    broken.mkdir(parents=True)
    (broken / "run.json").write_text(text)
    assert [run.name for run in find_runs(settings)] == ["default_run"]


def test_a_run_counts_only_members_whose_file_is_there(settings):
    store(settings.default_run_dir, members=3, present=2)
    (run,) = find_runs(settings)
    assert run.n_members == 2
    assert replace(run, state="running").usable is False
