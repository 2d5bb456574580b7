"""The shipped reference runs: all ten networks on the embedded data set and one fold map.

    python -m benchmarks.reference_runs train --out RUNS [--until 21:05]   # again with the same RUNS to go on
    python -m benchmarks.reference_runs baselines --out RUNS               # on the same folds
    python -m benchmarks.reference_runs pack --out RUNS                    # into data/reference_runs

Two networks at a time: the fast five do all ten folds, the slow five fold 0, then fold 1, and so on until the time is
over. Every network is trained on all stars; those with fewer folds say so in run.json (`folds_done`).
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.settings import PROJECT_ROOT, current_settings
from core.simulation.embedded import embedded_dataset
from core.training import run_store
from core.training.baselines import BASELINE_FILE, fit_baselines
from core.training.export import store_weights_as_float16
from core.training.run_store import finished_folds, member_name, write_run_file
from core.training.training_data import read_training_data
from models.registry import model_spec

PLAN: tuple[tuple[str, int, int, int], ...] = (
    # network, folds that are done in one go, epochs, batch size: what suits two cores
    ("wide", 10, 20, 64),
    ("cnn_gru", 1, 10, 128),
    ("deep", 10, 20, 256),
    ("cnn_lstm", 1, 10, 128),
    ("cnn_2d", 10, 15, 64),
    ("stellarnet", 1, 8, 128),
    ("starnet", 10, 15, 64),
    ("fcn", 1, 8, 128),
    ("cnn", 10, 15, 64),
    ("cnn_attention", 1, 6, 64),
)
N_FOLDS = 10
SEED = 1
_TABLES = ("curves", "oof", "test")
_WEIGHTS = (".onnx", ".keras")
_PROCESSES = 2
MOST_WEIGHT_BYTES = 25_000_000
"""Of all that is shipped in data/."""


def train(out: Path, until: datetime | None) -> None:
    """Train what is missing, two networks side by side, each in a process of its own with one thread."""
    data = embedded_dataset()
    running: dict[str, subprocess.Popen] = {}
    failed: set[str] = set()
    while True:
        for key in [key for key, process in running.items() if process.poll() is not None]:
            if running.pop(key).returncode:
                failed.add(key)
                print(f"{key} failed, see {out / key}.log", flush=True)
        if until is not None and datetime.now(UTC) >= until:
            for process in running.values():
                process.terminate()
            return
        step = next((step for step in _steps(out) if step[0] not in {*running, *failed}), None)
        if step is None and not running:
            return
        if step is None or len(running) >= _PROCESSES:
            time.sleep(1)
            continue
        running[step[0]] = _start(out, data, *step)


def _steps(out: Path) -> list[tuple[str, int, int, int]]:
    """(network, folds wanted, epochs, batch size) that are missing, in order."""
    steps = []
    for folds in range(1, N_FOLDS + 1):
        for key, at_once, epochs, batch_size in PLAN:
            wanted = max(folds, at_once)
            if len(finished_folds(out / key)) < wanted and not any(step[0] == key for step in steps):
                steps.append((key, wanted, epochs, batch_size))
    return steps


def fit_all_baselines(out: Path) -> None:
    """Fit the baselines on the folds of the first network, once all of them are there."""
    data = read_training_data(embedded_dataset())
    print(json.dumps(fit_baselines(data, out / PLAN[0][0]), indent=1))


def _start(out: Path, data: Path, key: str, folds: int, epochs: int, batch_size: int) -> subprocess.Popen:
    print(f"{datetime.now(UTC):%H:%M:%S} {key}: up to {folds} folds", flush=True)
    command = [sys.executable, "-m", "core", "train", "--model", key, "--data", str(data), "--out", str(out / key)]
    command += ["--folds", str(N_FOLDS), "--only-folds", str(folds), "--epochs", str(epochs), "--seed", str(SEED)]
    command += ["--batch-size", str(batch_size), "--threads", "1", "--resume"]
    out.mkdir(parents=True, exist_ok=True)
    with (out / f"{key}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=log, stderr=log)


def pack(out: Path, target: Path) -> None:
    """Put the finished folds of every network into `target`: tables, and the first members in float16 that fit."""
    others = [path for path in target.parent.rglob("*") if path.suffix in _WEIGHTS and target not in path.parents]
    left = MOST_WEIGHT_BYTES - sum(path.stat().st_size for path in others if "local" not in path.parts)
    shutil.rmtree(target, ignore_errors=True)
    with atomic_path(target) as beside:
        keys = [key for key, *_ in PLAN if finished_folds(out / key)]
        for key in sorted(keys, key=lambda key: model_spec(key).parameters):
            left -= _pack_network(out / key, beside / key, left)


def _pack_network(source: Path, target: Path, most_bytes: float) -> int:
    """Copy what is shipped of a run; the size of its weights, 0 if they would be larger than `most_bytes`."""
    target.mkdir(parents=True)
    run = run_store.assemble(source, state=run_store.FINISHED, error=None)
    member = target / f"{member_name(0)}.onnx"
    shutil.copy(source / member.name, member)
    store_weights_as_float16(member)
    size = member.stat().st_size
    if size > most_bytes:
        member.unlink()
        size = 0
    n_folds = len(run["members"])
    shipped = [{**entry, "keras": None} for entry in run["members"][:1]] if size else []
    run |= {"members": shipped, "members_not_shipped": run["members"][len(shipped) :]}
    weights = "one member, its weights in float16" if size else "no weights, which would be too large"
    run["note"] = (
        f"Reference run on {run['device']}, made on {run['started'][:10]}: {n_folds} of {run['n_folds']} "
        f"folds, {run['epochs']} epochs at most. Shipped with the tables of all its folds and {weights}."
    )
    for name in _TABLES:
        table = pd.read_parquet(source / f"{name}.parquet")
        halves = dict.fromkeys(table.select_dtypes("float64").columns, np.float32)
        table.astype(halves).to_parquet(target / f"{name}.parquet", index=False, compression="zstd")
    for extra in ("representation.npz", BASELINE_FILE):
        if (source / extra).is_file():
            shutil.copy(source / extra, target)
    write_run_file(target, run)
    return size


def main() -> None:
    """Train, fit the baselines, or pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "baselines", "pack"))
    parser.add_argument("--out", type=Path, required=True, help="Folder of the full runs.")
    parser.add_argument("--until", help="UTC time HH:MM at which training stops; what is finished stays.")
    arguments = parser.parse_args()
    if arguments.action == "pack":
        target = current_settings().reference_runs_dir
        pack(arguments.out, target)
        sizes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        print(f"{target}: {sizes / 1e6:.1f} MB")
        return
    if arguments.action == "baselines":
        fit_all_baselines(arguments.out)
        return
    until = None
    if arguments.until:
        hour, minute = map(int, arguments.until.split(":"))
        until = datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    train(arguments.out, until)
    done = {key: len(finished_folds(arguments.out / key)) for key, *_ in PLAN}
    print(json.dumps(done))


if __name__ == "__main__":
    main()
