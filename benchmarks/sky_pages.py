"""Sky map and Associations in headless Chromium: released sliders, frames while dragging, the map of a million stars.

python -m benchmarks.sky_pages [--repeats 10] [--sizes 11297 100000] [--map-stars 1000000]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.associations import speed_sample
from benchmarks.browser import headless_chromium
from benchmarks.report import write_table
from core.gaia import frames
from core.gaia.source_id import first_id_of, healpix_at
from tests.pages.conftest import Visitor, running_server

STUDY_STARS = 11_297
AIMS_S = {STUDY_STARS: 0.3, 100_000: 1.0}
WAIT_FOR_CHANGE = """async ([selector, before]) => {
    const text = () => [...document.querySelectorAll(selector)].map((e) => e.innerText).join("|");
    while (text() === before) await new Promise(requestAnimationFrame);
    return performance.now();
}"""
READ = "selector => [...document.querySelectorAll(selector)].map((e) => e.innerText).join('|')"
NUMBERS = "[data-testid=stMetricValue]"


def write_stars(folder: Path, n: int) -> str:
    """A sample of n stars, half of them in clumps, in the folder of samples; returns its name."""
    rng = np.random.default_rng(n)
    place = speed_sample(n, rng)
    l_deg, b_deg = frames.angles(place)
    ra, dec = frames.icrs(l_deg, b_deg)
    table = pd.DataFrame({"source_id": first_id_of(healpix_at(ra, dec)) + np.arange(n), "ra": ra, "dec": dec})
    table["distance_pc"], table["probability"] = np.linalg.norm(place, axis=1), rng.uniform(0, 1, n)
    table["phot_g_mean_mag"] = rng.uniform(5, 17.6, n)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / f"bench-{n}.parquet", index=False)
    return f"bench-{n}.parquet"


def address_of(server: str, n: int, name: str) -> str:
    """The page Associations; at the study's number with the shipped Galaxy and the suggested settings."""
    if n == STUDY_STARS:
        return f"{server}/associations?threshold=0"
    return f"{server}/associations?stars={name}&threshold=0&space=position&eps_pc=24&min_samples=10"


def time_releases(visitor: Visitor, slider_name: str, repeats: int) -> list[float]:
    """From the key press on a slider until the cards, which the server fills, show other numbers."""
    slider = visitor.page.get_by_role("slider", name=slider_name).first
    seconds = []
    for number in range(repeats):
        visitor.settle()
        before = visitor.page.evaluate(READ, NUMBERS)
        start = visitor.page.evaluate("performance.now()")
        slider.press("ArrowRight" if number % 2 == 0 else "ArrowLeft")
        seconds.append((visitor.page.evaluate(WAIT_FOR_CHANGE, [NUMBERS, before]) - start) / 1000)
    return seconds


def frames_per_s(visitor: Visitor, seconds: float = 4.0) -> float:
    """Pictures drawn per second while the slider is dragged back and forth."""
    slider, canvas = visitor.page.get_by_role("slider", name="eps (pc)"), visitor.page.locator("canvas[role=img]").first
    box = slider.bounding_box()
    mouse, middle = visitor.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, middle)
    mouse.down()
    drawn, start, step = int(canvas.get_attribute("data-frames")), time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step += 1
        mouse.move(box["x"] + box["width"] * (0.5 + 0.4 * np.sin(step / 8)), middle)
    rate = (int(canvas.get_attribute("data-frames")) - drawn) / (time.perf_counter() - start)
    mouse.up()
    visitor.settle()
    return rate


def measure_associations(chromium, server: str, sizes: list[int], names: dict[int, str], repeats: int) -> list[dict]:
    rows = []
    for n in sizes:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        visitor = Visitor(context.new_page()).open(address_of(server, n, names[n])).expect("Stars searched")
        visitor.page.get_by_role("slider", name="eps (pc)").wait_for()
        for what in ("eps (pc)", "min_samples"):
            times = time_releases(visitor, what, repeats)
            rows.append(
                {
                    "what": f"released slider {what}",
                    "stars": f"{n:,}",
                    "median": f"{statistics.median(times):.2f} s",
                    "worst": f"{max(times):.2f} s",
                    "aim": f"{AIMS_S.get(n, 1.0)} s",
                }
            )
        rate = frames_per_s(visitor)
        rows.append({"what": "frames while dragging", "stars": f"{n:,}", "median": f"{rate:.0f} / s", "aim": "10 / s"})
        context.close()
    return rows


def measure_map(chromium, server: str, name: str, n: int) -> list[dict]:
    """A browser that has never seen the app, and one that comes from another page of it."""
    rows = []
    for title, query in {"whole sky": "", "field of 5 degrees": "&l=80&b=0&radius=5"}.items():
        path = f"/sky_map?stars={name}&threshold=0&colour=probability{query}"
        for way in ("with an empty cache", "from another page"):
            context = chromium.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            received = [0]
            page.on("websocket", lambda socket, r=received: socket.on("framereceived", lambda data: _count(r, data)))
            page.set_default_timeout(180_000)
            if way == "from another page":
                Visitor(page).open(server)
                received[0] = 0
            seconds = _time_to_map(page, server, path, fresh=way == "with an empty cache")
            Visitor(page).settle()
            rows.append(
                {
                    "what": f"map, {title}, {way}",
                    "stars": f"{n:,}",
                    "median": f"{seconds:.2f} s, {received[0] / 1e6:.1f} MB",
                    "aim": "3 s, 10 MB",
                }
            )
            context.close()
    return rows


def _time_to_map(page, server: str, path: str, *, fresh: bool) -> float:
    """Seconds until the map is drawn, after an address was typed or, within the app, as Back and Forward do it."""
    start = time.perf_counter()
    if fresh:
        page.goto(server + path, wait_until="commit")
    else:
        page.evaluate("to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')); }", path)
    page.locator("[data-testid=stDeckGlJsonChart] canvas").first.wait_for()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return time.perf_counter() - start


def _count(received: list[int], data) -> None:
    received[0] += len(data)


def main() -> int:
    """Measure and write benchmarks/results/sky_pages.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--sizes", type=int, nargs="+", default=[STUDY_STARS, 100_000])
    parser.add_argument("--map-stars", type=int, default=1_000_000)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with headless_chromium() as chromium, tempfile.TemporaryDirectory() as folder:
        local = Path(folder)
        names = {n: write_stars(local / "samples", n) for n in {*options.sizes, options.map_stars}}
        with running_server(local) as server:
            Visitor(chromium.new_page()).open(f"{server}/associations?threshold=0").expect("Stars searched")
            Visitor(chromium.new_page()).open(f"{server}/sky_map").expect("Each mark is a star")
            rows = measure_associations(chromium, server, options.sizes, names, options.repeats)
            rows += measure_map(chromium, server, names[options.map_stars], options.map_stars)
    text = (
        f"Headless Chromium (no GPU) on the same machine as the server; load average {load:.1f} at the start, "
        f"{os.getloadavg()[0]:.1f} at the end. {STUDY_STARS:,} stars: the shipped Galaxy with the suggested settings; "
        "100,000: half in clumps, places alone, eps 24 pc. A slider's time runs from the key press to the new numbers "
        "(the picture has changed before); the map's from the request to the drawn canvas, its payload is all that the "
        "websocket brought."
    )
    write_table("sky_pages", "Sky map and Associations", [text], rows, packages=("streamlit", "pydeck", "duckdb"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
