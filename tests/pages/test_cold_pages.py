"""Each page as the first that a process shows, and every page through a browser: by its address, from the menu."""

import multiprocessing

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import NO_ARCHIVES
from tests.pages.in_process import first_page
from ui.shell import MENU

ENTRIES = [entry for _, entries in MENU for entry in entries]
SHOWN = {
    "Overview": "Trained networks",
    "Star": "Gaia source id, name or coordinates",
    "My stars": "every star of it is classified at once",
    "Epochs": "Simulated transits, not real ones",
    "Spectra": "Data set",
    "Simulate": "Effective temperature",
    "Train": "Expected time",
    "Sky map": "Each mark is a star",
    "Associations": "Stars searched",
    "Compare": "Probabilities are calibrated",
    "Evaluate": "Every probability is calibrated",
    "Audit": "Audit this run",
    "Explain": "Type a source id, a name or coordinates",
    "Survey": "New survey",
    "Molecules": "Decoys detected",
    "Techniques": "A technique that lacks its survey abstains",
}


LIBRARIES = ["streamlit.testing.v1", "pandas", "pyarrow.parquet", "plotly.graph_objects", "scipy.stats", "pydantic"]
"""Loaded once before the cold processes are forked; nothing of this program is among them, and nothing with threads."""


def address_of(entry) -> str:
    """The path that Streamlit gives a page script."""
    return "" if entry.script == "app.py" else entry.script.removeprefix("pages/").removesuffix(".py")


@pytest.fixture(scope="module")
def cold_processes():
    """Processes that come from one with the libraries alone."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_a_page_can_be_the_first_that_a_process_shows(cold_processes, data_dir, entry):
    environment = {**NO_ARCHIVES, "EXPLORER_DATA_DIR": str(data_dir), "ARCHIVE_TIMEOUT_S": "2"}
    with cold_processes.Pool(1) as pool:
        shown = pool.apply(first_page, (entry.script, environment))
    assert shown["exceptions"] == []
    assert shown["title"].endswith(entry.title)
    assert entry.purpose in shown["text"]
    assert SHOWN[entry.title] in shown["text"]
    assert shown["menu"] == [other.title for other in ENTRIES]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_address_and_menu_lead_to_the_page_and_it_is_not_wider_than_a_telephone(server, browser, entry):
    browser.open(f"{server}/{address_of(entry)}").expect(SHOWN[entry.title])
    assert browser.page.locator("h1").first.inner_text().endswith(entry.title)
    assert entry.purpose in browser.text
    assert browser.failures == []
    menu = browser.page.locator("[data-testid=stSidebar]")
    for other in ENTRIES:
        expect(menu.get_by_role("link", name=other.title, exact=True)).to_have_count(1, timeout=30_000)
    expect(menu).to_contain_text("DPAC")
    browser.page.set_viewport_size({"width": 390, "height": 844})
    browser.settle()
    main = browser.page.locator("[data-testid=stMain]")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
    browser.page.set_viewport_size({"width": 1280, "height": 900})
    following = ENTRIES[(ENTRIES.index(entry) + 1) % len(ENTRIES)]
    menu.get_by_role("link", name=following.title, exact=True).click()
    browser.page.locator("h1", has_text=following.title).first.wait_for()
    assert browser.page.url.split("?")[0] == f"{server}/{address_of(following)}"
    assert browser.foreign_requests == []


def test_a_server_that_nobody_has_visited_shows_a_deep_link(cold_server, browser):
    browser.open(f"{cold_server}/explain").expect(SHOWN["Explain"])
    assert browser.failures == []
    assert browser.foreign_requests == []
