"""The page Explain through a browser: one star at once, a sample as a job, kept results in every view."""

import json

import numpy as np
import pytest

from core.explanation.checks import RemovalCurves
from core.explanation.explanation import Explanation
from core.explanation.job import CHECKS_SUFFIX, Sample, sample_path
from core.explanation.store import store_explanation
from core.settings import current_settings
from tests.pages.test_star_page import embedded_star
from tests.verdict.tiny_runs import black_bodies

RUN = "reference_runs/wide"
PLACE = f"explain?run={RUN}"


@pytest.fixture(scope="module", autouse=True)
def kept(data_dir):
    """An explained sample with its checks, one of them failed, where the server looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_DATA_DIR", str(data_dir))
        folder = current_settings().reference_runs_dir / "wide"
        sample = Sample(100, 100)
        store_explanation(explanation(), sample_path(folder, sample))
        share = np.linspace(0, 1, 33)
        curves = RemovalCurves(share, 1 - 2 * share, 2 * share, 1 - share, share)
        checks = [
            {"check": "additivity", "title": "The parts add up", "passed": True, "text": "they do"},
            {"check": "stability", "title": "Noise leaves it alone", "passed": False, "text": "it does not"},
        ]
        document = json.dumps({"checks": checks, "curves": curves.to_dict()})
        sample_path(folder, sample, CHECKS_SUFFIX).write_text(document)


def explanation(n_stars: int = 20) -> Explanation:
    """Of black bodies: hot ones are massive, and one of them is missed."""
    flux = black_bodies(n_stars)
    rng = np.random.default_rng(0)
    shap = rng.normal(0, 0.02, (n_stars, 343))
    label = np.where(np.arange(n_stars) >= n_stars // 2, "massive", "low-mass").astype(object)
    probability = np.where(label == "massive", 0.9, 0.1)
    probability[-1] = 0.2
    return Explanation(
        run=RUN,
        model="wide",
        title="Wide ANN",
        space="l2",
        source_id=np.arange(1, n_stars + 1),
        label=label,
        flux=flux,
        spectrum=flux / np.linalg.norm(flux, axis=1, keepdims=True),
        shap=shap,
        shap_context=None,
        shap_std=None,
        logit=shap.sum(axis=1) + 0.5,
        probability=probability,
        base_value=0.5,
        background_spread=1.0,
        explainer="shap.DeepExplainer",
        background="100 stars among the training stars",
        note=np.full(n_stars, "", dtype=object),
    )


def test_one_click_leads_from_the_verdict_to_its_reasons(server, browser, data_dir):
    browser.open(server).expect("A massive star")  # the first visit draws the embedded sample
    source_id = str(embedded_star(data_dir)["source_id"])
    browser.open(f"{server}/star?source_id={source_id}&run={RUN}").expect("Verdict:", "Why this verdict?").settle()
    browser.follow("Why this verdict?").expect(f"SIM {source_id}")
    reasons = browser.page.locator("[data-testid=stMain]").get_by_text("For massive:").first
    reasons.wait_for(timeout=280_000)  # TensorFlow and shap have to be loaded
    browser.expect("additivity error")
    browser.expect_figure("Wide ANN: logit").expect_figure("Contributions by place").settle()
    assert f"source_id={source_id}" in browser.page.url
    assert "model=wide" in browser.page.url
    with browser.page.expect_download() as download:
        browser.page.get_by_role("button", name="SVG").first.click()
    assert download.value.suggested_filename == f"explained_{source_id}.svg"
    assert browser.failures == []
    assert browser.foreign_requests == []


@pytest.mark.parametrize(
    ("view", "figure", "shown"),
    [
        ("Classes", "mean size of the contributions", "Most important bands"),
        ("All+stars", "contributions to 20 stars", "most probable massive stars on top"),
        ("Networks", "Where each network looks", "Not explained yet"),
        ("Right+and+wrong", "Right against wrong", "1 of 20 stars are wrongly classified"),
        ("Checks", "Deletion: bands replaced", "Noise leaves it alone (failed)"),
    ],
)
def test_every_view_shows_a_kept_sample(server, browser, view, figure, shown):
    browser.open(f"{server}/{PLACE}&view={view}").expect_figure(figure).expect(shown).settle()
    assert browser.failures == []


def test_a_sample_is_explained_in_the_background(server, browser):
    browser.open(f"{server}/{PLACE}&view=All+stars&explained=40").expect("has not explained these 40 stars")
    browser.page.get_by_role("button", name="Explain 40 stars").click()
    browser.page.locator(".js-plotly-plot .gtitle", has_text="contributions to 40 stars").wait_for(timeout=280_000)
    browser.settle()
    assert browser.failures == []


def test_nonsense_in_the_address_is_ignored(server, browser):
    browser.open(f"{server}/explain?run=nothing&model=resnet&view=One+star&member=x").expect("Type a source id")
    assert browser.failures == []
