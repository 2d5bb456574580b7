"""Photographs of all pages: `python -m benchmarks.screenshots OUT_DIR [PAGE ...]` or `... --gallery`.

OUT_DIR gets each page and tab in full length, light and dark, 1280 and 390 pixels wide. `--gallery` makes the small
pictures of the README anew, in docs/pictures/. A survey, an audit and explanations are computed first, for the pages
that show results: ten minutes on two cores.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from benchmarks.picture_data import prepare
from core.settings import PROJECT_ROOT
from tests.pages.conftest import CHROMIUM_FLAGS, Visitor, running_server
from ui.shell import MENU

WIDTHS = {"1280": (1280, 900), "390": (390, 844)}
THEMES = ("light", "dark")
PHONE = "Mozilla/5.0 (Linux; Android 15; Mobile) AppleWebKit/537.36"
GALLERY = PROJECT_ROOT / "docs" / "pictures"
GALLERY_VIEWPORT, GALLERY_WIDTH, GALLERY_COLOURS = (1280, 1180), 900, 160
GALLERY_SCROLL_PX = {"Associations": 620, "Survey": 330}
"""Pages whose picture lies below a long list of choices."""
PAGES_OF_A_STAR = ("Star", "Explain")
"""Pages that are photographed with the massive star that Overview offers."""
VIEWS: dict[str, tuple[str, ...]] = {
    "Epochs": ("stars=sim:eclipsing",),
    "Spectra": ("view=Class means", "view=Spectra", "view=Data set card"),
    "Simulate": ("view=One star", "view=New sample"),
    "Train": ("view=New training", "view=Jobs", "view=Representations"),
    "Compare": ("view=Pairwise comparison", "view=Table", "view=Learning curves", "view=Size and speed"),
    "Evaluate": (
        "view=Threshold and prevalence&run=default_run", "view=Real stars&run=default_run", "view=Curves",
        "view=Wrong verdicts", "view=Kinds of stars", "view=Calibration", "view=Contaminants", "view=Your sample",
    ),
    "Explain": (
        "view=One star", "view=Classes&explained=40", "view=All stars&explained=40", "view=Networks&explained=40",
        "view=Right and wrong&explained=40", "view=Checks&explained=40",
    ),
    "Sky map": ("projection=aitoff", "projection=sphere", "projection=space"),
    "Survey": ("view=Results", "view=New survey", "view=Jobs"),
    "Techniques": (
        "view=What they are worth", "view=Who agrees", "view=Who can see what", "view=Disputed stars",
        "view=The techniques",
    ),
    "Associations": (
        "tab=Groups", "tab=Choice of eps", "tab=Stability and significance", "tab=3-D and film",
    ),
    "Molecules": ("view=Spectrum", "view=Species", "view=Why"),
}  # fmt: skip
"""Addresses of a page's tabs or views; the first is the one of the gallery. Other pages have one view."""


def slug(text: str) -> str:
    """The name of a page or a view in a file name."""
    return text.lower().replace(" ", "_")


def example_query(chromium, address: str) -> str:
    """The query of Overview's link to its first star, once the embedded set has been drawn."""
    visitor = Visitor(chromium.new_page()).open(address).expect("A massive star")
    href = visitor.page.get_by_role("link", name="An O7 star").first.get_attribute("href") or ""
    visitor.page.close()
    return href.partition("?")[2]


def visit(chromium, address: str, title: str, view: str, star: str, size: tuple[int, int], theme: str) -> Visitor:
    """A page as it stands when everything in it has been drawn."""
    from playwright.sync_api import expect

    script = {entry.title: entry.script for _, entries in MENU for entry in entries}[title]
    path = "" if script == "app.py" else script.removeprefix("pages/").removesuffix(".py")
    query = "&".join(filter(None, (view, star if title in PAGES_OF_A_STAR else "")))
    agent = {"user_agent": PHONE} if size[0] < 600 else {}
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme, **agent)
    visitor = Visitor(context.new_page()).open(f"{address}/{path}?{quote(query, safe='=&')}")
    if title == "My stars":
        _paste(visitor)
    expect(visitor.page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=120_000)
    expect(visitor.page.locator("[data-testid=stSpinner]")).to_have_count(0, timeout=300_000)
    visitor.page.wait_for_timeout(2500)  # figures animate in
    return visitor.settle()


def _paste(visitor: Visitor) -> None:
    """A list for the page My stars: real stars of the program's own sample."""
    import pyarrow.parquet as pq

    from core.datasets.real_stars import real_stars_path

    path = real_stars_path()
    assert path is not None
    table = pq.read_table(path, columns=["source_id", "label"]).to_pandas()
    ids = table.groupby("label").head(20)["source_id"].astype(str)
    visitor.page.get_by_label("Ids, names or a circle on the sky").fill("\n".join(ids))
    visitor.page.keyboard.press("Control+Enter")
    visitor.settle()
    visitor.page.get_by_role("button", name="Look them up").click()
    visitor.expect("A click on a heading sorts")


def photograph(chromium, address: str, title: str, folder: Path, star: str) -> list[str]:
    """Four pictures of each view of a page, in full length; returns what was wrong with it, a line each."""
    wrong = []
    views = VIEWS.get(title, ("",))
    for view in views:
        name = slug(view.partition("=")[2].partition("&")[0]) if len(views) > 1 else ""
        for theme in THEMES:
            for width, size in WIDTHS.items():
                visitor = visit(chromium, address, title, view, star, size, theme)
                main = visitor.page.locator("[data-testid=stMain]")
                length = main.evaluate("main => main.firstElementChild.scrollHeight")
                if main.evaluate("main => main.scrollWidth - main.clientWidth") > 0:
                    wrong.append(f"{title} {view} at {width} px is wider than its window")
                wrong += [f"{title} {view}: {text}" for text in visitor.failures]
                visitor.page.set_viewport_size({"width": size[0], "height": max(size[1], min(int(length) + 60, 6000))})
                visitor.page.wait_for_timeout(500)
                visitor.settle()
                path = folder / f"{'-'.join(filter(None, (slug(title), name)))}_{theme}_{width}.png"
                visitor.page.screenshot(path=path)
                print(path, flush=True)
                visitor.page.context.close()
    return wrong


def photograph_for_gallery(chromium, address: str, title: str, folder: Path, star: str) -> list[str]:
    """The first screen of a page, small and in few colours."""
    import io

    from PIL import Image

    visitor = visit(chromium, address, title, VIEWS.get(title, ("",))[0], star, GALLERY_VIEWPORT, "light")
    wrong = [f"{title}: {text}" for text in visitor.failures]
    visitor.page.locator("[data-testid=stMain]").evaluate(
        "(main, y) => main.scrollTo(0, y)", GALLERY_SCROLL_PX.get(title, 0)
    )
    visitor.page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")
    visitor.page.context.close()
    height = round(picture.height * GALLERY_WIDTH / picture.width)
    small = picture.resize((GALLERY_WIDTH, height), Image.Resampling.LANCZOS)
    path = folder / f"{slug(title)}.png"
    few = small.quantize(GALLERY_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=8, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path}, {path.stat().st_size / 1000:.0f} kB", flush=True)
    return wrong


def main(arguments: list[str]) -> int:
    """Make the pictures; status 1 when a page is too wide or shows an uncaught exception."""
    program = shutil.which("chromium")
    titles = [entry.title for _, entries in MENU for entry in entries]
    for_gallery = "--gallery" in arguments
    names = [name for name in arguments if name != "--gallery"]
    folder, wanted = (GALLERY, names) if for_gallery else (Path(names[0]) if names else None, names[1:])
    if folder is None or set(wanted) - set(titles):
        print(__doc__, f"Pages: {', '.join(titles)}", sep="\n", file=sys.stderr)
        return 2
    if program is None:
        print("Chromium is not installed (apt-get install chromium): no picture was made", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    wrong = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as data:
        prepare(Path(data), wanted or titles, checks=not for_gallery)
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        with running_server(Path(data)) as address:
            star = example_query(chromium, address)
            make = photograph_for_gallery if for_gallery else photograph
            for title in wanted or titles:
                wrong += make(chromium, address, title, folder, star)
        chromium.close()
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
