"""The page Evaluate through a browser: sliders, marks, wrong verdicts, and every view of the shipped ensemble."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.verdict.tiny_runs import black_bodies

THRESHOLDS = "evaluate?view=Threshold+and+prevalence"


@pytest.fixture(scope="module", autouse=True)
def mixture(data_dir):
    """A saved sample of 40 labelled black bodies; written before a server lists the samples."""
    stars = pd.DataFrame(
        {
            "source_id": np.arange(1, 41),
            "label": ["low-mass"] * 30 + ["massive"] * 10,
            "phot_g_mean_mag": 12.0,
            "bp_rp": 0.5,
            "flux": list(black_bodies(40)),
        }
    )
    (data_dir / "samples").mkdir(exist_ok=True)
    stars.to_parquet(data_dir / "samples" / "mixture.parquet", index=False)


def test_the_sliders_turn_a_test_set_into_a_purity(server, browser):
    browser.open(f"{server}/{THRESHOLDS}&run=default_run&prevalence=0.001").expect(
        "Expected purity at 0.1", "Found (TP)"
    )
    browser.expect("of the candidates are massive")
    browser.page.get_by_role("slider", name="Threshold on the probability").press("ArrowRight")
    browser.page.wait_for_url("**threshold=0.55**")
    browser.page.get_by_text("Galactic plane: 0.3").first.click()
    browser.expect("Expected purity at 0.3").settle()
    assert "prevalence=0.003" in browser.page.url
    assert browser.failures == []


def test_both_ends_of_the_threshold_are_defined(server, browser):
    text = browser.open(f"{server}/{THRESHOLDS}&run=default_run&threshold=0&prevalence=0.5").expect("Found (TP)").text
    assert "Expected purity" in text
    browser.open(f"{server}/{THRESHOLDS}&run=default_run&threshold=1&prevalence=1e-5").expect("Found (TP)")
    assert not re.search(r"\bnan\b", browser.text.lower())
    assert browser.failures == []


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("Curves", "Precision holds for this set"),
        ("Wrong+verdicts", "wrong verdicts"),
        ("Kinds+of+stars", "hot subdwarf"),
        ("Calibration", "Every probability in this program is Platt's"),
        ("Contaminants", "Threshold on the probability"),
        ("Your+sample", "Choose a sample"),
    ],
)
def test_every_view_opens_by_its_address(server, browser, view, shown):
    browser.open(f"{server}/evaluate?run=default_run&view={view}").expect(shown).settle()
    assert browser.failures == []


def test_nonsense_in_the_address_is_ignored(server, browser):
    address = f"{server}/{THRESHOLDS}&run=nothing&part=fold-99&threshold=many&prevalence=nan"
    browser.open(address).expect("Expected completeness")
    assert browser.failures == []


def test_the_prevalence_of_a_sample_is_estimated_beside_its_labels(server, browser):
    address = f"{server}/evaluate?run=default_run&view=Your+sample&sample=mixture.parquet"
    browser.open(address).expect("Estimated prevalence").expect("By its labels, 25").settle()
    assert "From 40 classified stars" in browser.text
    assert browser.failures == []
