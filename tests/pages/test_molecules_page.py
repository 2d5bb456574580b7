"""The page Molecules through a browser: the embedded example, its reasons, an own spectrum, the simulator."""

import numpy as np
import pytest

from core.molecules.catalogue import load_catalogue
from core.molecules.example import make_spectrum


@pytest.fixture(scope="module")
def own_spectrum(tmp_path_factory):
    content = [("CH3OH;vt=0", 2e17, 150.0), ("CH3CH2CN;v=0", 1e16, 150.0)]
    spectrum = make_spectrum(load_catalogue(), content, velocity_kms=3.0)
    path = tmp_path_factory.mktemp("own") / "own.dat"
    np.savetxt(path, np.column_stack([spectrum.frequency_mhz, spectrum.value_k]), fmt="%.6f")
    return path


def test_the_example_says_what_it_is_and_what_was_found(server, browser):
    browser.open(f"{server}/molecules").expect("simulated", "Complex organic", "Decoys detected")
    browser.expect_figure("Spectrum and model").settle()
    browser.page.get_by_role("tab", name="Species", exact=True).click()
    browser.expect("upper limit", "All findings as CSV")
    with browser.page.expect_download() as download:
        browser.page.get_by_role("button", name="All findings as CSV").click()
    assert "CH3OH" in download.value.path().read_text()
    browser.page.get_by_role("tab", name="Why", exact=True).click()
    browser.expect("With all matched lines deleted").expect_figure("Deletion test").settle()


def test_an_own_spectrum_is_judged_and_a_bad_one_is_named(server, browser, own_spectrum, tmp_path):
    browser.open(f"{server}/molecules").expect("Decoys detected").settle()
    browser.page.get_by_text("Your own spectrum", exact=True).click()
    browser.expect("Open the windows of a spectrum")
    broken = tmp_path / "broken.dat"
    broken.write_text("this is no spectrum\n")
    browser.page.locator("input[type=file]").set_input_files(str(broken))
    browser.expect("broken.dat: 0 rows of two numbers")
    browser.open(f"{server}/molecules").expect("Decoys detected").settle()
    browser.page.get_by_text("Your own spectrum", exact=True).click()
    browser.page.locator("input[type=file]").set_input_files(str(own_spectrum))
    browser.expect("notes on this spectrum", "Blue and marks: CH₃CH₂CN").expect_figure("Spectrum and model").settle()


def test_the_simulator_answers_its_sliders(server, browser):
    browser.open(f"{server}/molecules").expect("Decoys detected").settle()
    browser.page.get_by_text("Simulator", exact=True).click()
    browser.expect("Species in the gas", "Decoys detected").expect_figure("Spectrum and model").settle()
