"""Every page, opened with nonsense in every parameter of its address: it shows itself, and leaves its folders alone."""

import re

import pytest

from core.jobs.job import find_jobs
from core.runs.settings import PRESETS
from tests.pages.in_process import open_page
from ui import state
from ui.shell import MENU

NUMBERS_OF_A_PRESET = (state.FOLDS, state.ONLY_FOLDS, state.EPOCHS, state.PATIENCE)
NAMES = {value for name, value in vars(state).items() if name.isupper() and isinstance(value, str)}
NAMES |= {state.of_preset(name, preset) for name in NUMBERS_OF_A_PRESET for preset in PRESETS}
NAMES = sorted(name for name in NAMES if re.fullmatch("[a-z_]+", name))
NONSENSE = {
    "a path": "../../../../etc/passwd",
    "no number": "nan",
    "too large": "1e999",
    "markup": "<script>alert(1)</script>![x](http://127.0.0.1:9/x)",
    "SQL": "x' OR 1=1; DROP TABLE stars; --",
}
QUICK = [entry for _, entries in MENU for entry in entries if entry.title not in ("Overview",)]


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("entry", QUICK, ids=lambda entry: entry.title)
def test_a_page_survives_nonsense_in_its_address(entry):
    kinds, turn = list(NONSENSE.values()), QUICK.index(entry)
    # Another kind for every parameter, shifted from page to page.
    chosen = {name: kinds[(number + turn) % len(kinds)] for number, name in enumerate(NAMES)}
    page = open_page(entry.script, **chosen)
    assert [item.message for item in page.exception] == []
    assert page.title[0].value.endswith(entry.title)
    for choice in page.selectbox:
        assert choice.value not in kinds


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("run", "validation"), [("", "plain"), ("reference_runs/cnn_2d_sky", "sky")])
def test_compare_opens_on_the_ground_of_the_run_in_its_address(run, validation):
    page = open_page("pages/compare.py", **({"run": run} if run else {}))
    assert [item.message for item in page.exception] == []
    assert any(f"({validation} validation" in item.value for item in page.caption)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("script", ["pages/train.py", "pages/survey.py", "pages/audit.py"])
def test_a_read_only_instance_says_so_and_starts_nothing(script, monkeypatch):
    monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    page = open_page(script)
    assert [item.message for item in page.exception] == []
    assert any("Read-only demonstration" in item.value for item in page.sidebar.caption)
    starts = [item for item in page.button if item.label in ("Start", "Audit this run", "Measure the speed first")]
    assert starts
    assert all(item.disabled for item in starts)


@pytest.mark.usefixtures("offline")
def test_what_the_core_refuses_is_said_on_the_page(monkeypatch):
    monkeypatch.setenv("EXPLORER_JOBS_PER_USER", "0")
    page = open_page("pages/survey.py")
    next(item for item in page.button if item.label == "Start").click().run()
    assert [item.message for item in page.exception] == []
    assert any("unfinished jobs of yours" in item.value.replace("\\", "") for item in page.error)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("script", ["pages/train.py", "pages/survey.py"])
def test_what_is_started_stands_on_the_tab_of_jobs_and_in_the_address(script, monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("core.jobs.launch.ensure_runner", lambda: True)  # queued is enough
    page = open_page(script)
    next(item for item in page.button if item.label == "Start").click().run()
    assert [item.message for item in page.exception] == []
    (job,) = find_jobs()
    assert page.query_params["job"] == job.id
    assert page.query_params["view"] == "Jobs"
    assert page.selectbox(key="job").value == job.id


@pytest.mark.usefixtures("offline")
def test_where_log_in_is_configured_nobody_sees_a_page_without(monkeypatch):
    from ui.parts import access

    monkeypatch.setattr(access, "_identity", lambda: {"is_logged_in": False})
    page = open_page("pages/train.py")
    assert [item.message for item in page.exception] == []
    assert [item.label for item in page.button] == ["Log in"]
    monkeypatch.setattr(access, "_identity", lambda: {"is_logged_in": True, "email": "ada@example.org"})
    page = open_page("pages/train.py")
    assert "Log out" in [item.label for item in page.sidebar.button]
    assert any("ada" in item.value for item in page.sidebar.caption)
