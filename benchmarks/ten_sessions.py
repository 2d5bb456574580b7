"""Ten visitors at once on one server: errors, waiting times, memory.

python -m benchmarks.ten_sessions [--minutes 10] [--sessions 10] [--seed 1]
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from playwright.async_api import BrowserContext, Page, async_playwright
from playwright.async_api import Error as BrowserError

from benchmarks.browser import chromium_program, headless_chromium
from benchmarks.page_choices import PAGES, Choice, VisitedPage, example_star, with_star
from benchmarks.report import write_table
from tests.pages.conftest import CHROMIUM_FLAGS, running_server

SAMPLE_S = 15.0
PATIENCE_MS = 120_000
LONGEST_LOOK_S = 4.0
MOST_CHOICES = 3
BY_ADDRESS = 0.1
"""Share of the visits that load the app anew; the others follow the menu. Pages about a star are always loaded."""
MIB = 2**20
_IDLE = "[data-test-script-state=notRunning]"


@dataclass
class Notes:
    """What all visitors have seen.

    Attributes
    ----------
    waits_s : dict of page title to list of float
        Seconds from the click or the request to the page's first content.
    n_choices : int
    faults : list of str
        Exceptions shown on a page, errors of the browser's console, pages that never came.
    memory_mib : list of (float, float, float)
        Minutes since the start, and resident memory of the server and of its child processes.
    """

    waits_s: dict[str, list[float]] = field(default_factory=dict)
    n_choices: int = 0
    faults: list[str] = field(default_factory=list)
    memory_mib: list[tuple[float, float, float]] = field(default_factory=list)


class Session:
    """One visitor: pages in random order, by the menu or by address, and some choices on each."""

    def __init__(self, context: BrowserContext, address: str, pages: list[VisitedPage], seed: int, notes: Notes):
        self._context, self._address, self._pages, self._notes = context, address, pages, notes
        self._rng = random.Random(seed)
        self._page: Page | None = None

    async def stay(self, until: float) -> None:
        """Visit pages until the monotonic clock says `until`."""
        while time.monotonic() < until:
            visited = self._rng.choice(self._pages)
            try:
                await self._visit(visited)
                for number in range(self._rng.randint(1, MOST_CHOICES)):
                    await self._choose(visited.choice, number)
                await self._look_for_faults(visited.title)
                await asyncio.sleep(self._rng.uniform(0.5, LONGEST_LOOK_S))
            except BrowserError as error:
                self._notes.faults.append(f"{visited.title}: {' '.join(str(error).split())[:300]}")

    async def _visit(self, visited: VisitedPage) -> None:
        by_address = self._page is None or self._rng.random() < BY_ADDRESS or "source_id" in visited.path
        page = self._page or await self._open_window()
        main = page.locator("[data-testid=stMain]")
        start = time.monotonic()
        if by_address:
            await page.goto(f"{self._address}/{visited.path}", wait_until="commit")
        else:
            menu = page.locator("[data-testid=stSidebar]")
            await menu.get_by_role("link", name=visited.title, exact=True).first.click()
        await main.locator("h1", has_text=visited.title).first.wait_for()
        self._notes.waits_s.setdefault(visited.title, []).append(time.monotonic() - start)
        await self._settle(page)

    async def _open_window(self) -> Page:
        page = await self._context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self._notes.faults.append(f"script of a page: {error}"))
        page.on("console", self._hear)
        self._page = page
        return page

    def _hear(self, message) -> None:
        source = message.location.get("url", "")
        if message.type == "error" and not _is_probe(source):
            self._notes.faults.append(f"console: {message.text[:300]} ({source})")

    async def _choose(self, choice: Choice, number: int) -> None:
        page = self._page
        assert page is not None
        control = page.get_by_role("slider" if choice.kind == "slider" else "combobox", name=choice.name).first
        if choice.kind == "key":
            await page.keyboard.press(choice.name)
        elif not await control.count():
            return  # it stands in another tab than the one that this visitor has open
        elif choice.kind == "slider":
            await control.press(self._rng.choice(("ArrowRight", "ArrowLeft")))
        else:
            await control.click()
            await page.get_by_role("option").nth(1 - number % 2).click()
        self._notes.n_choices += 1
        await self._settle(page)

    async def _settle(self, page: Page) -> None:
        for pause_ms in (150, 250, 0):
            await page.locator(_IDLE).wait_for(state="attached")
            await page.wait_for_timeout(pause_ms)

    async def _look_for_faults(self, title: str) -> None:
        assert self._page is not None
        shown = await self._page.locator("[data-testid=stException]").all_inner_texts()
        self._notes.faults += [f"{title}: {' '.join(text.split())[:300]}" for text in shown]


def _is_probe(url: str) -> bool:
    """Whether a browser asks a page for what stands beside it: Streamlit finds the server's own address that way."""
    path = urlsplit(url).path
    return "/_stcore/" in path and not path.startswith("/_stcore/")


def memory_reader(port: str) -> Callable[[], tuple[float, float]]:
    """A function that says how much memory the server at `port` and its child processes hold, in MiB."""
    server = next(item for item in psutil.Process().children() if port in item.cmdline())

    def read() -> tuple[float, float]:
        of_children = 0
        for process in server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
                of_children += process.memory_info().rss
        return server.memory_info().rss / MIB, of_children / MIB

    return read


async def watch_memory(notes: Notes, read: Callable[[], tuple[float, float]], start: float, until: float) -> None:
    """Note the memory every 15 s."""
    while time.monotonic() < until:
        notes.memory_mib.append(((time.monotonic() - start) / 60, *read()))
        await asyncio.sleep(SAMPLE_S)


async def stay_together(address: str, options: argparse.Namespace, program: str, pages: list[VisitedPage]) -> Notes:
    """All sessions at once in one browser."""
    notes = Notes()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        sessions = []
        for number in range(options.sessions):
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            sessions.append(Session(context, address, pages, 1000 * options.seed + number, notes))
        start = time.monotonic()
        until = start + 60 * options.minutes
        reader = memory_reader(address.rpartition(":")[2])
        await asyncio.gather(watch_memory(notes, reader, start, until), *(session.stay(until) for session in sessions))
        notes.memory_mib.append(((time.monotonic() - start) / 60, *reader()))
        await browser.close()
    return notes


def wait_rows(notes: Notes) -> list[dict]:
    """Visits and waiting times by page, all pages last."""
    every = [seconds for times in notes.waits_s.values() for seconds in times]
    named = {page.title: notes.waits_s[page.title] for page in PAGES if page.title in notes.waits_s}
    return [
        {"page": title, "visits": len(times), "median (s)": statistics.median(times), "worst (s)": max(times)}
        for title, times in {**named, "all": every}.items()
    ]


def memory_rows(notes: Notes) -> list[dict]:
    """Most memory in each minute."""
    minutes: dict[int, list[tuple[float, float]]] = {}
    for minute, server, children in notes.memory_mib:
        minutes.setdefault(int(minute) + 1, []).append((server, children))
    return [
        {
            "minute": minute,
            "server (MiB)": f"{max(server for server, _ in held):.0f}",
            "its children (MiB)": f"{max(children for _, children in held):.0f}",
        }
        for minute, held in minutes.items()
    ]


def main() -> int:
    """Measure and write benchmarks/results/ten_sessions.md; status 1 when something went wrong on a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = chromium_program()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as address:
        with headless_chromium() as chromium:
            pages = with_star(PAGES, example_star(chromium, address))
        notes = asyncio.run(stay_together(address, options, program, pages))
        logs = [path.read_text(errors="replace") for path in Path(folder).glob("server-*.log")]
    notes.faults += [f"server: {log.count('Traceback')} tracebacks in its log" for log in logs if "Traceback" in log]
    text = (
        f"{options.sessions} browser sessions for {options.minutes:g} minutes on one server, seed {options.seed}: "
        "pages in random order by the menu or by address, one to three choices on each (a slider or a select box), "
        f"then up to {LONGEST_LOOK_S:g} s of looking. Server, browser and this script share the machine; load average "
        f"{load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end. {notes.n_choices} choices; exceptions on a "
        f"page, errors of the browser's console and tracebacks of the server: {len(notes.faults)}. Seconds are from "
        "the click or the request to the page's heading."
    )
    packages = ("streamlit", "plotly")
    write_table("ten_sessions", "Ten sessions at once", [text], wait_rows(notes), packages=packages)
    text = "Resident memory, the most of each minute (every 15 s). A child process explains stars with TensorFlow."
    write_table("ten_sessions", "Memory of the server", [text], memory_rows(notes), append=True)
    print(*notes.faults, sep="\n", file=sys.stderr)
    return 1 if notes.faults else 0


if __name__ == "__main__":
    sys.exit(main())
