"""From a trained run to the shipped default ensemble: `python -m benchmarks.default_run RUN_DIR [TARGET]`.

Members are shipped as ONNX with their weights in float16, from which `core.explanation.stored_weights` makes Keras
networks again; of the predictions a random part is shipped, drawn with a fixed seed.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.runs.run import read_run, write_run
from core.runs.store import figures_of
from core.settings import current_settings
from core.training.export import store_weights_as_float16

N_SHIPPED = 40_000
"""Rows of each table of predictions."""


def pack(source: Path, target: Path) -> None:
    """Write the shipped form of a run beside `target` and put it in its place."""
    run = read_run(source)
    with atomic_path(target.with_name(target.name + ".packed")) as beside:
        beside.mkdir()
        for name in ("curves.parquet", "representation.npz", "domain.npz"):
            shutil.copy(source / name, beside / name)
        if (source / "real_oof.parquet").exists():
            shutil.copy(source / "real_oof.parquet", beside / "real_oof.parquet")
        for name in ("oof.parquet", "test.parquet"):
            _sample(source / name).to_parquet(beside / name, index=False, compression="zstd")
        tables = [pd.read_parquet(beside / name) for name in ("oof.parquet", "test.parquet")]
        for member in run.members:
            shutil.copy(source / member.file, beside / member.file)
            store_weights_as_float16(beside / member.file)
        note = (
            "Weights rounded to float16 after training. Of the out-of-fold and of the test predictions "
            f"{N_SHIPPED:,} random ones are shipped."
        )
        packed = run.changed(
            members=[member.changed(keras=None) for member in run.members],
            results=figures_of(*tables),
            results_of_all_predictions=run.results,
            predictions_shipped=N_SHIPPED,
            note=note,
        )
        write_run(beside, packed)
    shutil.rmtree(target, ignore_errors=True)
    target.with_name(target.name + ".packed").rename(target)


def _sample(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    rows = np.sort(np.random.default_rng(1).permutation(len(table))[:N_SHIPPED])
    halves = dict.fromkeys(table.select_dtypes("float64").columns, np.float32)
    return table.iloc[rows].astype(halves)


def main() -> None:
    """Pack a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="Folder of the trained run.")
    parser.add_argument("target", type=Path, nargs="?", default=current_settings().default_run_dir)
    arguments = parser.parse_args()
    pack(arguments.run, arguments.target)


if __name__ == "__main__":
    main()
