"""Second stage of the default ensemble: `python -m recipes.second_stage TRAIN_FILE FIRST OUT --copies FILE`.

Members of FIRST (`recipes.default_run`) go on for a short cycle at a lower rate, on many more copies of real stars and
on a third of the simulated stars, in which hot subdwarfs and metal-poor stars come more often and massive stars without
dust less often, as in the sky. Folds are those of the first stage: a member still never sees its real fold. Resumable.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.training_data import TrainingData, read_training_data
from core.errors import RunError, UsageError
from core.runs import store as run_store
from core.runs.run import FINISHED, Member, Run, read_run
from core.training.devices import prepare_device
from core.training.fit import FittedMember, free_memory, member_seed, weights_hash
from core.training.inputs import FittedInputs
from core.training.member import store_member
from core.training.network import Preparation, folds_of
from core.training.schedule import OneCycle
from core.verdict.out_of_distribution import store_out_of_distribution
from models.registry import model_spec
from recipes.default_run import MixedPreparation, mixed, read_copies, seconds_of

SHARE, SUBDWARFS, METAL_POOR, BARE_MASSIVE = 0.28, 1.0, 0.7, 0.07
"""Chance that a simulated star is taken; a hot subdwarf; a low-mass star of [M/H] < -0.8; a massive star behind less
than BARE_A_V_MAG."""
BARE_A_V_MAG = 0.6
PEAK_RATE, EPOCHS, BATCH = 0.0018, 2, 512


def chance(data: TrainingData) -> np.ndarray:
    """How probably each simulated star takes part."""
    table = data.metadata
    result = np.full(len(data), SHARE)
    result[(data.label == 0) & (table["true_mh"] < -0.8).to_numpy()] = METAL_POOR
    result[(table["category"] == "hot subdwarf").to_numpy()] = SUBDWARFS
    result[(data.label == 1) & (table["true_a_v"] < BARE_A_V_MAG).to_numpy()] = BARE_MASSIVE
    return result


def second_stage(train_file: Path, first: Path, out: Path, copies_file: Path) -> Run:
    """Train the members that `out` lacks; returns the run."""
    run, device = read_run(first), prepare_device(2)
    if run.settings is None or run.learnt_from is None:
        raise RunError(f"{first} does not tell its settings or what it learnt from: make it by recipes.default_run")
    with np.load(first / "representation.npz") as stored:
        fitted = FittedInputs(None, {name: stored[name] for name in stored.files})
    data = read_training_data(train_file)
    simulated = Preparation(model_spec(run.model), run.settings, data, folds_of(data, run.settings), fitted)
    copies = read_copies(copies_file, set())
    if copies is None:
        raise UsageError("the second stage needs copies of real stars (--copies)")
    lesson = mixed(simulated, copies)
    taken = np.concatenate([chance(data), np.ones(len(copies["label"]))])
    learnt_from = run.learnt_from.changed(
        real_stars=len(np.unique(copies["source_id"])),
        second_stage_rows=len(copies["label"]),
        second_stage_massive_rows=int(copies["label"].sum()),
        second_stage_epochs=EPOCHS,
    )
    description = run.changed(learnt_from=learnt_from, members=[], results=None, seconds=0.0)
    with run_store.open_run(out, description, resume=True):
        run_store.store_representation_state(out, fitted.representation_state)
        store_out_of_distribution(out, data.flux, simulated.folds.all_train_rows)
        del data, simulated
        for entry in run.members:
            if entry.fold not in run_store.finished_folds(out):
                _second_member(lesson, taken, (first, out), entry, device)
        return run_store.assemble(out, state=FINISHED, seconds=seconds_of(out))


def _second_member(
    lesson: MixedPreparation, taken: np.ndarray, folders: tuple[Path, Path], entry: Member, device: str
) -> None:
    """Go on with one member of the first folder and store it in the second."""
    (first, out), fold, started = folders, entry.fold, time.monotonic()
    rng = np.random.default_rng([2, member_seed(lesson.settings.seed, fold)])
    rows = lesson.folds.train_rows(fold)
    rows = rows[rng.random(len(rows)) < taken[rows]]
    checked = lesson.folds.validation_rows(fold)
    parts = [(lesson.inputs.rows(some), lesson.targets[some]) for some in (rows, checked)]
    member = _go_on(first / f"{run_store.member_name(fold)}.keras", (parts[0], parts[1]), entry)
    seconds = time.monotonic() - started + entry.seconds
    store_member(lesson, out, fold, member, seconds=seconds, device=device, first_stage_weights_hash=entry.weights_hash)
    print(f"member {fold}: {len(rows)} rows, loss {member.curves['loss'].iloc[-1]:.4f}", flush=True)
    del member
    free_memory()


def _go_on(path: Path, lesson: tuple, entry: Member) -> FittedMember:
    import keras

    from core.training.loss import make_loss

    (arrays, target), (checked, known) = lesson
    fold = entry.fold
    before = pd.read_parquet(path.with_name("curves.parquet"))
    before = before[before["fold"] == fold]
    keras.utils.set_random_seed(member_seed(99, fold))
    model = keras.models.load_model(path, compile=False)
    steps = EPOCHS * -(-len(target) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(OneCycle(PEAK_RATE, steps), weight_decay=0.01),
        loss=make_loss("balanced", target),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
        steps_per_execution=16,
        jit_compile=False,
    )
    history = model.fit(
        arrays,
        target[:, None],
        validation_data=(checked, known[:, None]),
        batch_size=BATCH,
        validation_batch_size=4096,
        epochs=EPOCHS,
        verbose=0,
    ).history
    curves = pd.DataFrame(
        {
            "fold": fold,
            "epoch": int(before["epoch"].max()) + 1 + np.arange(EPOCHS),
            "loss": history["loss"],
            "val_loss": history["val_loss"],
            "accuracy": history["accuracy"],
            "val_accuracy": history["val_accuracy"],
            "learning_rate": PEAK_RATE,
            "seconds": np.nan,
        }
    )
    curves = pd.concat([before, curves], ignore_index=True)
    return FittedMember(model, curves, len(curves), entry.initial_weights_hash, weights_hash(model), False)


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train_file", "first", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--copies", type=Path, required=True)
    arguments = parser.parse_args()
    run = second_stage(arguments.train_file, arguments.first, arguments.out, arguments.copies)
    print(json.dumps(run.figures.as_dict()))


if __name__ == "__main__":
    main()
