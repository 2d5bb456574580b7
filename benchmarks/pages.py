"""What a visitor waits for on every page, measured in headless Chromium: `python -m benchmarks.pages`."""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import TimeoutError

from benchmarks.browser import headless_chromium
from benchmarks.page_choices import FORGET, HAS_RUN, PAGES, SECONDS, WATCH, VisitedPage, example_star, with_star
from benchmarks.report import write_table
from tests.pages.conftest import Visitor, running_server

AIMS_S = {
    "from the command": 10.0, "first visit": None, "later visit": 1.5, "result": None, "rerun": 0.3, "slider": 0.2,
}  # fmt: skip
TOUR = "Look up a star or open a file"
"""A link of Overview's tour: with it the page is of use."""
N_STARTS, N_VISITS, N_RERUNS, N_MOVES = 3, 5, 10, 20
MOST_ATTEMPTS, NOT_SEEN_MS = 20, 4_000
WINDOW = {"width": 1280, "height": 900}


def time_starts(chromium, data_dir: Path) -> list[dict]:
    """From the start of the server's process until Overview's tour shows: on an empty data folder, then on a used one.

    The first start of all draws the embedded sample.
    """
    rows = []
    for what, n in (("first start of all", 1), ("later starts", N_STARTS)):
        times = []
        for _ in range(n):
            start = time.perf_counter()
            with running_server(data_dir) as address:
                _time_visit(chromium, address, TOUR)
                times.append(time.perf_counter() - start)
                if n == 1:  # the sample is drawn to its end before the server goes
                    Visitor(chromium.new_page()).open(address).expect("A massive star").page.close()
        rows.append(_row("from the command", f"Overview, {what}", times))
    return rows


def time_first_visits(chromium, data_dir: Path, pages: list[VisitedPage]) -> list[dict]:
    """From the first request to a fresh server until the page is of use, each page on a server of its own."""
    rows = []
    for page in pages:
        with running_server(data_dir) as address:
            seconds = _time_visit(chromium, f"{address}/{page.path}", page.shown)
        rows.append(_row("first visit", page.title, [seconds]))
    return rows


def time_later_visits(chromium, address: str, pages: list[VisitedPage]) -> list[dict]:
    """On a server that has shown the page before: until its heading, and until it is of use."""
    rows = []
    for page in pages:
        _time_visit(chromium, f"{address}/{page.path}", page.shown)
        for what, text in (("later visit", None), ("result", page.shown)):
            times = [_time_visit(chromium, f"{address}/{page.path}", text) for _ in range(N_VISITS)]
            rows.append(_row(what, page.title, times))
    return rows


def time_reruns(chromium, address: str, pages: list[VisitedPage]) -> list[dict]:
    """From the key or click that changes a simple choice until the server is idle again; the first two do not count."""
    rows = []
    for page in pages:
        context = chromium.new_context(viewport=WINDOW)
        visitor = Visitor(context.new_page()).open(f"{address}/{page.path}").expect(page.shown).settle()
        visitor.page.evaluate(WATCH)
        times = [_time_rerun(visitor, page, number) for number in range(2 + N_RERUNS)]
        rows.append(_row("rerun", f"{page.title}, {page.choice}", times[2:]))
        context.close()
    return rows


def time_slider_moves(chromium, address: str) -> list[dict]:
    """From a key press on the magnitude slider until the figure of the new magnitude is drawn."""
    context = chromium.new_context(viewport=WINDOW)
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
    return [_row("slider", "Simulate, until the figure is drawn", times)]


def _time_visit(chromium, address: str, text: str | None) -> float:
    """Seconds from the request until the heading, or `text`, shows; with a browser cache of its own."""
    context = chromium.new_context(viewport=WINDOW)
    page = context.new_page()
    page.set_default_timeout(180_000)
    main = page.locator("[data-testid=stMain]")
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    (main.locator("h1") if text is None else main.get_by_text(text)).first.wait_for()
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def _time_rerun(visitor: Visitor, page: VisitedPage, number: int) -> float:
    """Seconds of one rerun; one that is over before the page says that it has begun does not count and is repeated."""
    for attempt in range(MOST_ATTEMPTS):
        _choose(visitor, page, number + attempt)
        try:
            visitor.page.wait_for_function(HAS_RUN, timeout=NOT_SEEN_MS)
        except TimeoutError:
            continue
        return visitor.settle().page.evaluate(SECONDS)
    raise RuntimeError(f"{page.title}: no rerun was seen in {MOST_ATTEMPTS} attempts")


def _choose(visitor: Visitor, page: VisitedPage, number: int) -> None:
    visitor.settle().page.evaluate(FORGET)
    choice = page.choice
    if choice.kind == "key":
        visitor.page.keyboard.press(choice.name)
    elif choice.kind == "slider":
        visitor.page.get_by_role("slider", name=choice.name).first.press(("ArrowRight", "ArrowLeft")[number % 2])
    else:
        visitor.page.get_by_role("combobox", name=choice.name).first.click()
        visitor.page.get_by_role("option").nth(1 - number % 2).click()


def _row(what: str, page: str, times: list[float]) -> dict:
    return {
        "what": what,
        "page": page,
        "n": len(times),
        "median (s)": statistics.median(times),
        "worst (s)": max(times),
        "aim (s)": AIMS_S[what],
    }


def main_of_reruns(load: float) -> int:
    """Measure the reruns alone and add their table to benchmarks/results/pages.md."""
    with (
        headless_chromium() as chromium,
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as address,
    ):
        rows = time_reruns(chromium, address, with_star(PAGES, example_star(chromium, address)))
    text = (
        f"`python -m benchmarks.pages --reruns`; load average {load:.1f} at the start. Counted as above; reruns that "
        "are over before the page says that they have begun are repeated, not counted."
    )
    write_table("pages", "Reruns, measured again", [text], rows, packages=("streamlit", "plotly"), append=True)
    return 0


def main() -> int:
    """Measure and write benchmarks/results/pages.md."""
    load = os.getloadavg()[0]
    if "--reruns" in sys.argv:
        return main_of_reruns(load)
    with headless_chromium() as chromium, tempfile.TemporaryDirectory() as folder:
        rows = time_starts(chromium, Path(folder))
        rows += time_first_visits(chromium, Path(folder), list(PAGES))
        with running_server(Path(folder)) as address:
            pages = with_star(PAGES, example_star(chromium, address))
            rows += time_later_visits(chromium, address, pages)
            rows += time_reruns(chromium, address, pages)
            rows += time_slider_moves(chromium, address)
    text = (
        f"Headless Chromium on the same machine as the server; load average {load:.1f} at the start. From the command: "
        "until the links of Overview's tour show. First visit: from the request to a fresh server until the page is of "
        "use, each page on a server of its own. Later visit: until the heading shows, on a server that has shown the "
        "page before, with an empty browser cache; result: until the page is of use; Star and Explain with a star. "
        "Rerun: from the key or click that changes a simple choice until the server is idle; Overview has none and "
        "runs again as a whole. A rerun that is over before the page says that it has begun is not counted."
    )
    write_table("pages", "Waiting times of the pages", [text], rows, packages=("streamlit", "plotly"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
