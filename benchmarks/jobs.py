"""Training as a job: from the click to the first epoch, and folds side by side against one after the other.

python -m benchmarks.jobs [--folds 4] [--epochs 4]

Both ways train the same folds of the Deep ANN on the embedded data set: the job on all workers of this machine, the
serial way in one process with all its threads. The job's runner is started by the first job; the second finds it warm.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import write_table
from core.datasets.embedded import embedded_dataset
from core.settings import PROJECT_ROOT

MODEL, BATCH = "deep", 256
_SERIAL = """
import sys
from benchmarks.jobs import train_serially
train_serially(*sys.argv[1:])
"""
FIRST_EPOCH_AIM_S = 15


def settings_of(folds: int, epochs: int):
    """The same for both ways."""
    from core.runs.settings import resolve_settings
    from models.registry import model_spec

    spec = model_spec(MODEL)
    return spec, resolve_settings(spec, "quick", n_folds=folds, epochs=epochs, patience=epochs, batch_size=BATCH)


def train_serially(data: str, out: str, folds: str, epochs: str) -> None:
    """In this process, fold by fold."""
    from core.datasets.training_data import read_training_data
    from core.training.devices import prepare_device
    from core.training.train import train

    device = prepare_device()
    train(read_training_data(data), [settings_of(int(folds), int(epochs))], out, device=device)


def run_job(data: Path, name: str, folds: int, epochs: int) -> tuple[float, float]:
    """Seconds from the submission to the first epoch and to the end."""
    from core.jobs.job import FINISHED, read_events
    from core.training.job import submit_training

    start = time.perf_counter()
    job = submit_training(data, [settings_of(folds, epochs)], name, name)
    first = None
    while True:
        if first is None and any(event["event"] == "epoch" for events in read_events(job).values() for event in events):
            first = time.perf_counter() - start
        state = job.state()
        if state.ended is not None:
            break
        time.sleep(0.02)
    if state.state != FINISHED:
        raise RuntimeError(state.message)
    return first or float("nan"), time.perf_counter() - start


def main() -> None:
    """Measure and write benchmarks/results/jobs.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    data = embedded_dataset()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"EXPLORER_DATA_DIR": folder, "EXPLORER_RUNNER_IDLE_S": "20"}
        cold, cold_end = run_job(data, "cold", options.folds, options.epochs)
        warm, warm_end = run_job(data, "warm", options.folds, options.epochs)
        time.sleep(25)  # the runner goes, and its workers with it
        start = time.perf_counter()
        arguments = [str(data), f"{folder}/serial", str(options.folds), str(options.epochs)]
        subprocess.run([sys.executable, "-c", _SERIAL, *arguments], cwd=PROJECT_ROOT, check=True, capture_output=True)
        serial = time.perf_counter() - start
    work = f"{options.folds} folds, {options.epochs} epochs each"
    aim = FIRST_EPOCH_AIM_S
    rows = [
        {"what": "first job: to the first epoch", "seconds": cold, "aim (s)": aim, "times the serial way": ""},
        {"what": "second job: to the first epoch", "seconds": warm, "aim (s)": aim, "times the serial way": ""},
        {"what": f"first job, {work}", "seconds": cold_end, "aim (s)": "", "times the serial way": cold_end / serial},
        {"what": f"second job, {work}", "seconds": warm_end, "aim (s)": "", "times the serial way": warm_end / serial},
        {"what": f"one after the other, {work}", "seconds": serial, "aim (s)": "", "times the serial way": 1.0},
    ]
    text = (
        f"Deep ANN on the embedded set, batches of {BATCH}; start of Python and TensorFlow included. Load average "
        f"{load:.1f} at the start. Command: `python -m benchmarks.jobs --folds {options.folds} --epochs "
        f"{options.epochs}`."
    )
    write_table("jobs", "Training as a job", [text], rows, packages=("tensorflow-cpu", "keras", "distributed"))


if __name__ == "__main__":
    main()
