"""The page Techniques through a browser: offline, every tab, a survey taken away, a link to a star."""


def test_every_tab_offline_and_a_survey_taken_away(server, browser):
    browser.open(f"{server}/techniques").expect("Purity, all together")
    browser.expect_figure("What each finds")
    browser.page.get_by_role("tab", name="Who agrees").click()
    browser.expect_figure("Agreement").expect_figure("Who calls the same stars massive").expect("Capture and recapture")
    browser.page.get_by_role("tab", name="Who can see what").click()
    browser.expect_figure("Who can see what").expect_figure("Massive stars found, by type")
    browser.page.get_by_role("tab", name="Disputed stars").click()
    browser.expect("Stars that techniques dispute most")
    browser.page.locator("[data-testid=stDataFrame]").first.wait_for()
    browser.open(f"{server}/techniques?missing=2mass&view=The+techniques").expect("As python -m core techniques --list")
    assert browser.failures == []
    assert browser.foreign_requests == []
