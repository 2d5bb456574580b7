"""A simulated survey from the page, as a visitor does it: `python -m benchmarks.survey_page [--stars 1200000]`.

Headless Chromium presses Start, watches the progress while the survey runs, and opens the results.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.browser import headless_chromium
from benchmarks.report import write_table
from tests.pages.conftest import Visitor, running_server

_LONGEST_MS = 1_800_000


def main() -> int:
    """Measure and write benchmarks/results/survey_page.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=1_200_000)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with (
        headless_chromium() as chromium,
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
    ):
        visitor = Visitor(chromium.new_context(viewport={"width": 1280, "height": 900}).new_page())
        rows = _survey(visitor.open(f"{server}/survey").expect("Stars to draw"), options.stars)
        assert visitor.failures == []
        assert visitor.foreign_requests == []
    text = (
        f"{options.stars:,} simulated stars at natural prevalence, drawn and classified by the shipped ensemble from "
        f"the page Survey; headless Chromium on the same two cores; load average {load:.1f} at the start. Command: "
        f"`python -m benchmarks.survey_page --stars {options.stars}`."
    )
    write_table("survey_page", "A survey from the page", [text], rows, packages=("streamlit", "onnxruntime", "duckdb"))
    return 0


def _survey(visitor: Visitor, n_stars: int) -> list[dict[str, object]]:
    page = visitor.page
    stars = page.get_by_label("Stars to draw")
    stars.fill(str(n_stars))
    stars.press("Tab")
    start = time.perf_counter()
    visitor.settle().page.get_by_role("button", name="Start").click()
    ended = page.get_by_text(re.compile(rf"{n_stars:,} stars, [\d,]+ massive at equal priors")).first
    ended.wait_for(timeout=_LONGEST_MS)
    seconds, said = time.perf_counter() - start, ended.inner_text()
    opened = time.perf_counter()
    page.get_by_role("tab", name="Results").click()
    visitor.expect("Stars classified")
    first_numbers = time.perf_counter() - opened
    visitor.expect_figure("Candidates on the Galactic sky")
    return [
        {"what": "from Start to the end", "seconds": seconds, "result": said},
        {"what": "results: first numbers", "seconds": first_numbers, "result": ""},
        {"what": "results: last figure", "seconds": time.perf_counter() - opened, "result": ""},
    ]


if __name__ == "__main__":
    sys.exit(main())
