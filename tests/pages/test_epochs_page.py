"""The page Epochs through a browser: simulated transits, labelled so, with a verdict for each."""


def test_simulated_transits_are_shown_labelled_and_judged(server, browser):
    browser.open(f"{server}/epochs?stars=sim:Be&transits=12").expect("Simulated transits, not real ones")
    browser.expect("12 transits").expect("transits are called massive")
    assert browser.failures == []
