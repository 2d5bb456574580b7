"""A real Streamlit server and a headless Chromium that visits it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.settings import PROJECT_ROOT, current_settings

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_TIMEOUT_S = 180
PAGE_TIMEOUT_MS = 180_000
NO_ARCHIVES = {
    "GAIA_TAP_URL": "http://127.0.0.1:9/tap-server/tap",
    "GAIA_DATA_URL": "http://127.0.0.1:9/data-server/data",
    "SIMBAD_URL": "http://127.0.0.1:9/simbad/sim-tap",
    "VIZIER_URL": "http://127.0.0.1:9",
}
"""Nobody listens on the discard port: what a machine without a network sees."""


def pytest_collection_modifyitems(items):
    """Every test that asks for the browser is a browser test; one that fails has failed and is not tried again."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory) -> Path:
    """Local data of the servers; shared, so that the embedded sample is drawn once."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture
def offline(data_dir, monkeypatch):
    """For pages that run in this process: the servers' data folder, and no archive in reach."""
    for name, value in {**NO_ARCHIVES, "EXPLORER_DATA_DIR": str(data_dir), "ARCHIVE_TIMEOUT_S": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ARCHIVE_RETRY_DELAY_S", "0")


@contextmanager
def running_server(data_dir: Path, archives: dict[str, str] = NO_ARCHIVES) -> Iterator[str]:
    """A fresh Streamlit process, without an archive in reach unless `archives` says where; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **archives, "EXPLORER_DATA_DIR": str(data_dir), "ARCHIVE_TIMEOUT_S": "2"}
    environment["EXPLORER_RUNNER_IDLE_S"] = "5"  # no runner of jobs outlives the tests for long
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    with (data_dir / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_healthy(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"no healthy server at {address} after {START_TIMEOUT_S} s")


@pytest.fixture
def cold_server(data_dir) -> Iterator[str]:
    """A server that nobody has visited yet."""
    with running_server(data_dir) as address:
        yield address


@pytest.fixture(scope="session")
def server(data_dir) -> Iterator[str]:
    """A server that the tests of this session share."""
    with running_server(data_dir) as address:
        yield address


@pytest.fixture(scope="session")
def playwright():
    """What drives the browsers, with the program to drive; or a skip where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        how = {"executable_path": program, "args": CHROMIUM_FLAGS}
        yield SimpleNamespace(
            launch=partial(driver.chromium.launch, **how),
            launch_profile=partial(driver.chromium.launch_persistent_context, **how),
        )


@pytest.fixture(scope="session")
def chromium(playwright):
    """A browser process whose contexts know nothing of each other."""
    browser = playwright.launch()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def profile(playwright, tmp_path_factory):
    """One browser profile for all tests: Streamlit's scripts are fetched and compiled once, not at every page."""
    context = playwright.launch_profile(tmp_path_factory.mktemp("profile"), reduced_motion="reduce")
    yield context
    context.close()


class Visitor:
    """A browser page with the waiting that a Streamlit app needs; records requests that leave the machine."""

    def __init__(self, page):
        self.page = page
        self.foreign_requests: list[str] = []
        page.set_default_timeout(PAGE_TIMEOUT_MS)
        page.on("request", self._note_request)

    def _note_request(self, request) -> None:
        if request.url.startswith("http") and "://127.0.0.1" not in request.url:
            self.foreign_requests.append(request.url)

    def open(self, address: str) -> "Visitor":
        """Visit an address and wait for its page."""
        self.page.goto(address)
        self.page.locator("h1").first.wait_for()
        self.page.locator("[data-testid=stSidebar]").wait_for(state="attached")
        return self.settle()

    def settle(self) -> "Visitor":
        """Wait until no script runs, and stays so for a moment (a first run may start a second one)."""
        for pause_ms in (150, 250, 0):
            self.page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
            self.page.wait_for_timeout(pause_ms)
        return self

    def expect(self, *texts: str) -> "Visitor":
        """Wait until each text is to be read somewhere in the page's main part."""
        for text in texts:
            self.page.locator("[data-testid=stMain]").get_by_text(text).first.wait_for()
        return self

    def expect_figure(self, title: str) -> "Visitor":
        """Wait until a figure of this title is drawn."""
        self.page.locator(".js-plotly-plot .gtitle", has_text=title).first.wait_for()
        return self

    def expect_live_plot(self, title: str) -> "Visitor":
        """Wait until a live plot of this title is drawn."""
        self.page.locator(f'.frame[data-drawn="{title}"] canvas').first.wait_for()
        return self

    def follow(self, link: str) -> "Visitor":
        """Click a link of the menu or the page by its name."""
        self.page.get_by_role("link", name=link, exact=True).first.click()
        self.page.wait_for_timeout(300)
        return self.settle()

    def look_up(self, query: str) -> "Visitor":
        """Type into the look-up field of the page Star."""
        field = self.page.get_by_role("searchbox")
        field.fill(query)
        field.press("Enter")
        return self

    @property
    def text(self) -> str:
        """Everything that is readable in the page's main part."""
        return self.page.locator("[data-testid=stMain]").inner_text()

    @property
    def failures(self) -> list[str]:
        """Texts of uncaught exceptions on the page."""
        return self.page.locator("[data-testid=stException]").all_inner_texts()


@pytest.fixture
def browser(profile) -> Iterator[Visitor]:
    """A visitor with a session of their own (Streamlit's sessions are the windows'); leaves no window and no cookie."""
    page = profile.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    yield Visitor(page)
    for window in profile.pages[1:]:  # the first is the browser's own, without which it would end
        window.close()
    profile.clear_cookies()


@pytest.fixture(scope="session")
def archive_replies() -> Path:
    """Recorded replies of the Gaia archive, or a skip where there are none."""
    folder = current_settings().real_data_dir / "archive_replies"
    if not folder.is_dir():
        pytest.skip(f"no recorded archive replies in {folder}")
    return folder
