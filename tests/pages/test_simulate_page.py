"""The page Simulate through a browser: sliders, refusals, and samples that the page Spectra then opens."""


def test_a_simulated_star_has_two_spectra_and_a_verdict(server, browser):
    browser.open(f"{server}/simulate?teff=41000&logg=4").expect("Probability of massive")
    browser.expect_live_plot("Without noise").expect_live_plot("At G = 14.00")
    assert browser.failures == []


def test_a_slider_changes_the_spectrum_and_the_address(server, browser):
    browser.open(f"{server}/simulate?g_mag=12").expect_live_plot("At G = 12.00")
    browser.page.get_by_role("slider", name="G (mag): sets the noise").press("ArrowRight")
    browser.expect_live_plot("At G = 12.05").settle()
    assert "g_mag=12.05" in browser.page.url
    assert browser.failures == []


def test_a_move_changes_few_elements(server, browser):
    """The browser takes longer over each of them than the program over the whole move."""
    received = []
    browser.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    browser.open(f"{server}/simulate?g_mag=12").expect_live_plot("At G = 12.00").settle()
    received.clear()
    browser.page.get_by_role("slider", name="G (mag): sets the noise").press("ArrowRight")
    browser.expect_live_plot("At G = 12.05").settle()
    assert 0 < len(received) <= 25


def test_downloads_are_of_the_star_that_is_shown(server, browser):
    browser.open(f"{server}/simulate?teff=79000&logg=4").expect("is outside")
    assert browser.page.get_by_role("button", name="CSV").count() == 0
    browser.page.get_by_text("White dwarf", exact=True).first.click()
    browser.expect_live_plot("At G = 14.00").settle()
    browser.page.get_by_role("slider", name="G (mag): sets the noise").press("ArrowRight")
    browser.expect_live_plot("At G = 14.05").settle()
    files = []
    for g_mag in ("14.05", "14.10"):
        browser.expect_live_plot(f"At G = {g_mag}").settle()
        with browser.page.expect_download() as download:
            browser.page.get_by_role("button", name="CSV").click()
        files.append(download.value.path().read_text())
        browser.page.get_by_role("slider", name="G (mag): sets the noise").press("ArrowRight")
    assert files[0] != files[1], "after a move it is another star"
    assert browser.failures == []


def test_a_typical_star_sets_the_sliders(server, browser):
    browser.open(f"{server}/simulate").expect("Probability of massive")
    browser.page.get_by_text("White dwarf", exact=True).first.click()
    browser.page.wait_for_url("**family=white_dwarf**")
    assert "logg=8" in browser.settle().page.url
    browser.expect("Probability of massive")
    assert browser.failures == []


def test_parameters_outside_the_models_are_refused_with_the_range(server, browser):
    text = browser.open(f"{server}/simulate?teff=79000&logg=4").expect("is outside").text
    assert "is outside the normal atmospheres" in text
    assert "choose" in text
    assert browser.page.get_by_text("Probability of massive").count() == 0
    assert browser.failures == []


def test_a_new_sample_can_be_browsed(server, browser, data_dir):
    browser.open(f"{server}/simulate?view=New+sample")
    browser.page.get_by_label("Stars").fill("50")
    browser.page.get_by_label("Stars").press("Tab")
    browser.page.get_by_role("button", name="Draw and save").click()
    browser.page.get_by_text("50 stars are saved as training-50-seed-1.parquet").wait_for()
    assert (data_dir / "samples" / "training-50-seed-1.parquet").is_file()
    browser.follow("Browse this sample")
    browser.expect("50 of 50 stars")
    assert browser.failures == []
