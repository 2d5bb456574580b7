"""The shipped reference runs: all ten networks on the embedded data set and one fold map.

    python -m benchmarks.reference_runs train --out RUNS [--until 21:05]   # again with the same RUNS to go on
    python -m benchmarks.reference_runs others --out RUNS                  # one network on the other kinds of folds
    python -m benchmarks.reference_runs baselines --out RUNS               # on the same folds
    python -m benchmarks.reference_runs pack --out RUNS                    # into data/reference_runs

First all folds of the fast five, one after the other; then fold 0 of the slow five, fold 1, and so on until the time is
over. Every network is trained on all stars; those with fewer folds say so in run.json (`folds_done`). What is not in
RUNS stays as it is shipped, if it stands on the same data and folds.
"""

import argparse
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.datasets.embedded import embedded_dataset
from core.datasets.training_data import read_training_data
from core.runs import store as run_store
from core.runs.folders import BASELINE_FILE
from core.runs.run import FINISHED, write_run
from core.runs.settings import resolve_settings
from core.runs.store import finished_folds, member_name
from core.settings import current_settings
from core.training.baselines import fit_baselines
from core.training.export import store_weights_as_float16
from core.training.train import train as train_networks
from models.registry import model_spec

PLAN: tuple[tuple[str, int, int], ...] = (
    # network, epochs, batch size: what two busy cores can do in an hour
    ("wide", 30, 64),
    ("deep", 20, 256),
    ("cnn_2d", 15, 64),
    ("starnet", 15, 64),
    ("cnn", 15, 64),
    ("cnn_gru", 16, 64),
    ("cnn_lstm", 16, 64),
    ("stellarnet", 6, 64),
    ("fcn", 6, 64),
    ("cnn_attention", 6, 64),
)
N_FAST = 5
REPRESENTATION = "standardised"
"""Learns in a few epochs what the small numbers of the published L2 norm need tens for."""
N_FOLDS = 10
SEED = 1
OTHER_VALIDATIONS, OTHER_FOLDS = ("sky", "matched"), 5
_TABLES = ("curves", "oof", "test")
_WEIGHTS = (".onnx", ".keras")
MOST_WEIGHT_BYTES = 25_000_000
"""Of all that is shipped in data/."""


def train(out: Path, until: datetime | None, keys: list[str]) -> None:
    """Train what is missing, fold by fold, in one process; a fold that is at work when the time is over is dropped."""
    from core.training.devices import prepare_device

    device = prepare_device()
    data = read_training_data(embedded_dataset())

    def is_over() -> bool:
        return until is not None and datetime.now(UTC) >= until

    for key, folds, epochs, batch_size in _steps():
        if key not in keys or len(finished_folds(out / key)) >= folds or is_over():
            continue
        spec = model_spec(key)
        settings = resolve_settings(
            spec,
            "study",
            only_folds=folds,
            n_folds=N_FOLDS,
            epochs=epochs,
            batch_size=batch_size,
            representation=REPRESENTATION,
            seed=SEED,
        )
        (trained,) = train_networks(
            data, [(spec, settings)], out / key, device=device, resume=True, should_cancel=is_over
        )
        print(
            f"{datetime.now(UTC):%H:%M:%S} {key}, {folds} folds: {trained.run.figures.validation_accuracy}", flush=True
        )


def _steps() -> list[tuple[str, int, int, int]]:
    """(network, folds wanted, epochs, batch size) in order."""
    fast = [(key, n, *how) for n in range(1, N_FOLDS + 1) for key, *how in PLAN[:N_FAST]]
    slow = [(key, n, *how) for n in range(1, N_FOLDS + 1) for key, *how in PLAN[N_FAST:]]
    return [*fast, *slow]


def train_others(out: Path) -> None:
    """The 2D-CNN validated by sky blocks and with matched classes: what the audit compares the plain folds with."""
    from core.training.devices import prepare_device

    device = prepare_device()
    data = read_training_data(embedded_dataset())
    key, epochs, batch_size = PLAN[2]
    for validation in OTHER_VALIDATIONS:
        settings = resolve_settings(
            model_spec(key), "study", epochs=epochs, batch_size=batch_size, representation=REPRESENTATION,
            validation=validation, seed=SEED, only_folds=OTHER_FOLDS,
        )  # fmt: skip
        folder = out / f"{key}_{validation}"
        (trained,) = train_networks(data, [(model_spec(key), settings)], folder, device=device, resume=True)
        print(f"{datetime.now(UTC):%H:%M:%S} {folder.name}: {trained.run.figures}", flush=True)


def fit_all_baselines(out: Path) -> None:
    """Fit the baselines on the folds of the first network, once all of them are there."""
    data = read_training_data(embedded_dataset())
    print(json.dumps(fit_baselines(data, out / PLAN[0][0]), indent=1))


def pack(out: Path, target: Path) -> None:
    """Put the finished folds of every network into `target`: tables, and the first members in float16 that fit.

    A network without a finished fold in `out` stays in `target` as it is.
    """
    keys = [key for key, *_ in PLAN if finished_folds(out / key)]
    staying = [path for path in target.glob("*") if path.name not in keys and path.name in {key for key, *_ in PLAN}]
    others = [path for path in target.parent.rglob("*") if path.suffix in _WEIGHTS and target not in path.parents]
    others += [path for folder in staying for path in folder.glob("*") if path.suffix in _WEIGHTS]
    left = MOST_WEIGHT_BYTES - sum(path.stat().st_size for path in others if "local" not in path.parts)
    with atomic_path(target) as beside:
        beside.mkdir()
        for folder in staying:
            shutil.copytree(folder, beside / folder.name)
        for key in sorted(keys, key=lambda key: model_spec(key).parameters):
            left -= _pack_network(out / key, beside / key, left)
        for validation in OTHER_VALIDATIONS:
            name = f"{PLAN[2][0]}_{validation}"
            if finished_folds(out / name):
                _pack_network(out / name, beside / name, 0)  # for its tables: the plain run has the weights
        shutil.rmtree(target, ignore_errors=True)


def _pack_network(source: Path, target: Path, most_bytes: float) -> int:
    """Copy what is shipped of a run; the size of its weights, 0 if they would be larger than `most_bytes`."""
    target.mkdir(parents=True)
    run = run_store.assemble(source, state=FINISHED, error=None)
    member = target / f"{member_name(0)}.onnx"
    shutil.copy(source / member.name, member)
    store_weights_as_float16(member)
    size = member.stat().st_size
    if size > most_bytes:
        member.unlink()
        size = 0
    shipped = [entry.changed(keras=None) for entry in run.members[:1]] if size else []
    weights = "one member, its weights in float16" if size else "no weights, which would be too large"
    note = (
        f"Reference run on {run.device}, made on {run.started[:10]}: {len(run.members)} of {run.n_folds} "
        f"folds, {run.epochs} epochs at most. Shipped with the tables of all its folds and {weights}."
    )
    for name in _TABLES:
        table = pd.read_parquet(source / f"{name}.parquet")
        halves = dict.fromkeys(table.select_dtypes("float64").columns, np.float32)
        table.astype(halves).to_parquet(target / f"{name}.parquet", index=False, compression="zstd")
    for extra in ("representation.npz", BASELINE_FILE):
        if (source / extra).is_file():
            shutil.copy(source / extra, target)
    packed = run.changed(
        members=shipped,
        members_not_shipped=run.members[len(shipped) :],
        seconds=round(sum(member.seconds for member in run.members), 1),
        note=note,
    )
    write_run(target, packed)
    return size


def main() -> None:
    """Train, fit the baselines, or pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "others", "baselines", "pack"))
    parser.add_argument("--out", type=Path, required=True, help="Folder of the full runs.")
    parser.add_argument("--models", default=",".join(key for key, *_ in PLAN), help="Train these networks only.")
    parser.add_argument("--until", help="UTC time HH:MM at which training stops; what is finished stays.")
    arguments = parser.parse_args()
    if arguments.action == "pack":
        target = current_settings().reference_runs_dir
        pack(arguments.out, target)
        sizes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        print(f"{target}: {sizes / 1e6:.1f} MB")
        return
    if arguments.action == "others":
        train_others(arguments.out)
        return
    if arguments.action == "baselines":
        fit_all_baselines(arguments.out)
        return
    until = None
    if arguments.until:
        hour, minute = map(int, arguments.until.split(":"))
        until = datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    train(arguments.out, until, arguments.models.split(","))
    done = {key: len(finished_folds(arguments.out / key)) for key, *_ in PLAN}
    print(json.dumps(done))


if __name__ == "__main__":
    main()
