"""A crawler: every link of every page leads to something, with default data, an opened file and a survey."""

import time
from types import SimpleNamespace
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import UsageError
from core.settings import PROJECT_ROOT, current_settings
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import SpectrumSet
from tests.pages.conftest import NO_ARCHIVES
from ui import state
from ui.shell import MENU

SCRIPTS = {entry.script for _, entries in MENU for entry in entries}
DEAD_ENDS = ("cannot be used", "has no source", "No connection", "no simulated star", "cannot be opened", "is not here")
"""What a page says when a link has led to nothing."""


@pytest.fixture
def _instance(data_dir, monkeypatch):
    """The servers' data folder with a small survey in it; no archive in reach."""
    from core.survey.survey import survey

    for name, value in {**NO_ARCHIVES, "EXPLORER_DATA_DIR": str(data_dir), "ARCHIVE_TIMEOUT_S": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ARCHIVE_RETRY_DELAY_S", "0")
    out = data_dir / "surveys" / "stored"
    if not out.is_dir():
        survey("simulated:training:4000:2", current_settings().default_run_dir, out)


def opened() -> state.OpenedFiles:
    """A session's opened file of two stars without any catalogue column."""
    flux = 1e-15 * (WAVELENGTH_NM / 500) ** -2 * np.ones((2, 1))
    spectra = SpectrumSet(np.array([4295806720, 4295806848]), flux, flux / 50)
    return state.OpenedFiles({"mine.csv": spectra}, {"mine.csv": 0})


def visit(script: str, query: dict[str, list[str]]) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=240)
    app.switch_page(script)
    app.session_state["opened files"] = opened()
    for name, values in query.items():
        app.query_params[name] = values if len(values) > 1 else values[0]
    return app.run()


def links_of(app: AppTest) -> list[tuple[str, dict[str, list[str]]]]:
    """(script, query) of every link of the page's main part to a page of the app."""
    found = []
    for element in app.main.get("page_link"):
        link = element.proto
        page = link.page.strip("/")
        script = next((item for item in SCRIPTS if item.removeprefix("pages/").removesuffix(".py") == page), "app.py")
        assert page in ("", "app", script.removeprefix("pages/").removesuffix(".py")), f"no page {link.page!r}"
        found.append((script, parse_qs(link.query_string)))
    return found


def kind_of(script: str, query: dict[str, list[str]]) -> tuple:
    """Addresses that differ in numbers alone are one: script, names, and the value of those that choose a view."""
    return script, tuple((name, *(query[name] if name in (state.VIEW, state.DRAWN) else ())) for name in sorted(query))


@pytest.fixture
def _nothing_explained(monkeypatch):
    """A link to Explain is followed; the minutes that SHAP takes belong to that page's own tests."""
    from ui.explain import cache

    def explain_star(*_):
        raise UsageError("not explained in this test")

    monkeypatch.setattr(cache, "explain_star", explain_star)
    monkeypatch.setattr(cache, "explainer_process", lambda: SimpleNamespace(start=lambda: None))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_instance", "_nothing_explained")
def test_every_link_leads_to_something():
    waiting = [(script, {}) for script in sorted(SCRIPTS)]
    waiting += [("pages/survey.py", {"view": ["Results"], "survey": ["stored"], "prevalence": ["0.5"]})]
    seen = {kind_of(*address) for address in waiting}
    faults, n_links = [], 0
    while waiting:
        script, query = waiting.pop(0)
        begun = time.monotonic()
        app = visit(script, query)
        where = f"{script} {query}"
        print(f"{time.monotonic() - begun:5.1f} s  {where}")
        faults += [f"{where}: {item.message}" for item in app.exception]
        said = [item.value for kind in (app.error, app.warning) for item in kind]
        faults += [f"{where}: {text}" for text in said if any(sign in text for sign in DEAD_ENDS)]
        for address in links_of(app):
            n_links += 1
            if (kind := kind_of(*address)) not in seen:
                seen.add(kind)
                waiting.append(address)
    assert faults == []
    assert n_links > len(SCRIPTS)
