"""Stars per second from Parquet to verdicts, beside PyTorch as the study used it: `python -m benchmarks.survey`.

Both sides read the same file in turn; medians of CPU time and wall time are printed, the machine may be shared.
The study's way: the spectra L2-normalised, batches of 256, each of ten networks in turn, eager PyTorch.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.report import write_table
from core.settings import PROJECT_ROOT, current_settings
from core.simulation.draw import simulate

N_MEMBERS = 10
STUDY_BATCH = 256
SAMPLED, CONTINUOUS = "ten members, obvious stars dismissed", "ten members, obvious stars dismissed, from coefficients"
PACKAGES = ("onnxruntime", "torch", "pyarrow")
MEASURE = """
import json, resource, sys, time
start, begin = time.perf_counter(), time.process_time()
from benchmarks import survey
n = getattr(survey, sys.argv[1])(*sys.argv[2:])
used = time.process_time() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"wall": time.perf_counter() - start, "cpu": used, "peak": peak, "n": n}))
"""


def ours(path: str, run: str, members: str) -> int:
    """The survey by a run: 'all' members on every star, or obvious ones dismissed."""
    from core.survey.fused import DISMISS_BELOW
    from core.survey.survey import survey

    with tempfile.TemporaryDirectory() as folder:
        done = survey(path, run, Path(folder) / "out", dismiss_below=0.0 if members == "all" else DISMISS_BELOW)
        return done.manifest.n_rows


def study(path: str, model: str, n_members: str) -> int:
    """The same network in PyTorch, each member in turn; the weights do not matter for the time.

    The notebook held all spectra in memory; here every row group passes through all members, so that a million fit.
    """
    import pyarrow.parquet as pq
    import torch

    from benchmarks.torch_networks import build

    torch.set_num_threads(os.cpu_count() or 1)
    networks = [build(model).eval() for _ in range(int(n_members))]
    file = pq.ParquetFile(path)
    n_stars = 0
    for group in range(file.num_row_groups):
        column = file.read_row_group(group, columns=["flux"])["flux"].combine_chunks()
        flux = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1).astype(np.float64)
        flux = (flux / np.linalg.norm(flux, axis=1, keepdims=True)).astype(np.float32)
        total = np.zeros(len(flux))
        for network in networks:
            with torch.no_grad():
                for start in range(0, len(flux), STUDY_BATCH):
                    logit = network(torch.from_numpy(flux[start : start + STUDY_BATCH]))
                    total[start : start + STUDY_BATCH] += torch.sigmoid(logit).numpy()[:, 0]
        n_stars += len(flux)
    return n_stars


def _turn(function: str, *arguments: str) -> dict:
    import json

    reply = subprocess.run(
        [sys.executable, "-c", MEASURE, function, *arguments],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(reply.stdout.splitlines()[-1])


def _without(path: Path, name: str, left_out: str) -> str:
    """The same stars in another file, without the columns whose names hold a word."""
    import pyarrow.parquet as pq

    out = path.with_name(name)
    table = pq.ParquetFile(path)
    names = [column for column in table.schema_arrow.names if left_out not in column]
    with pq.ParquetWriter(out, pq.read_schema(path).empty_table().select(names).schema) as writer:
        for group in range(table.num_row_groups):
            writer.write_table(table.read_row_group(group, columns=names))
    return str(out)


def main() -> None:
    """Draw the stars, measure in turn, write benchmarks/results/survey.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stars", type=int, default=600_000)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    settings = current_settings()
    ensemble, single = str(settings.default_run_dir), str(settings.reference_runs_dir / "cnn")
    folder = Path(tempfile.mkdtemp())
    try:
        start = time.perf_counter()
        both = simulate("survey", options.stars, 1, folder / "both.parquet", with_coefficients=True)
        drawn = time.perf_counter() - start
        sampled = _without(both, "sampled.parquet", "coefficient")
        continuous = _without(both, "continuous.parquet", "flux")
        os.sync()  # what is still on its way to the disk would slow the first way down
        ways = {
            SAMPLED: ("ours", sampled, ensemble, "some"),
            "ten members on every star": ("ours", sampled, ensemble, "all"),
            CONTINUOUS: ("ours", continuous, ensemble, "some"),
            "the study's way, ten members": ("study", sampled, "deep", str(N_MEMBERS)),
            "single CNN": ("ours", sampled, single, "all"),
            "the study's way, single CNN": ("study", sampled, "cnn", "1"),
        }
        turns: dict[str, list[dict]] = {name: [] for name in ways}
        for _ in range(options.turns):
            for name, call in ways.items():
                turns[name].append(_turn(*call))
    finally:
        shutil.rmtree(folder)
    walls = {name: statistics.median(turn["wall"] for turn in found) for name, found in turns.items()}
    rows = [_row(name, found, walls[_peer(name)]) for name, found in turns.items()]
    text = (
        f"{options.stars:,} stars of the simulated survey (drawn and written with coefficients in {drawn:.0f} s), ten "
        f"members of deep, or one of cnn; {options.turns} turns of each way, one after the other, start of Python "
        f"included; load {load:.1f} at the start. Ratios are of medians of wall time."
    )
    cost = (
        f"Input of coefficients costs {walls[CONTINUOUS] / walls[SAMPLED]:.2f} times sampled input (aim: at most 1.5)."
    )
    write_table("survey", "Stars per second of a survey", [text, cost], rows, packages=PACKAGES)


def _peer(name: str) -> str:
    return "the study's way, single CNN" if "CNN" in name else "the study's way, ten members"


def _row(name: str, found: list[dict], peer: float) -> dict:
    wall = statistics.median(turn["wall"] for turn in found)
    cpu = statistics.median(turn["cpu"] for turn in found)
    return {
        "way": name,
        "stars/s": round(found[0]["n"] / wall),
        "stars per CPU second": round(found[0]["n"] / cpu),
        "wall (s)": wall,
        "peak (MiB)": round(max(turn["peak"] for turn in found)),
        "times the study's rate": peer / wall,
    }


if __name__ == "__main__":
    main()
