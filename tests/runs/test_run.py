"""The one typed Run: what it keeps, what it refuses and in which words, and that nobody else knows its keys."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import main
from core.errors import RunError
from core.runs.run import (
    RUN_FILE,
    DataReference,
    Figures,
    LearntFrom,
    Member,
    ProbabilityCalibration,
    Run,
    read_run,
    write_run,
)
from core.settings import PROJECT_ROOT, current_settings
from tests.verdict.tiny_runs import write_run as write_tiny_run

SHIPPED = [current_settings().default_run_dir, *sorted(current_settings().reference_runs_dir.iterdir())]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_NEW_KEYS = st.dictionaries(st.text(max_size=9).map("new_{}".format), _JSON, min_size=1, max_size=3)


def test_a_shipped_run_is_written_as_it_was_read(tmp_path):
    for folder in SHIPPED:
        write_run(tmp_path, read_run(folder))
        written, stored = (json.loads((place / RUN_FILE).read_text()) for place in (tmp_path, folder))
        assert written == stored, folder


@settings(max_examples=30, deadline=None)
@given(top=_NEW_KEYS, inner=_NEW_KEYS)
def test_unknown_keys_are_kept_wherever_they_stand(top, inner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    content = json.loads((SHIPPED[0] / RUN_FILE).read_text()) | top
    for part in (content["data"], content["settings"], content["calibration"], content["members"][3]):
        part |= inner
    (folder / RUN_FILE).write_text(json.dumps(content))
    write_run(folder, read_run(folder).changed(note="other"))
    assert json.loads((folder / RUN_FILE).read_text()) == content | {"note": "other"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": None}, "model is None"),
        ({"members": [{"fold": 0, "file": "member_00.onnx"}, {"fold": "x", "file": "a"}]}, "members.1.fold is 'x'"),
        ({"members": [{"fold": 0, "file": "../../elsewhere.onnx"}]}, r"members.0.file is .*file of the run folder"),
        ({"calibration": {"slope": 1.0}}, "it has no calibration.intercept"),
        ({"data": {"n_train": "many"}}, "data.n_train is 'many'"),
        ({"settings": {"preset": "quick"}}, "it has no settings.n_folds"),
        ({"state": "odd"}, "state is 'odd'"),
        ({"n_folds": 0}, "n_folds is 0"),
        ({"format_version": 2}, "format_version is 2 .this program reads 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_value_is_named_with_its_path(changes, words, tmp_path):
    folder = write_tiny_run(tmp_path / "run", **changes)
    with pytest.raises(RunError, match=rf"{RUN_FILE} is damaged: {words}.*train again"):
        read_run(folder)


@pytest.mark.parametrize("command", ["classify", "audit", "evaluate", "compare", "survey", "explain"])
def test_every_command_refuses_a_run_of_a_later_format(command, tmp_path, capsys):
    folder = write_tiny_run(tmp_path / "run", format_version=99)
    stars = str(PROJECT_ROOT / "data" / "simulated_galaxy.parquet")
    arguments = {
        "classify": [stars, "--run", str(folder), "--out", str(tmp_path / "out.parquet")],
        "survey": ["simulated:training:10:1", "--run", str(folder), "--out", str(tmp_path / "survey")],
        "evaluate": [str(folder), "--prevalence", "0.001"],
        "explain": [stars, "--run", str(folder), "--out", str(tmp_path / "out.parquet")],
    }
    assert main([command, *arguments.get(command, [str(folder)])]) == 1
    assert "format_version is 99 (this program reads 1)" in capsys.readouterr().err


def test_every_key_of_a_run_is_documented():
    (row,) = (line for line in (PROJECT_ROOT / "docs" / "cli.md").read_text().splitlines() if "| `run.json` |" in line)
    for record in (Run, DataReference, LearntFrom, ProbabilityCalibration, Figures, Member):
        for key in record.model_fields:
            assert f"`{key}`" in row, f"{record.__name__}.{key}"


def test_nobody_else_knows_the_keys_of_a_run():
    keys = "|".join(Run.model_fields)
    by_key = re.compile(rf"""run(\[|\.get\()["']({keys})["']""")
    folders = ("core", "ui", "pages", "benchmarks", "recipes")
    files = [path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py")]
    assert len(files) > 300
    found = [path for path in files if path.parent.name != "runs" and by_key.search(path.read_text(encoding="utf-8"))]
    assert not found
