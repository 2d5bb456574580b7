"""What a visitor waits for, measured in headless Chromium: `python -m benchmarks.pages`."""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import write_table
from tests.pages.conftest import CHROMIUM_FLAGS, Visitor, running_server

PAGES = {"Overview": "", "Star": "star", "Spectra": "spectra", "Simulate": "simulate"}
LIMITS_S = {"first visit": 10.0, "later visit": 1.5, "slider move": 0.2}
N_VISITS = 5
N_MOVES = 20


def time_first_visits(chromium, data_dir: Path) -> list[dict]:
    """From the first request to a fresh server until the page's heading shows, each page on a server of its own."""
    rows = []
    for title, path in PAGES.items():
        with running_server(data_dir) as address:
            seconds = _time_visit(chromium, f"{address}/{path}")
        rows.append(_row("first visit", title, [seconds]))
    return rows


def time_later_visits(chromium, address: str) -> list[dict]:
    """The same on a server that has shown the page before."""
    return [
        _row("later visit", title, [_time_visit(chromium, f"{address}/{path}") for _ in range(N_VISITS)])
        for title, path in PAGES.items()
    ]


def time_slider_moves(chromium, address: str) -> list[dict]:
    """From a key press on the magnitude slider until the figure of the new magnitude is drawn."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    visitor = Visitor(context.new_page()).open(f"{address}/simulate?g_mag=12").expect_live_plot("At G = 12.00")
    slider = visitor.page.get_by_role("slider", name="G (mag): sets the noise")
    times = []
    for step in range(1, N_MOVES + 1):
        visitor.settle()
        start = time.perf_counter()
        slider.press("ArrowRight")
        visitor.expect_live_plot(f"At G = {12 + 0.05 * step:.2f}")
        times.append(time.perf_counter() - start)
    context.close()
    return [_row("slider move", "Simulate", times)]


def _time_visit(chromium, address: str) -> float:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator("h1").first.wait_for()
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def _row(what: str, page: str, times: list[float]) -> dict:
    return {
        "what": what,
        "page": page,
        "n": len(times),
        "median (s)": statistics.median(times),
        "worst (s)": max(times),
        "aim (s)": LIMITS_S[what],
    }


def main() -> int:
    """Measure and write benchmarks/results/pages.md."""
    program = shutil.which("chromium")
    if program is None:
        print("Chromium is not installed (apt-get install chromium): nothing was measured", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    load = os.getloadavg()[0]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        with running_server(Path(folder)) as address:
            _time_visit(chromium, address)  # draws the embedded sample
            Visitor(chromium.new_page()).open(f"{address}/star")
            rows = time_later_visits(chromium, address) + time_slider_moves(chromium, address)
        rows = time_first_visits(chromium, Path(folder)) + rows
        chromium.close()
    text = f"Headless Chromium on the same machine as the server; load average {load:.1f} at the start."
    write_table("pages", "Waiting times of the pages", [text], rows, packages=("streamlit", "plotly"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
