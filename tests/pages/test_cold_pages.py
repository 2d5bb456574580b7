"""Each page, opened first on a server that nobody has visited, by its own address."""

import pytest
from playwright.sync_api import expect

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


def address_of(entry) -> str:
    """The path that Streamlit gives a page script."""
    return "" if entry.script == "app.py" else entry.script.removeprefix("pages/").removesuffix(".py")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_a_deep_link_on_a_cold_server_shows_the_page(cold_server, browser, entry):
    browser.open(f"{cold_server}/{address_of(entry)}").expect(SHOWN[entry.title])

    assert browser.page.locator("h1").first.inner_text().endswith(entry.title)
    assert entry.purpose in browser.text
    assert browser.failures == []
    menu = browser.page.locator("[data-testid=stSidebar]")
    for other in ENTRIES:
        expect(menu.get_by_role("link", name=other.title, exact=True)).to_have_count(1, timeout=30_000)
    expect(menu).to_contain_text("DPAC")
    assert browser.foreign_requests == []


def test_the_menu_leads_to_every_page_and_none_is_wider_than_a_telephone(server, browser):
    browser.open(server)
    for entry in reversed(ENTRIES):
        browser.page.set_viewport_size({"width": 1280, "height": 900})
        browser.follow(entry.title).expect(entry.purpose)
        assert browser.failures == []
        browser.page.set_viewport_size({"width": 390, "height": 844})
        browser.settle()
        main = browser.page.locator("[data-testid=stMain]")
        assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0, entry.title
