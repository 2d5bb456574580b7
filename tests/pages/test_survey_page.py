"""The page Survey through a browser: from the start of a survey to its candidates."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from core.settings import current_settings
from core.survey.survey import survey


@pytest.fixture(scope="module")
def stored(data_dir) -> str:
    """A finished survey of 4,000 simulated stars in the servers' data folder."""
    out = data_dir / "surveys" / "stored"
    if not out.is_dir():
        survey("simulated:training:4000:2", current_settings().default_run_dir, out)
    return "stored"


def test_a_survey_runs_from_the_page_to_its_result(server, browser):
    browser.open(f"{server}/survey").expect("Stars to draw")
    stars = browser.page.get_by_label("Stars to draw")
    stars.fill("5000")
    stars.press("Tab")
    browser.settle().page.get_by_role("button", name="Start").click()
    browser.page.get_by_text(re.compile(r"5,000 stars, \d+ massive at equal priors")).first.wait_for(timeout=280_000)
    browser.page.get_by_role("tab", name="Results").click()
    browser.expect("Known truth, massive, B1 and earlier").expect_figure("Candidates on the Galactic sky")
    assert browser.failures == []


def test_candidates_follow_the_choices_and_lead_to_the_star(server, browser, stored):
    address = f"{server}/survey?view=Results&survey={stored}&prevalence=0.5&sky=false"
    browser.open(address).expect("Stars classified", "4,000").expect_figure("Magnitudes")
    candidates = browser.page.get_by_test_id("stMetricValue").nth(1)
    before = candidates.inner_text()
    browser.page.get_by_text("Keep contaminants", exact=True).click()
    expect(candidates).not_to_have_text(before, timeout=60_000)
    assert int(candidates.inner_text().replace(",", "")) > int(before.replace(",", ""))
    assert "impostors=true" in browser.page.url
    with browser.settle().page.expect_download() as download:
        browser.page.get_by_role("button", name="CSV", exact=True).click()
    listed = pd.read_csv(download.value.path())
    assert len(listed) == int(candidates.inner_text().replace(",", ""))
    assert (listed["probability"] >= 0.5).all()
    assert browser.failures == []
    assert browser.foreign_requests == []


def test_a_selection_travels_to_the_maps_and_back(server, browser, stored):
    cuts = "sky=false&by_prior=false&threshold=0.9973&impostors=true&good=true&g=8.0&g=16.0"
    browser.open(f"{server}/survey?view=Results&survey={stored}&{cuts}").expect("Stars classified")
    selected = int(browser.page.get_by_test_id("stMetricValue").nth(1).inner_text().replace(",", ""))
    browser.follow("These candidates on the Sky map").expect(f"Each mark is a star ({selected} stars)")
    assert {f"stars={stored}", "threshold=0.9973", "sky=false", "parallax_snr=5"} <= set(_query(browser))
    browser.follow("Find groups among these stars").expect("Stars searched").settle()
    assert browser.page.get_by_test_id("stMetricValue").first.inner_text() == str(selected)
    browser.follow("Back to the survey").expect("Stars classified").settle()
    again = browser.page.get_by_test_id("stMetricValue").nth(1).inner_text()
    assert int(again.replace(",", "")) == selected
    assert browser.failures == []


def _query(browser) -> list[str]:
    return browser.page.url.split("?")[1].split("&")
