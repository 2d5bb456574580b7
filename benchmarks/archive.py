"""Time and memory of look-ups and of the training-set builder against the stand-in: `python -m benchmarks.archive`."""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import write_table

LIMITS = {"builder": ("300 s, 2 GB", 300.0), "archive": ("1 s", 1.0), "cache": ("0.3 s", 0.3)}


@contextmanager
def stand_in(n_stars: int) -> Iterator[dict[str, str]]:
    """A stand-in archive in a process of its own; yields the environment that points at it."""
    command = [sys.executable, "-m", "tests.archive.stand_in", "--port", "0", "--stars", str(n_stars)]
    environment = os.environ | {"XP_REAL_DATA": "/nonexistent"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        found: dict[str, str] = {}
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("#"):
                break
            match = re.match(r"export (\w+)=(.*)", line)
            if match:
                found[match.group(1)] = match.group(2).strip()
        yield found
    finally:
        process.terminate()
        process.wait()


def time_lookups(environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """(seconds from the archive, seconds from the cache) of one star, medians of several, imports not counted."""
    os.environ.update(environment | {"EXPLORER_DATA_DIR": str(folder)})
    from core.archive.client import ArchiveClient
    from core.star.lookup import find_star

    client = ArchiveClient()
    ids = client.query("SELECT TOP 12 source_id FROM gaiadr3.gaia_source ORDER BY source_id")["source_id"].tolist()
    find_star(str(ids[0]), client=client, use_embedded=False)  # the first one pays for imports
    times: dict[str, list[float]] = {"archive": [], "cache": []}
    for source_id in ids[1:]:
        for origin, taken in times.items():
            start = time.perf_counter()
            record = find_star(str(source_id), client=client, use_embedded=False)
            taken.append(time.perf_counter() - start)
            assert record.origin == origin
    return sorted(times["archive"])[5], sorted(times["cache"])[5]


def time_builder(environment: dict[str, str], folder: Path, n_stars: int) -> tuple[float, float, float, int]:
    """(wall seconds, processor seconds, peak GB, stars) of `build-dataset` as a user runs it."""
    command = [sys.executable, "-m", "core", "build-dataset", "--out", str(folder / "set"), "--limit", str(n_stars)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 3):
        raise SystemExit(f"build-dataset ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    stars = int(re.search(r"(\d+) stars written", done.stdout).group(1))  # type: ignore[union-attr]
    return seconds, processor, after.ru_maxrss / 1e6, stars


def main() -> None:
    """Measure and write benchmarks/results/archive.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=20_000)
    n_stars = parser.parse_args().stars
    with stand_in(3 * n_stars) as environment, tempfile.TemporaryDirectory() as folder:
        wall, processor, memory, stars = time_builder(environment, Path(folder), n_stars)
        archive, cache = time_lookups(environment, Path(folder))
    rows = [
        {"what": f"build-dataset, {stars} stars", "seconds": wall, "processor seconds": processor, "peak GB": memory,
         "limit": LIMITS["builder"][0]},
        {"what": "look-up, stand-in archive", "seconds": archive, "limit": LIMITS["archive"][0]},
        {"what": "look-up, cache", "seconds": cache, "limit": LIMITS["cache"][0]},
    ]  # fmt: skip
    load = os.getloadavg()[0]
    lines = [
        "The stand-in archive runs in a process of its own on the same machine and makes every reply anew; "
        "spectra come as RAW CSV with correlations, 2,000 to a call. Look-ups: median of eleven, imports not counted.",
        f"Command: `python -m benchmarks.archive --stars {n_stars}`; load average at the end {load:.1f}.",
    ]
    write_table("archive", "Archive: builder and look-ups", lines, rows, packages=("astroquery", "astropy", "pyarrow"))


if __name__ == "__main__":
    main()
