"""The section *Parameters by physics* of the page Star, through a browser."""

import pytest

from tests.pages.test_star_page import embedded_star

pytestmark = pytest.mark.browser


def test_a_star_is_fitted_by_physics_on_demand(server, browser, data_dir):
    browser.open(server).expect("A massive star")
    source_id = str(embedded_star(data_dir)["source_id"])
    browser.open(f"{server}/star?source_id={source_id}&about=Physics").expect("Parameters by physics").settle()
    browser.page.get_by_role("button", name="Fit model atmospheres to this spectrum").click()
    # The first fit of a server builds libraries of models: a minute on a busy machine.
    browser.page.get_by_text("Massive, by physics alone").first.wait_for(timeout=240_000)
    browser.expect("Massive, by physics alone", "Chi-square per value")
    browser.expect_figure("Best fit by physics").expect_figure("Posterior of the parameters")
    browser.expect_figure("Among the tracks")
    assert browser.failures == []
