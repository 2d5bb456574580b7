"""Pages on an instance whose data folder cannot be written: each shows itself and says what is wrong."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.jobs.job import RUNNING, JobState, create_job
from core.runs.settings import resolve_settings
from core.settings import PROJECT_ROOT
from models.registry import model_spec
from tests.faults.conftest import FULL
from tests.pages.conftest import NO_ARCHIVES
from ui.parts import jobs

NEEDS_THE_SAMPLE = ("app.py", "pages/spectra.py")
SCRIPTS = (*NEEDS_THE_SAMPLE, "pages/star.py", "pages/simulate.py", "pages/train.py", "pages/survey.py")


@pytest.fixture(autouse=True)
def _instance(monkeypatch):
    for name, value in {**NO_ARCHIVES, "ARCHIVE_TIMEOUT_S": "1", "ARCHIVE_RETRY_DELAY_S": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EXPLORER_DISK_RESERVE_MB", "0")
    jobs.relaunch_unfinished.clear()
    st.cache_resource.clear()  # another test's page may have the sample in memory
    st.cache_data.clear()
    yield
    jobs.relaunch_unfinished.clear()


def open_page(script: str, **queries: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=240)
    for name, value in queries.items():
        app.query_params[name] = value
    return app.switch_page(script).run()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_page_says_that_its_data_folder_cannot_be_written(no_place, monkeypatch, script):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(no_place))
    page = open_page(script, set="embedded")  # the shipped stars, which a page opens on, need no folder
    assert [item.message for item in page.exception] == []
    said = [item.value.replace("\\", "") for item in page.error]
    assert [FULL in text or "free" in text for text in said] == [True] * (script in NEEDS_THE_SAMPLE)


@pytest.mark.parametrize("label", ["Start", "Draw and save"])
def test_a_button_that_writes_says_why_it_did_not(no_place, monkeypatch, label):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(no_place))
    page = open_page("pages/survey.py" if label == "Start" else "pages/simulate.py")
    if label == "Draw and save":
        page.query_params["view"] = "New sample"
        page.run()
    next(item for item in page.button if item.label == label).click().run()
    assert [item.message for item in page.exception] == []
    (said,) = [item.value.replace("\\", "") for item in page.error]
    assert FULL in said or "free" in said


def test_jobs_that_cannot_go_on_are_named_on_every_page(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    create_job("train", "test", {}).write_state(JobState(RUNNING))
    (tmp_path / "jobs" / "runner.lock").mkdir()
    page = open_page("pages/audit.py")
    assert [item.message for item in page.exception] == []
    assert ["Unfinished jobs cannot go on" in item.value for item in page.warning] == [True]


def test_a_job_whose_runner_was_killed_says_so_and_offers_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    started: list[bool] = []
    monkeypatch.setattr("core.jobs.launch.ensure_runner", lambda: started.append(True))
    wide = model_spec("wide")
    network = {"key": "wide", "settings": resolve_settings(wide, "quick").as_dict(), "folder": "wide"}
    asked = create_job("train", "test", {"data": "x", "out": str(tmp_path / "runs" / "x"), "networks": [network]})
    asked.write_state(JobState(RUNNING, n_tasks=5, n_done=2, started=1.0))
    page = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=240)
    page.query_params["view"] = "Jobs"
    page.switch_page("pages/train.py").run()
    assert [item.message for item in page.exception] == []
    assert ["has ended. What it had finished is kept" in item.value for item in page.warning] == [True]
    started.clear()
    next(item for item in page.button if item.label == "Resume").click().run()
    assert started
