"""The page Simulate through a browser: sliders, refusals, and samples that the page Spectra then opens."""


def curve_heights(browser, figure: int) -> list[float]:
    """The flux axis range of a figure: it follows the spectrum."""
    return browser.page.locator(".js-plotly-plot").nth(figure).evaluate("plot => plot._fullLayout.yaxis.range.slice()")


def test_a_simulated_star_has_two_spectra_and_a_verdict(server, browser):
    text = browser.open(f"{server}/simulate?teff=41000&logg=4").text
    assert browser.failures == []
    assert "Verdict:" in text
    titles = " ".join(browser.page.locator(".js-plotly-plot .gtitle").all_text_contents())
    assert "Without noise" in titles
    assert "At G = 14.00" in titles


def test_a_slider_changes_the_spectrum_and_the_address(server, browser):
    browser.open(f"{server}/simulate?g_mag=12")
    before = curve_heights(browser, 1)
    browser.page.get_by_role("slider", name="G (mag): sets the noise").press("ArrowRight")
    browser.page.wait_for_timeout(800)
    browser.settle()
    assert "g_mag=12.05" in browser.page.url
    assert curve_heights(browser, 1) != before
    assert browser.failures == []


def test_a_typical_star_sets_the_sliders(server, browser):
    browser.open(f"{server}/simulate")
    browser.page.get_by_text("White dwarf", exact=True).first.click()
    browser.page.wait_for_timeout(800)
    browser.settle()
    assert "family=white_dwarf" in browser.page.url
    assert "logg=8" in browser.page.url
    assert "Verdict:" in browser.text


def test_parameters_outside_the_models_are_refused_with_the_range(server, browser):
    text = browser.open(f"{server}/simulate?teff=79000&logg=4").text
    assert "is outside the normal atmospheres" in text
    assert "choose" in text
    assert "Verdict:" not in text
    assert browser.failures == []


def test_a_new_sample_can_be_browsed(server, browser, data_dir):
    browser.open(f"{server}/simulate?view=New+sample")
    browser.page.get_by_label("Stars").fill("50")
    browser.page.get_by_label("Stars").press("Tab")
    browser.page.get_by_role("button", name="Draw and save").click()
    browser.page.get_by_text("50 stars are saved as training-50-seed-1.parquet").wait_for()
    assert (data_dir / "samples" / "training-50-seed-1.parquet").is_file()
    browser.follow("Browse this sample")
    assert "50 of 50 stars" in browser.text
    assert browser.failures == []
