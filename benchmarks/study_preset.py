"""The study preset to its end for the five fast networks: all folds, 50 epochs at most, as a job on this machine.

    python -m benchmarks.study_preset --out FOLDER [--stars 23636]   # again with the same FOLDER to go on

The published settings (batch sizes, learning rate, early stopping, L2 norm) on a simulated training set; with all the
stars of the embedded set two cores are busy for an hour. FOLDER keeps the runs; the table says what they reach and how
long they take.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

from benchmarks.report import write_table
from core.runs.run import read_run
from models.registry import model_spec

FAST = ("wide", "deep", "starnet", "cnn_2d", "cnn")
NAME = "study"


def main() -> None:
    """Train what is missing, and write benchmarks/results/study_preset.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="Folder of the runs.")
    parser.add_argument("--models", default=",".join(FAST))
    parser.add_argument("--stars", type=int, default=6_000)
    options = parser.parse_args()
    os.environ["EXPLORER_DATA_DIR"] = str(options.out.resolve())
    keys = options.models.split(",")
    start = time.perf_counter()
    _train(keys, options.out / f"training-{options.stars}.parquet", options.stars)
    minutes = (time.perf_counter() - start) / 60
    rows = [_row(options.out / "runs" / NAME / key) for key in keys]
    text = (
        f"All ten folds of {options.stars:,} simulated stars (a fifth held out) with `--preset study`: 50 epochs at "
        "most, patience 10, the published batch sizes and representation. As many folds side by side as the machine "
        f"has cores; this call took {minutes:.0f} minutes. Command: "
        f"`python -m benchmarks.study_preset --out FOLDER --stars {options.stars}`."
    )
    write_table("study_preset", "The study preset", [text], rows, packages=("tensorflow-cpu", "keras", "distributed"))


def _train(keys: list[str], data: Path, n_stars: int) -> None:
    from core.jobs.job import FINISHED
    from core.runs.settings import resolve_settings
    from core.simulation.draw import simulate
    from core.training.job import submit_training

    if not data.is_file():
        data.parent.mkdir(parents=True, exist_ok=True)
        simulate("training", n_stars, 1, data)
    specs = [model_spec(key) for key in keys]
    choices = [(spec, resolve_settings(spec, "study")) for spec in specs]
    job = submit_training(data, choices, NAME, "The study preset")
    while (state := job.state()).ended is None:
        time.sleep(1.0)
    if state.state != FINISHED:
        raise RuntimeError(state.message)


def _row(folder: Path) -> dict[str, object]:
    run = read_run(folder)
    return {
        "network": run.title,
        "batch": run.batch_size,
        "folds": len(run.members),
        "accuracy": f"{run.figures.validation_accuracy:.4f} ± {run.figures.validation_accuracy_std:.4f}",
        "ROC-AUC": run.figures.validation_roc_auc,
        "test accuracy": run.figures.test_accuracy,
        "best epoch, median": statistics.median(member.best_epoch for member in run.members),
        "seconds a fold, median": statistics.median(member.seconds for member in run.members),
    }


if __name__ == "__main__":
    main()
