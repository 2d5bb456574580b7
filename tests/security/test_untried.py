"""What nobody had tried before: models that reach outside, code in them, clocks, logs, log-in, many surveys, hosts."""

import json
import logging
import shutil
import time

import numpy as np
import pytest

from core.archive.cache import StarCache
from core.errors import ExplorerError, RunError
from core.jobs.runner import OneLine
from core.runs.run import read_run, write_run
from core.settings import current_settings
from core.verdict.ensemble import load_ensemble
from ui.parts.numbers import duration


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of one member that keeps no hashes, so that the member itself is looked at."""
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    folder = tmp_path / "run"
    shutil.copytree(
        current_settings().default_run_dir, folder, ignore=shutil.ignore_patterns("member_0[1-9].onnx", "*.parquet")
    )
    stored = read_run(folder)
    member = stored.members[0].changed(sha256="", keras_sha256="")
    write_run(folder, stored.changed(members=[member], files_sha256=None))
    return folder


def spoilt(folder, change) -> None:
    import onnx

    path = folder / "member_00.onnx"
    network = onnx.load(str(path))
    change(network)
    path.write_bytes(network.SerializeToString())


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "weights.bin"])
def test_weights_in_another_file_are_not_fetched(place, run):
    import onnx

    (run.parent / "secret").write_bytes(bytes(4_000_000))

    def outside(network) -> None:
        tensor = max(network.graph.initializer, key=lambda item: len(item.raw_data))
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", place), ("offset", "0")):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value

    spoilt(run, outside)
    with pytest.raises(RunError, match=r"member_00\.onnx"):
        load_ensemble(run)


def test_an_operator_of_others_is_refused_by_name(run):
    def custom(network) -> None:
        network.graph.node[0].domain = "com.example"
        network.opset_import.add(domain="com.example", version=1)

    spoilt(run, custom)
    with pytest.raises(RunError, match=r"member_00\.onnx is no readable ONNX network"):
        load_ensemble(run)


def test_a_wrong_shape_is_no_verdict(run):
    def other(network) -> None:
        network.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 7

    spoilt(run, other)
    with pytest.raises(ExplorerError):
        load_ensemble(run).probabilities(np.ones((2, 343)))


def test_an_answer_from_the_future_is_asked_for_again(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    cache = StarCache()
    cache.remember_answer("x", {"found": False})
    assert cache.recall_answer("x") == {"found": False}
    path = cache._answer_path("x")
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"saved": time.time() + 400 * 86_400}))
    assert cache.recall_answer("x") is None, "the clock was set back: nobody knows how old it is"


def test_a_clock_that_goes_back_makes_no_negative_times():
    assert duration(-3600.0) == "0 s"


def test_an_entry_of_the_log_is_one_line():
    text = "part\n2026-01-01 00:00:00 INFO all is well\x1b[2J"
    entry = OneLine("%(message)s").format(logging.LogRecord("x", logging.ERROR, "x", 1, text, None, None))
    assert "\n" not in entry
    assert "\x1b" not in entry
    assert r"part\n2026" in entry


@pytest.mark.parametrize(
    ("who", "passes"), [({}, False), ({"is_logged_in": True}, True), ({"is_logged_in": False}, False)]
)
def test_a_log_in_that_is_asked_for_and_not_configured_closes_the_app(who, passes, monkeypatch):
    import streamlit as st

    from ui.parts import access

    class Stopped(Exception):
        pass

    monkeypatch.setenv("EXPLORER_LOG_IN", "1")
    monkeypatch.setattr(access, "_identity", lambda: who)
    monkeypatch.setattr(st, "stop", lambda: (_ for _ in ()).throw(Stopped))
    if passes:
        access.require_log_in()
    else:
        with pytest.raises(Stopped):
            access.require_log_in()


def test_a_query_writes_no_file_where_the_program_may_not_write(tmp_path, monkeypatch):
    from core.errors import UsageError
    from core.runs.query import query_runs

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    with pytest.raises(UsageError, match="disabled"):
        query_runs(f"COPY runs TO '{tmp_path / 'out.csv'}'")
    assert not (tmp_path / "out.csv").exists()
    assert query_runs("SELECT count(*) AS n FROM runs")["n"][0] >= 0


def test_a_thousand_surveys_are_listed_and_damaged_ones_hide_none(tmp_path, monkeypatch):
    from core.survey.catalogue import find_surveys

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    whole = {
        "format_version": 1, "state": "finished", "input": "x", "fingerprint": "y", "n_partitions": 1, "n_rows": 2,
        "n_massive": 1, "run": {"path": "p", "title": "t", "started": ""}, "partitions": {"0": {"rows": 2}},
    }  # fmt: skip
    text = json.dumps(whole)
    for number in range(1_000):
        folder = current_settings().surveys_dir / f"s{number:04d}"
        folder.mkdir(parents=True)
        (folder / "_manifest.json").write_text(text if number % 10 else text[: number % 200])
        (folder / "part-000000.parquet").touch()
    start = time.process_time()
    assert len(find_surveys()) == 900
    assert time.process_time() - start < 5.0


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "hats:/etc"])
def test_a_page_hands_no_address_on(address, tmp_path, monkeypatch):
    """A survey's input from the page is a name of a list; an address in the URL is none."""
    from tests.pages.test_addresses import open_page
    from ui.shell import entry

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    page = open_page(entry("Survey").script, survey=address, stars=address)
    assert not page.exception
    assert not list((tmp_path / "surveys").glob("*")) if (tmp_path / "surveys").exists() else True


ODD = "no\n2026-01-01 ERROR all is lost\x1b[2J\x9b31m\u202e"


def test_a_name_on_the_terminal_is_one_line_without_control_characters(tmp_path, monkeypatch, capsys):
    from core.__main__ import main

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    assert main(["cluster", str(tmp_path / f"{ODD}.csv"), "--out", str(tmp_path / "out")]) in (1, 2)
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert said.rstrip("\n").isprintable(), said


def test_a_member_of_a_zip_is_named_in_one_line(tmp_path, monkeypatch, capsys):
    import zipfile

    from core.__main__ import main

    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{ODD}.csv", b"PAR1 and no more")
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    assert main(["classify", str(path), "--out", str(tmp_path / "out.parquet")]) in (1, 2, 3)
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\n2026" not in said


ENVIRONMENT = {
    "core/settings.py": "the variables of the settings",
    "core/commands/atmosphere_grid.py": "sets the number of threads",
    "core/simulation/atmosphere/build.py": "sets the number of threads",
    "core/jobs/cluster.py": "the number of threads",
    "core/jobs/launch.py": "sets Dask's address",
    "core/training/devices.py": "sets how much TensorFlow says",
    "core/training/export.py": "for a helper process",
    "core/audit/rebuilt_weights.py": "sets how much TensorFlow says, and no GPU",
    "core/explanation/process.py": "for a helper process",
    "core/datasets/package_download.py": "for pip",
}
"""Who has to do with the environment, and why; none of them writes it down."""


def test_secrets_are_read_by_nothing_that_could_write_them_down():
    import ast

    from core.settings import PROJECT_ROOT

    found = set()
    for folder in ("core", "ui", "pages"):
        for path in (PROJECT_ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "st.secrets"):
                    found.add((path.relative_to(PROJECT_ROOT).as_posix(), ast.unparse(node)))
    assert found <= {(path, "os.environ") for path in ENVIRONMENT}
