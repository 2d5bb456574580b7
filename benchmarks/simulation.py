"""How fast simulated stars are drawn: from the grid to Parquet, the embedded set from a cold start, one star.

python -m benchmarks.simulation [--stars 200000]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.report import write_table
from core.simulation.draw import simulate
from core.simulation.single_star import simulate_star

EMBEDDED = "from core.datasets.embedded import embedded_dataset; embedded_dataset()"


def draw_row(population: str, n_stars: int, workers: int, folder: Path) -> dict:
    """Wall and processor time of one draw, caches warm."""
    path = folder / f"{population}-{workers}.parquet"
    wall, processor = time.perf_counter(), time.process_time()
    simulate(population, n_stars, 1, path, workers=workers)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    size = path.stat().st_size
    path.unlink()
    return {
        "what": f"{population}, {n_stars:,} stars",
        "workers": workers,
        "wall s": wall,
        "processor s": processor,
        "stars per s": round(n_stars / wall),
        "stars per processor s": round(n_stars / processor),
        "bytes per star": round(size / n_stars),
    }


def embedded_row(folder: Path) -> dict:
    """The embedded set in a fresh process, imports included."""
    environment = os.environ | {"EXPLORER_DATA_DIR": str(folder / "local")}
    wall = time.perf_counter()
    subprocess.run([sys.executable, "-c", EMBEDDED], env=environment, check=True)
    wall = time.perf_counter() - wall
    return {"what": "embedded set, cold process", "workers": os.cpu_count(), "wall s": wall, "stars per s": ""}


def single_star_row(n_calls: int = 100) -> dict:
    """One star for the sliders."""
    simulate_star(30_000, 4.0, 0.0, 1.0, 3.1, 14.0, seed=0)
    times = []
    for seed in range(n_calls):
        start = time.perf_counter()
        simulate_star(30_000 + seed, 4.0, 0.0, 1.0, 3.1, 14.0, seed=seed)
        times.append(time.perf_counter() - start)
    return {"what": "one star, median call", "workers": 1, "wall s": float(np.median(times)), "stars per s": ""}


def main() -> None:
    """Measure and write benchmarks/results/simulation.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=200_000)
    n_stars = parser.parse_args().stars
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [embedded_row(folder)]
        for population in ("training", "survey"):
            simulate(population, 5_000, 1, folder / "warm.parquet")
            rows += [draw_row(population, n_stars, workers, folder) for workers in (1, 2)]
    rows = rows[1:] + rows[:1] + [single_star_row()]
    load = os.getloadavg()[0]
    write_table(
        "simulation",
        "Drawing simulated stars",
        [
            "`python -m benchmarks.simulation`: population, atmosphere, dust, instrument, noise and Parquet together. "
            f"Load average of the machine while it was measured: {load:.1f}; other work on it lowers the wall figures, "
            "stars per processor second less so."
        ],
        rows,
        packages=("pyarrow",),
    )


if __name__ == "__main__":
    main()
