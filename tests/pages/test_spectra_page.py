"""The page Spectra through a browser: views, filters in the address, opened files."""

import pytest

from tests.pages.test_star_page import sampled_csv, upload


@pytest.mark.parametrize(
    ("view", "figures"), [("Spectra", ["Chosen spectra"]), ("Class means", ["Class means"]), ("Data set card", ["Sky"])]
)
def test_each_view_shows_its_figures(server, browser, view, figures):
    browser.open(f"{server}/spectra?view={view.replace(' ', '+')}")
    assert browser.failures == []
    drawn = " ".join(browser.page.locator(".js-plotly-plot .gtitle").all_text_contents())
    assert all(title in drawn for title in figures)


def test_filters_stand_in_the_address_and_survive_a_change_of_page(server, browser):
    browser.open(f"{server}/spectra?label=massive&g=10&g=12")
    filtered = browser.page.get_by_text(" stars. ").first.inner_text()
    browser.follow("Overview").follow("Spectra")
    assert "label=massive" in browser.page.url
    assert browser.page.get_by_text(" stars. ").first.inner_text() == filtered
    shown, total = (int(part.replace(",", "")) for part in filtered.split(" stars.")[0].split(" of "))
    assert 0 < shown < total / 2


def test_filters_that_leave_no_star_say_so(server, browser):
    text = browser.open(f"{server}/spectra?g=20.8&g=21").text
    assert "No star passes these filters" in text


def test_nonsense_in_the_address_is_ignored(server, browser):
    browser.open(f"{server}/spectra?view=Nonsense&label=x&g=abc&representation=%00&set=../../etc/passwd&bp_rp=1e999")
    assert browser.failures == []
    assert "Data set" in browser.text


def test_an_opened_file_can_be_browsed(server, browser):
    upload(browser.open(f"{server}/star"), "mine.csv", sampled_csv(4295807104))
    browser.follow("Spectra")
    browser.page.get_by_label("Data set").first.click()
    browser.page.get_by_role("option", name="mine.csv").click()
    browser.page.wait_for_timeout(500)
    assert "1 of 1 stars" in browser.settle().text
    assert browser.failures == []
