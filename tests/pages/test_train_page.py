"""The page Train through a browser: from a click to a finished run, with a reload on the way; a second window."""

import re

import pytest

from core.runs.run import read_run
from core.simulation.draw import simulate

PATIENCE_MS = 480_000
pytestmark = pytest.mark.timeout(900)
STATE = re.compile(r"waiting for its turn|\d of \d tasks")


@pytest.fixture(scope="module")
def sample(data_dir) -> str:
    """Name of a small labelled sample in the server's data folder."""
    path = data_dir / "samples" / "training-300-seed-7.parquet"
    if not path.exists():
        simulate("training", 300, 7, path)
    return path.name


def test_from_a_click_to_a_finished_run(server, browser, data_dir, sample):
    browser.open(f"{server}/train?data={sample}&preset=quick&model=deep&folds_quick=2&epochs_quick=2")
    browser.expect("Device", "Expected time")
    browser.page.get_by_role("button", name="Start", exact=True).click()
    browser.page.wait_for_url("**job=*")
    browser.expect(STATE)
    browser.page.reload()
    browser.expect(STATE)
    other = browser.page.context.new_page()
    other.goto(f"{server}/train?view=Jobs")
    for window in (browser.page, other):
        main = window.locator("[data-testid=stMain]")
        main.get_by_text(re.compile(r"finished$")).first.wait_for(timeout=PATIENCE_MS)
        main.get_by_text("2 of 2 tasks").wait_for()
        main.get_by_role("link", name="Star: Deep ANN").wait_for()
    browser.expect_figure("Deep ANN: loss").expect_figure("Deep ANN: accuracy")
    assert browser.failures == []
    (run_file,) = (data_dir / "runs").glob("*/deep/run.json")
    run = read_run(run_file.parent)
    assert (run.state, run.folds_done, run.epochs) == ("finished", [0, 1], 2)
    assert run.data.path == sample


def test_a_job_can_be_cancelled_and_goes_on(server, browser, sample):
    browser.open(
        f"{server}/train?data={sample}&preset=study&model=wide&folds_study=2&epochs_study=500&patience_study=500"
    )
    browser.page.get_by_role("button", name="Start", exact=True).click()
    browser.expect(STATE)
    browser.page.get_by_role("button", name="Cancel").click()
    browser.page.get_by_text(re.compile(r"cancelled$")).first.wait_for(timeout=PATIENCE_MS)
    browser.page.get_by_role("button", name="Resume").click()
    browser.page.get_by_role("button", name="Cancel").click()
    browser.page.get_by_text(re.compile(r"cancelled$")).first.wait_for(timeout=PATIENCE_MS)
    browser.page.get_by_role("button", name="Forget").click()
    browser.settle()
    assert browser.failures == []


def test_nothing_ticked_is_said_and_representations_wait_for_runs(server, browser, sample):
    browser.open(f"{server}/train?data={sample}&model=").expect("Tick at least one network")
    browser.open(f"{server}/train?view=Representations&ranked=fcn").expect("No finished runs of Fully convolutional")
    assert browser.failures == []
