"""The page Compare through a browser: ten networks on the same stars, pairwise comparison, nothing to compare."""

import pytest

from models.registry import MODELS
from tests.evaluation.stored_runs import drawn_stars, write_baselines, write_stored_run
from tests.pages.conftest import running_server


@pytest.fixture(scope="module")
def shipped_dir(tmp_path_factory):
    """Reference runs of all ten networks with made-up predictions, as in `data/`."""
    root = tmp_path_factory.mktemp("shipped")
    train, test = drawn_stars(300, 200)
    for number, spec in enumerate(MODELS):
        folder = root / "reference_runs" / spec.key
        write_stored_run(
            folder, train, test, model=spec.key, title=spec.title, separation=1.5 + 0.3 * number, seed=number
        )
    write_baselines(root / "reference_runs" / "cnn")
    return root


@pytest.fixture(scope="module")
def compared(shipped_dir, tmp_path_factory):
    """A server whose only runs are those ten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_SHIPPED_DIR", str(shipped_dir))
        with running_server(tmp_path_factory.mktemp("no-local-runs")) as address:
            yield address


def test_ten_networks_stand_in_one_table_with_downloads(compared, browser, tmp_path):
    browser.open(f"{compared}/compare").expect("10 networks on the same 300 training and 200 held-out stars")
    browser.expect("trained on an earlier set of 14,101 spectra")
    browser.page.locator("[data-testid=stDataFrame]").first.wait_for()
    with browser.page.expect_download() as download:
        browser.page.get_by_role("button", name="LaTeX").click()
    download.value.save_as(tmp_path / "table.tex")
    text = (tmp_path / "table.tex").read_text()
    for spec in MODELS:
        assert spec.title in text
    assert "Boosted trees" in text
    assert browser.failures == []


def test_the_matrix_names_a_winner_and_changes_with_the_test(compared, browser):
    browser.open(f"{compared}/compare?view=Who+beats+whom").expect("beyond chance").expect_figure("Row minus column")
    browser.page.get_by_role("combobox", name="Test").click()
    browser.page.get_by_role("option", name="McNemar").click()
    browser.expect("Exact test of the stars that only one of the two classifies rightly").settle()
    assert "test=test" in browser.page.url
    assert browser.failures == []


def test_learning_curves_and_cost_are_drawn(compared, browser):
    browser.open(f"{compared}/compare?view=Learning+curves&quantity=accuracy").expect_figure("Accuracy of the folds")
    browser.page.get_by_role("tab", name="Size and speed").click()
    browser.expect_figure("Accuracy against size").expect_figure("Accuracy against speed")
    assert browser.failures == []


def test_without_a_run_the_page_says_what_to_do(tmp_path, tmp_path_factory, browser, monkeypatch):
    monkeypatch.setenv("EXPLORER_SHIPPED_DIR", str(tmp_path))
    with running_server(tmp_path_factory.mktemp("nothing")) as address:
        browser.open(f"{address}/compare").expect("no finished run to compare yet")
        browser.open(f"{address}/evaluate").expect("no finished run to evaluate yet")
        assert browser.failures == []
