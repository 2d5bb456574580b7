"""How long the page Evaluate takes to follow a slider with 100,000 test stars: `python -m benchmarks.evaluate_page`."""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.browser import headless_chromium
from benchmarks.report import write_table
from core.evaluation.operating import expected_yield, purity_by_completeness, threshold_for_purity
from core.runs.result import load_run_result
from core.statistics.prevalence import operating_curve
from tests.evaluation.stored_runs import drawn_stars, write_stored_run
from tests.pages.conftest import Visitor, running_server

N_TEST = 100_000
N_MOVES = 12
AIM_S = 0.2
SLIDERS = {"threshold": "Threshold on the probability", "prevalence": "Prevalence: how many"}
_WATCH = """() => {
  const text = () => [...document.querySelectorAll('[data-testid=stMarkdownContainer] p')]
    .map((p) => p.textContent).find((t) => t.startsWith('Why the accuracy')) ?? '';
  window.moved = null;
  document.addEventListener('keydown', () => {
    const start = performance.now();
    const before = text();
    const look = () => {
      if (text() !== before) requestAnimationFrame(() => { window.moved = performance.now() - start; });
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, true);
}"""
"""From the key's event until the frame after the last changed part of the page, which stands below the figure."""


def time_moves(visitor: Visitor, address: str, slider: str) -> list[float]:
    """Seconds from a key press on a slider until everything below it shows the new values."""
    visitor.open(f"{address}/evaluate?threshold=0.1&prevalence=0.5").expect("Why the accuracy")
    visitor.settle().page.evaluate(_WATCH)
    handle = visitor.page.get_by_role("slider", name=SLIDERS[slider])
    times = []
    for _ in range(N_MOVES):
        visitor.settle()
        visitor.page.evaluate("() => { window.moved = null; }")
        handle.press("ArrowRight")
        visitor.page.wait_for_function("() => window.moved !== null")
        times.append(visitor.page.evaluate("() => window.moved") / 1000)
    return times


def time_computation(folder: Path) -> list[float]:
    """Seconds that the numbers of one redraw take, without server and browser."""
    test = load_run_result(folder, with_metadata=False).test
    curve = operating_curve(test["label"].to_numpy() == 1, test["probability"].to_numpy())
    times = []
    for threshold in np.linspace(0.05, 0.95, N_MOVES):
        start = time.perf_counter()
        expected_yield(curve, float(threshold), 0.001)
        purity_by_completeness(curve, 0.001)
        threshold_for_purity(curve, 0.9, 0.001)
        times.append(time.perf_counter() - start)
    return times


def main() -> int:
    """Measure and write benchmarks/results/evaluate_page.md."""
    load = os.getloadavg()[0]
    with headless_chromium() as chromium, tempfile.TemporaryDirectory() as place:
        shipped, local = Path(place) / "shipped", Path(place) / "local"
        local.mkdir()
        train, test = drawn_stars(2_000, N_TEST)
        folder = write_stored_run(shipped / "default_run", train, test, separation=3.5, n_folds=10)
        rows = [_row("numbers alone", time_computation(folder))]
        os.environ["EXPLORER_SHIPPED_DIR"] = str(shipped)
        with running_server(local) as address:
            visitor = Visitor(chromium.new_context(viewport={"width": 1280, "height": 1200}).new_page())
            rows += [_row(f"{slider} slider", time_moves(visitor, address, slider)) for slider in SLIDERS]
    text = (
        f"From a key press on a slider until every number and the figure show the new value, {N_TEST:,} test stars, "
        f"headless Chromium on the same machine as the server. Load average {load:.1f} at the start."
    )
    write_table("evaluate_page", "The page Evaluate follows a slider", [text], rows, packages=("streamlit",))
    return 0


def _row(what: str, times: list[float]) -> dict:
    return {
        "what": what,
        "n": len(times),
        "median (s)": statistics.median(times),
        "fastest (s)": min(times),
        "worst (s)": max(times),
        "aim (s)": AIM_S,
    }


if __name__ == "__main__":
    sys.exit(main())
