"""Real stars through a browser, without a network: the tour, the card, the sky map, Evaluate."""

from core.datasets.real_stars import FIRST_STAR


def test_the_tour_begins_with_a_real_o_star_behind_dust(server, browser):
    browser.open(server).expect("An O7 star of Cygnus OB2")
    browser.page.get_by_role("link", name="An O7 star of Cygnus OB2").first.click()
    browser.expect(f"Gaia DR3 {FIRST_STAR}", "A real star of the shipped sample", "Verdict:", "O7V (Wright et al. 2015")
    browser.expect_figure("XP mean spectrum").expect("A_V 5.36 mag")
    assert browser.failures == []
    assert browser.foreign_requests == []


def test_an_empty_star_page_offers_the_first_star(server, browser):
    browser.open(f"{server}/star")
    browser.page.get_by_role("button", name="Begin with a real O7 star").click()
    browser.expect(f"Gaia DR3 {FIRST_STAR}", "Verdict:")
    assert f"source_id={FIRST_STAR}" in browser.settle().page.url
    assert browser.failures == []


def test_real_stars_come_first_on_spectra_and_on_the_map(server, browser):
    browser.open(f"{server}/spectra").expect("of 2,000 stars", "ESA/Gaia/DPAC").expect_figure("Chosen spectra")
    browser.open(f"{server}/sky_map").expect("Real stars", "Each mark is a star", "Verdicts: of the default ensemble")
    assert browser.failures == []


def test_evaluate_shows_a_run_on_real_stars(server, browser):
    browser.open(f"{server}/evaluate?view=Real+stars&real_by=type")
    browser.expect("2,000 of 2,000 real stars classified", "wrong verdicts")
    for title in ("Found, by spectral type", "Called massive, by kind", "ROC curve", "Reliability at equal priors"):
        browser.expect_figure(title)
    assert browser.failures == []
