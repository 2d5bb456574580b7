"""Photographs of all pages at two widths, light and dark: `python -m benchmarks.screenshots OUT_DIR [PAGE ...]`."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.pages.conftest import CHROMIUM_FLAGS, Visitor, running_server
from ui.shell import MENU

WIDTHS = {"1280": (1280, 900), "390": (390, 844)}
THEMES = ("light", "dark")
ABOUT_A_STAR = ("Star", "Explain")
"""Pages that are photographed with the massive star that Overview offers."""


def example_query(chromium, address: str) -> str:
    """The query of Overview's link to a massive star."""
    visitor = Visitor(chromium.new_page()).open(address).expect("A massive star")
    href = visitor.page.get_by_role("link", name="A massive star").first.get_attribute("href") or ""
    visitor.page.close()
    return "?" + href.partition("?")[2]


def photograph(chromium, address: str, title: str, script: str, folder: Path, query: str = "") -> list[str]:
    """Four pictures of a page, in full length; returns what was wrong with it, a line each."""
    path = "" if script == "app.py" else script.removeprefix("pages/").removesuffix(".py")
    from playwright.sync_api import expect

    wrong = []
    for theme in THEMES:
        for width, (wide, high) in WIDTHS.items():
            context = chromium.new_context(viewport={"width": wide, "height": high}, color_scheme=theme)
            visitor = Visitor(context.new_page()).open(f"{address}/{path}{query}")
            expect(visitor.page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=120_000)
            visitor.page.wait_for_timeout(2500)  # figures animate in
            visitor.settle()
            main = visitor.page.locator("[data-testid=stMain]")
            length = main.evaluate("main => main.firstElementChild.scrollHeight")
            if main.evaluate("main => main.scrollWidth - main.clientWidth") > 0:
                wrong.append(f"{title} at {width} px is wider than its window")
            wrong += [f"{title}: {text}" for text in visitor.failures]
            visitor.page.set_viewport_size({"width": wide, "height": max(high, min(int(length) + 60, 6000))})
            visitor.settle()
            name = f"{title.lower().replace(' ', '_')}_{theme}_{width}.png"
            visitor.page.screenshot(path=folder / name)
            print(folder / name, flush=True)
            context.close()
    return wrong


def main(arguments: list[str]) -> int:
    """Make the pictures; status 1 when a page is too wide or shows an uncaught exception."""
    program = shutil.which("chromium")
    entries = [entry for _, items in MENU for entry in items]
    wanted = arguments[1:] or [entry.title for entry in entries]
    unknown = set(wanted) - {entry.title for entry in entries}
    if not arguments or unknown:
        print(__doc__, f"Pages: {', '.join(entry.title for entry in entries)}", sep="\n", file=sys.stderr)
        return 2
    if program is None:
        print("Chromium is not installed (apt-get install chromium): no picture was made", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    wrong = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as data:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        with running_server(Path(data)) as address:
            star = example_query(chromium, address)
            for entry in entries:
                if entry.title in wanted:
                    query = star if entry.title in ABOUT_A_STAR else ""
                    wrong += photograph(chromium, address, entry.title, entry.script, folder, query)
        chromium.close()
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
