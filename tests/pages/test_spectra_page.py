"""The page Spectra through a browser: views, filters in the address, opened files."""

from tests.pages.test_star_page import sampled_csv, upload


def test_each_view_shows_its_figures(server, browser):
    browser.open(f"{server}/spectra").expect_figure("Chosen spectra")
    browser.page.get_by_role("tab", name="Class means").click()
    browser.expect_figure("Class means")
    browser.page.get_by_role("tab", name="Data set card").click()
    for title in ("Composition", "Magnitudes", "Colours", "Sky coverage"):
        browser.expect_figure(title)
    assert "view=Data+set+card" in browser.settle().page.url
    assert browser.failures == []


def test_filters_stand_in_the_address_and_survive_a_change_of_page(server, browser):
    browser.open(f"{server}/spectra?label=massive&g=10&g=12&view=Class+means&representation=continuum")
    browser.expect(" stars. ").expect_figure("Class means")
    filtered = browser.page.get_by_text(" stars. ").first.inner_text()
    browser.follow("Overview").follow("Spectra").expect(" stars. ").expect_figure("Class means")
    assert "representation=continuum" in browser.page.url
    assert "label=massive" in browser.page.url
    assert browser.page.get_by_text(" stars. ").first.inner_text() == filtered
    shown, total = (int(part.replace(",", "")) for part in filtered.split(" stars.")[0].split(" of "))
    assert 0 < shown < total / 2


def test_filters_that_leave_no_star_say_so(server, browser):
    browser.open(f"{server}/spectra?g=20.8&g=21").expect("No star passes these filters")


def test_nonsense_in_the_address_is_ignored(server, browser):
    browser.open(f"{server}/spectra?view=Nonsense&label=x&g=abc&representation=%00&set=../../etc/passwd&bp_rp=1e999")
    browser.expect("Data set", " stars. ")
    assert browser.failures == []


def test_an_opened_file_can_be_browsed(server, browser):
    upload(browser.open(f"{server}/star"), {"mine.csv": sampled_csv(4295807104)}, "Verdict:")
    browser.follow("Spectra")
    browser.page.get_by_role("combobox", name="Data set").click()
    browser.page.get_by_role("option", name="mine.csv").click()
    browser.expect("1 of 1 stars")
    assert browser.failures == []
