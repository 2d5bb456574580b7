"""The reference runs: all ten networks on one data set and one fold map, ten folds each, by the study's protocol.

    python -m benchmarks.reference_runs train --out STORE [--until 21:05]  # again, anywhere, to go on
    python -m benchmarks.reference_runs others --out STORE                 # one network on the other kinds of folds
    python -m benchmarks.reference_runs baselines --out STORE              # on the same folds
    python -m benchmarks.reference_runs status --out STORE
    python -m benchmarks.reference_runs again --out STORE --models wide    # a fold once more from its seed: the same?
    python -m benchmarks.reference_runs estimate --out STORE               # two epochs of each network on this machine
    python -m benchmarks.reference_runs pack --out STORE --into RUNS       # run folders, as they are shipped

STORE holds of every finished fold what is shipped of it (`core.runs.fold_store`): a few tens of kilobytes that may be
committed, and that another machine goes on from. A fold is believed by its hashes; one that rests on other stars,
folds, settings or versions is refused with the difference, a damaged one is trained again. Two processes, or two
machines, share the work by `--models`.

First all folds of the fast five, one after the other; then fold 0 of the slow five, fold 1, and so on.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.reference_packing import pack
from core.atomic import atomic_path
from core.claims import locked
from core.datasets.embedded import COMING, embedded_dataset
from core.datasets.training_data import TrainingData, read_training_data
from core.errors import ExplorerError, RunError
from core.runs.fold_store import grounds_of, keep_fold, keep_fold_map, kept_folds, read_fold
from core.runs.run import Run
from core.runs.settings import TrainingSettings, resolve_settings
from core.runs.store import FoldResult, member_name, store_representation_state
from core.runs.store import read_fold as read_stored_fold
from core.training.baselines import store_baselines
from core.training.export import store_weights_as_float16
from core.training.member import train_member
from core.training.network import Preparation, folds_of, prepare, run_description
from models.registry import model_spec

FAST = ("wide", "deep", "cnn_2d", "starnet", "cnn")
SLOW = ("cnn_gru", "cnn_lstm", "stellarnet", "cnn_attention", "fcn")
PRESET = "study"
REPRESENTATION = "standardised"
"""Learns in a few epochs what the small numbers of the published L2 norm need tens for."""
N_FOLDS = 10
SEED = 1
OTHER_NETWORK, OTHER_VALIDATIONS, OTHER_FOLDS = "cnn_2d", ("sky", "matched"), 5
BASELINES = "baselines"
_RESTS_ON = "rests_on.json"


def settings_of(key: str, **changes) -> TrainingSettings:
    """50 epochs at most, patience 10, the weights of the best epoch, the published batch size."""
    wanted = {"n_folds": N_FOLDS, "representation": REPRESENTATION, "seed": SEED} | changes
    return resolve_settings(model_spec(key), PRESET, **wanted)


def data_of(file: Path | None) -> TrainingData:
    """The labelled stars of a file; else the embedded set of the present draw, made where it is not there yet."""
    return read_training_data(file or embedded_dataset(edition=COMING))


def steps(keys: list[str], n_folds: int = N_FOLDS) -> list[tuple[str, int]]:
    """(network, fold) in the order in which they are trained."""
    fast = [(key, fold) for key in FAST for fold in range(n_folds)]
    slow = [(key, fold) for fold in range(n_folds) for key in SLOW]
    return [(key, fold) for key, fold in (*fast, *slow) if key in keys]


class Trainer:
    """Trains folds into a store; `is_over` is asked a few times a second, and ends the fold at work without it."""

    def __init__(
        self, store: Path, data: TrainingData, is_over: Callable[[], bool], *, threads: int | None = None, **changes
    ) -> None:
        from core.training.devices import prepare_device

        self.store, self.data, self.is_over, self.changes = store, data, is_over, changes
        self.device = prepare_device(threads)
        self._at_work: tuple[str, Preparation] | None = None

    def prepared(self, key: str, validation: str = "plain") -> Preparation:
        """A network's inputs; those of the last one are kept."""
        name = f"{key} {validation}"
        if self._at_work is None or self._at_work[0] != name:
            settings = settings_of(key, validation=validation, **self.changes)
            self._at_work = name, prepare(self.data, model_spec(key), settings)
        return self._at_work[1]

    def folds_kept(self, folder: Path, key: str, validation: str = "plain") -> tuple[Run, list[int]]:
        """What a network's folds would rest on here, and which of them are there."""
        run = run_description(self.prepared(key, validation), self.device)
        return run, kept_folds(folder, run, on_damage=lambda text: print(text, flush=True))

    def train(self, key: str, fold: int, *, validation: str = "plain", folder: Path | None = None) -> bool:
        """Train a fold unless it is kept, or another process is at this network; False where the time is over."""
        folder = folder or self.store / key
        prepared = self.prepared(key, validation)
        with locked(folder / ".lock") as mine:
            if not mine:
                print(f"{key}: another process is at work in {folder}", flush=True)
                return True
            run, kept = self.folds_kept(folder, key, validation)
            if fold in kept:
                return True
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="fold-") as work:
                if not train_member(prepared, Path(work), fold, self.device, should_cancel=self.is_over):
                    return False
                result = self._keep(Path(work), folder, run, fold, prepared)
            self._say(folder, result, len(kept) + 1, time.monotonic() - began)
        return True

    def _keep(self, work: Path, folder: Path, run: Run, fold: int, prepared: Preparation) -> FoldResult:
        member = None
        if fold == 0 and prepared.settings.validation == "plain":
            member = work / f"{member_name(0)}.onnx"
            store_weights_as_float16(member)
        store_representation_state(folder, prepared.fitted.representation_state)
        result = read_stored_fold(work, fold)
        keep_fold(folder, run, result, member)
        return result

    def _say(self, folder: Path, result: FoldResult, n_kept: int, seconds: float) -> None:
        member, limit = result.member, self._at_work[1].settings.epochs if self._at_work else 0
        print(
            f"{datetime.now(UTC):%H:%M:%S} {folder.name} fold {member.fold} ({n_kept} kept): validation accuracy "
            f"{accuracy(result):.4f}, best epoch {member.best_epoch} of {member.epochs} "
            f"({'limit' if member.epochs >= limit else 'patience'}), {seconds:.0f} s",
            flush=True,
        )


def train_all(trainer: Trainer, keys: list[str], n_folds: int) -> None:
    """Train what is missing, in order, until it is done or the time is over."""
    keep_fold_map(trainer.store, trainer.data, folds_of(trainer.data, settings_of("wide", **trainer.changes)))
    for key, fold in steps(keys, n_folds):
        if trainer.is_over() or not trainer.train(key, fold):
            return


def train_others(trainer: Trainer) -> None:
    """The 2D-CNN validated by sky blocks and with matched classes: what the audit compares the plain folds with."""
    for validation in OTHER_VALIDATIONS:
        folder = trainer.store / f"{OTHER_NETWORK}_{validation}"
        keep_fold_map(folder, trainer.data, trainer.prepared(OTHER_NETWORK, validation).folds)
        for fold in range(OTHER_FOLDS):
            if trainer.is_over() or not trainer.train(OTHER_NETWORK, fold, validation=validation, folder=folder):
                return


def fit_all_baselines(store: Path, data: TrainingData, **changes) -> None:
    """Fit the baselines on the fold map, unless they are there and rest on the same."""
    folds = folds_of(data, settings_of("wide", **changes))
    keep_fold_map(store, data, folds)
    run = run_description(prepare(data, model_spec("wide"), settings_of("wide", **changes)), "")
    of = ("data", "folds", "versions.scikit-learn", "versions.numpy")
    rests_on = {name: value for name, value in grounds_of(run).items() if name in of}
    note = store / BASELINES / _RESTS_ON
    if note.is_file() and json.loads(note.read_text())["rests_on"] == rests_on:
        print(note.read_text())
        return
    note.parent.mkdir(parents=True, exist_ok=True)
    figures = store_baselines(data, folds.fold, list(range(folds.n_folds)), note.parent)
    with atomic_path(note) as beside:
        beside.write_text(json.dumps({"rests_on": rests_on, "figures": figures}, indent=1))
    print(note.read_text())


def status(trainer: Trainer, keys: list[str]) -> None:
    """How many folds of each network are kept and trusted, and what ended them."""
    fold_map = keep_fold_map(trainer.store, trainer.data, trainer.prepared("wide").folds)
    for key in (*FAST, *SLOW):
        if key not in keys:
            continue
        _, kept = trainer.folds_kept(trainer.store / key, key)
        members = [read_fold(trainer.store / key, fold, fold_map).member for fold in kept]
        limit = settings_of(key, **trainer.changes).epochs
        n_limit = sum(member.epochs >= limit for member in members)
        seconds = sum(member.seconds for member in members)
        print(f"{key:14} {len(kept):2} of {N_FOLDS} folds; ended by patience {len(kept) - n_limit}, limit {n_limit}; "
              f"{seconds:,.0f} s")  # fmt: skip


def again(trainer: Trainer, key: str, fold: int) -> float:
    """Train a kept fold once more from its seed; the difference in validation accuracy."""
    fold_map = keep_fold_map(trainer.store, trainer.data, trainer.prepared(key).folds)
    first = read_fold(trainer.store / key, fold, fold_map)
    with tempfile.TemporaryDirectory(prefix="fold-") as work:
        if not train_member(trainer.prepared(key), Path(work), fold, trainer.device, should_cancel=trainer.is_over):
            raise RunError(f"{key}, fold {fold}: stopped before it was done")
        second = read_stored_fold(Path(work), fold)
    one, two = (accuracy(result) for result in (first, second))
    print(f"{key} fold {fold}: validation accuracy {one:.4f} and {two:.4f}, difference {two - one:+.4f}; weights "
          f"{first.member.weights_hash} and {second.member.weights_hash}")  # fmt: skip
    return two - one


def accuracy(result: FoldResult) -> float:
    """Of verdicts at a logit of 0: no calibration of its own folds in it."""
    return float(((result.oof["logit"] >= 0) == (result.oof["label"] == 1)).mean())


def estimate(trainer: Trainer, keys: list[str]) -> None:
    """Two epochs of each network's first fold; the second one says what an epoch takes, the first compiles."""
    from core.training.fit import EpochEvent, fit_member, free_memory

    for key in (*FAST, *SLOW):
        if key not in keys:
            continue
        prepared, taken = trainer.prepared(key), []
        settings = prepared.settings.changed(epochs=2)
        rows = prepared.folds.validation_rows(0)
        validation = (prepared.inputs.rows(rows), prepared.data.label[rows])

        def note(event: EpochEvent, taken: list[float] = taken) -> None:
            taken.append(event.seconds)

        fit_member(prepared.spec, prepared.learnt(0), validation, settings, 0, on_epoch=note)
        free_memory()
        limit = prepared.settings.epochs
        print(f"{key:14} batch {settings.batch_size}: first epoch {taken[0]:.1f} s, then {taken[1]:.1f} s; a fold of "
              f"{limit} epochs {limit * taken[1] / 60:.1f} min at most", flush=True)  # fmt: skip


def _deadline(text: str | None) -> datetime | None:
    if not text:
        return None
    now = datetime.now(UTC)
    hour, minute = map(int, text.split(":"))
    until = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return until if until > now else until + timedelta(days=1)


def main() -> None:
    """Train, fit the baselines, look at what there is, or pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = ("train", "others", "baselines", "status", "again", "estimate", "pack")
    parser.add_argument("action", choices=actions)
    parser.add_argument("--out", type=Path, required=True, help="The store.")
    parser.add_argument("--data", type=Path, help="Labelled spectra; default: the embedded set of the present draw.")
    parser.add_argument("--models", default=",".join((*FAST, *SLOW)), help="These networks only.")
    parser.add_argument("--folds", type=int, default=N_FOLDS, help="Train the first so many folds.")
    parser.add_argument("--fold", type=int, default=0, help="Of 'again'.")
    parser.add_argument("--epochs", type=int, help="Another limit than the study's 50.")
    parser.add_argument("--threads", type=int, help="CPU threads; default: all.")
    parser.add_argument("--until", help="UTC time HH:MM at which training stops; what is finished stays.")
    parser.add_argument("--into", type=Path, help="Folder that 'pack' writes run folders into.")
    arguments = parser.parse_args()
    keys = [key for key in (*FAST, *SLOW) if key in arguments.models.split(",")]
    if unknown := set(arguments.models.split(",")) - set(keys):
        parser.error(f"unknown networks: {', '.join(sorted(unknown))}")
    if arguments.action == "pack":
        if arguments.into is None:
            parser.error("pack needs --into FOLDER")
        print(pack(arguments.out, arguments.into))
        return
    changes = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    data = data_of(arguments.data)
    if arguments.action == "baselines":
        fit_all_baselines(arguments.out, data, **changes)
        return
    until, stopped = _deadline(arguments.until), []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))

    def is_over() -> bool:
        return bool(stopped) or (until is not None and datetime.now(UTC) >= until)

    trainer = Trainer(arguments.out, data, is_over, threads=arguments.threads, **changes)
    if arguments.action == "train":
        train_all(trainer, keys, arguments.folds)
    elif arguments.action == "others":
        train_others(trainer)
    elif arguments.action == "again":
        again(trainer, keys[0], arguments.fold)
    elif arguments.action == "estimate":
        estimate(trainer, keys)
    if arguments.action in ("train", "status"):
        status(trainer, keys)


if __name__ == "__main__":
    try:
        main()
    except ExplorerError as error:
        sys.exit(f"error: {error}")
