"""From a trained run to the shipped default ensemble: `python -m benchmarks.default_run RUN_DIR [TARGET]`.

Weights are rounded to float16, in the ONNX files and the `.keras` files the same, so that both give the same logits; of
the predictions a random part is shipped, drawn with a fixed seed.
"""

import argparse
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.evaluation.audit.record import figures_of
from core.settings import current_settings

N_SHIPPED = 40_000
"""Rows of each table of predictions."""
_LARGE = 256
_EPOCH = (2026, 1, 1, 0, 0, 0)
"""Date of the files inside a `.keras` archive, so that its bytes follow from the weights alone."""


def pack(source: Path, target: Path) -> None:
    """Write the shipped form of a run beside `target` and put it in its place."""
    run = json.loads((source / "run.json").read_text())
    with atomic_path(target.with_name(target.name + ".packed")) as beside:
        beside.mkdir()
        for name in ("curves.parquet", "representation.npz", "domain.npz"):
            shutil.copy(source / name, beside / name)
        for name in ("oof.parquet", "test.parquet"):
            _sample(source / name).to_parquet(beside / name, index=False, compression="zstd")
        tables = [pd.read_parquet(beside / name) for name in ("oof.parquet", "test.parquet")]
        run |= {"predictions_shipped": N_SHIPPED, "results_of_all_predictions": run["results"]}
        run["results"] = run["results"] | figures_of(*tables)
        for member in run["members"]:
            print(member["file"], *_pack_member(source, beside, member), flush=True)
        run["note"] = (
            "Weights rounded to float16 after training: stored so in the ONNX files, as float32 of the same values in "
            f"the .keras files. Of the out-of-fold and of the test predictions {N_SHIPPED:,} random ones are shipped."
        )
        (beside / "run.json").write_text(json.dumps(run, indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    target.with_name(target.name + ".packed").rename(target)


def _sample(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    rows = np.sort(np.random.default_rng(1).permutation(len(table))[:N_SHIPPED])
    halves = dict.fromkeys(table.select_dtypes("float64").columns, np.float32)
    return table.iloc[rows].astype(halves)


def _pack_member(source: Path, target: Path, member: dict) -> tuple[int, int]:
    """Both files of a member; their sizes in bytes."""
    import keras

    from core.training.export import save_keras, store_weights_as_float16

    onnx_file, keras_file = target / member["file"], target / member["keras"]
    shutil.copy(source / member["file"], onnx_file)
    store_weights_as_float16(onnx_file)
    model = keras.saving.load_model(source / member["keras"], compile=False, safe_mode=True)
    model.set_weights([w.astype(np.float16).astype(np.float32) if w.size >= _LARGE else w for w in model.get_weights()])
    save_keras(model, keras_file)
    packed = keras_file.with_name("packed.zip")
    with zipfile.ZipFile(keras_file) as loose, zipfile.ZipFile(packed, "w") as tight:
        for item in loose.infolist():
            tight.writestr(
                zipfile.ZipInfo(item.filename, _EPOCH), loose.read(item), zipfile.ZIP_DEFLATED, compresslevel=9
            )
    packed.replace(keras_file)
    return onnx_file.stat().st_size, keras_file.stat().st_size


def main() -> None:
    """Pack a run."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="Folder of the trained run.")
    parser.add_argument("target", type=Path, nargs="?", default=current_settings().default_run_dir)
    arguments = parser.parse_args()
    pack(arguments.run, arguments.target)


if __name__ == "__main__":
    main()
