"""Second stage of the default ensemble: `python -m recipes.second_stage TRAIN_FILE FIRST OUT --copies FILE`.

Members of FIRST (`recipes.default_run`) go on for a short cycle at a lower rate, on many more copies of real stars and
on all simulated stars, which weigh less there; among them hot stars, above all those just below 8 suns, hot subdwarfs
and metal-poor stars weigh more than the others. Folds are those of the first stage: a member still never sees its real
fold. Resumable.
"""

import argparse
import json
import time
from dataclasses import dataclass
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
from recipes.default_run import THREADS, MixedPreparation, mixed, read_copies, seconds_of

SIMULATED, HOT, NEAR_THE_LIMIT = 0.28, 0.6, 4.0
"""Weight of a simulated star; of one of `HOT_KINDS`; of a low-mass one of these above `NEAR_LIMIT_MSUN`: on the sky
such stars are nearly all contaminants of a pure sample, in the draw one in thirty."""
SUBDWARFS, METAL_POOR, REAL = 5.0, 1.0, 2.0
"""Of a hot subdwarf; of a low-mass star of [M/H] < -0.8; of a copy of a real star."""
BARE_MASSIVE, BARE_A_V_MAG = 0.6, 0.6
"""At most, of a massive star behind less dust than that."""
HOT_KINDS = ("B0-B2", "B3-B5", "B6-B9", "Be", "O", "OB supergiant", "Herbig")
NEAR_LIMIT_MSUN = 4.0
BATCH = 1024


@dataclass(frozen=True)
class Cycle:
    """Epochs and the peak of the learning rate."""

    epochs: int = 3
    peak_rate: float = 0.0025


CYCLE = Cycle()


def weights(data: TrainingData) -> np.ndarray:
    """How much each simulated star counts, float32 (n,)."""
    table, hot = data.metadata, data.metadata["category"].isin(HOT_KINDS).to_numpy()
    result = np.where(hot, HOT, SIMULATED).astype(np.float32)
    result[(data.label == 0) & (table["true_mh"] < -0.8).to_numpy()] = METAL_POOR
    result[(table["category"] == "hot subdwarf").to_numpy()] = SUBDWARFS
    result[hot & (data.label == 0) & (table["true_mass"] > NEAR_LIMIT_MSUN).to_numpy()] = NEAR_THE_LIMIT
    bare = (data.label == 1) & (table["true_a_v"] < BARE_A_V_MAG).to_numpy()
    result[bare] = np.minimum(result[bare], BARE_MASSIVE)
    return result


def second_stage(
    train_file: Path,
    first: Path,
    out: Path,
    copies_file: Path,
    leave_out: set[int] | None = None,
    only: tuple[int, ...] = (),
    cycle: Cycle = CYCLE,
) -> Run:
    """Train the members that `out` lacks; returns the run.

    `leave_out`: source ids of real stars that no member may see. `only`: the members to train here (empty: all).
    """
    run, device = read_run(first), prepare_device(THREADS)
    if run.settings is None or run.learnt_from is None:
        raise RunError(f"{first} does not tell its settings or what it learnt from: make it by recipes.default_run")
    with np.load(first / "representation.npz") as stored:
        fitted = FittedInputs(None, {name: stored[name] for name in stored.files})
    data = read_training_data(train_file)
    simulated = Preparation(model_spec(run.model), run.settings, data, folds_of(data, run.settings), fitted)
    copies = read_copies(copies_file, leave_out or set())
    if copies is None:
        raise UsageError("the second stage needs copies of real stars (--copies)")
    lesson = mixed(simulated, copies)
    weight = np.concatenate([weights(data), np.full(len(copies["label"]), REAL, dtype=np.float32)])
    learnt_from = run.learnt_from.changed(
        real_stars=len(np.unique(copies["source_id"])),
        second_stage_rows=len(copies["label"]),
        second_stage_massive_rows=int(copies["label"].sum()),
        second_stage_epochs=(run.learnt_from.second_stage_epochs or 0) + cycle.epochs,
    )
    description = run.changed(learnt_from=learnt_from, members=[], results=None, seconds=0.0)
    with run_store.open_run(out, description, resume=True):
        run_store.store_representation_state(out, fitted.representation_state)
        store_out_of_distribution(out, data.flux, simulated.folds.all_train_rows)
        del data, simulated
        for entry in run.members:
            if entry.fold in (only or [entry.fold]) and entry.fold not in run_store.finished_folds(out):
                _second_member(lesson, (weight, cycle), (first, out), entry, device)
        return run_store.assemble(out, state=FINISHED, seconds=seconds_of(out))


def _second_member(
    lesson: MixedPreparation, how: tuple[np.ndarray, Cycle], folders: tuple[Path, Path], entry: Member, device: str
) -> None:
    """Go on with one member of the first folder and store it in the second."""
    weight, cycle = how
    (first, out), fold, started = folders, entry.fold, time.monotonic()
    rows = lesson.folds.train_rows(fold)
    checked = lesson.folds.validation_rows(fold)
    parts = [(lesson.inputs.rows(some), lesson.targets[some], weight[some]) for some in (rows, checked)]
    member = _go_on(first / f"{run_store.member_name(fold)}.keras", (parts[0], parts[1]), entry, cycle)
    seconds = time.monotonic() - started + entry.seconds
    store_member(lesson, out, fold, member, seconds=seconds, device=device, first_stage_weights_hash=entry.weights_hash)
    print(f"member {fold}: {len(rows)} rows, loss {member.curves['loss'].iloc[-1]:.4f}", flush=True)
    del member
    free_memory()


def _go_on(path: Path, lesson: tuple, entry: Member, cycle: Cycle) -> FittedMember:
    import keras

    from core.training.loss import make_loss

    (arrays, target, weight), (checked, known, checked_weight) = lesson
    fold = entry.fold
    before = pd.read_parquet(path.with_name("curves.parquet"))
    before = before[before["fold"] == fold]
    keras.utils.set_random_seed(member_seed(99, fold))
    model = keras.models.load_model(path, compile=False)
    steps = cycle.epochs * -(-len(target) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(OneCycle(cycle.peak_rate, steps), weight_decay=0.01),
        loss=make_loss("positive", target, positive_weight=_balance(target, weight)),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
        steps_per_execution=16,
        jit_compile=False,
    )
    history = model.fit(
        arrays,
        target[:, None],
        sample_weight=weight / weight.mean(),
        validation_data=(checked, known[:, None], checked_weight),
        batch_size=BATCH,
        validation_batch_size=4096,
        epochs=cycle.epochs,
        verbose=0,
    ).history
    curves = pd.DataFrame(
        {
            "fold": fold,
            "epoch": int(before["epoch"].max()) + 1 + np.arange(cycle.epochs),
            "loss": history["loss"],
            "val_loss": history["val_loss"],
            "accuracy": history["accuracy"],
            "val_accuracy": history["val_accuracy"],
            "learning_rate": cycle.peak_rate,
            "seconds": np.nan,
        }
    )
    curves = pd.concat([before, curves], ignore_index=True)
    return FittedMember(model, curves, len(curves), entry.initial_weights_hash, weights_hash(model), False)


def _balance(target: np.ndarray, weight: np.ndarray) -> float:
    """The factor on massive stars with which both classes weigh alike."""
    massive = float(np.sum(target * weight))
    return (float(np.sum(weight)) - massive) / massive


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train_file", "first", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--copies", type=Path, required=True)
    parser.add_argument("--only", type=int, nargs="+", default=[], help="Train these members alone.")
    parser.add_argument("--epochs", type=int, default=CYCLE.epochs)
    parser.add_argument("--peak-rate", type=float, default=CYCLE.peak_rate)
    arguments = parser.parse_args()
    cycle = Cycle(arguments.epochs, arguments.peak_rate)
    run = second_stage(
        arguments.train_file, arguments.first, arguments.out, arguments.copies, only=tuple(arguments.only), cycle=cycle
    )
    print(json.dumps(run.figures.as_dict()))


if __name__ == "__main__":
    main()
