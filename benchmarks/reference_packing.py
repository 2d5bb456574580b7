"""A store of kept folds as run folders, as the program reads and ships them: see `benchmarks.reference_runs`."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import RunError
from core.runs.fold_store import MAP_FILE, kept_folds, read_fold, read_fold_map
from core.runs.folders import BASELINE_FILE, BASELINE_TEST_FILE
from core.runs.hashes import with_hashes
from core.runs.run import FINISHED, RUN_FILE, FoldMember, Member, read_run, write_run
from core.runs.store import figures_of, joined, member_name
from models.registry import MODEL_KEYS, model_spec

MOST_WEIGHT_BYTES = 25_000_000
"""Of all that is shipped in data/."""
BASELINES_BESIDE = "wide"
_WEIGHTS = (".onnx", ".keras")


def pack(store: Path, target: Path) -> str:
    """Run folders of all networks in a store, in the folder `target`, which must not be there; a report of it.

    Weights: of the smallest networks first, as long as all that is shipped beside `target` stays below 25 MB.

    Raises
    ------
    RunError
        `target` is there already, or the store has no finished fold.
    """
    if target.exists():
        raise RunError(f"{target} is there already; pack into a new folder")
    folders = [path.parent for path in sorted(store.glob(f"*/{RUN_FILE}"))]
    folders.sort(key=lambda folder: model_spec(read_run(folder).model).parameters)
    shipped = [path for path in target.parent.rglob("*") if path.suffix in _WEIGHTS and "local" not in path.parts]
    shipped = [path for path in shipped if "reference_runs" not in path.parts and store not in path.parents]
    left = MOST_WEIGHT_BYTES - sum(path.stat().st_size for path in shipped)
    said = []
    with atomic_path(target) as beside:
        beside.mkdir()
        for folder in folders:
            fold_map = read_fold_map(folder if (folder / MAP_FILE).is_file() else store)
            n_folds, size = _pack_network(folder, beside / folder.name, fold_map, left)
            left -= size
            said.append(f"{folder.name}: {n_folds} folds, weights {size / 1e6:.2f} MB")
        if not said:
            raise RunError(f"{store} has no finished fold")
        for name in (BASELINE_FILE, BASELINE_TEST_FILE):
            if (store / "baselines" / name).is_file() and (beside / BASELINES_BESIDE).is_dir():
                shutil.copy(store / "baselines" / name, beside / BASELINES_BESIDE)
    sizes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    missing = [key for key in MODEL_KEYS if not (target / key).is_dir()]
    return "\n".join([*said, f"{target}: {sizes / 1e6:.1f} MB" + (f"; without {', '.join(missing)}" * bool(missing))])


def _pack_network(source: Path, target: Path, fold_map, most_bytes: float) -> tuple[int, int]:
    """(folds, bytes of weights) of one network's run folder."""
    run = read_run(source)
    results = [read_fold(source, fold, fold_map) for fold in kept_folds(source, run)]
    if not results:
        raise RunError(f"{source} has no finished fold; train it, or take it out of the store")
    target.mkdir(parents=True)
    tables, calibration = joined(results)
    for name, table in tables.items():
        halves = dict.fromkeys(table.select_dtypes("float64").columns, np.float32)
        table.astype(halves).to_parquet(target / f"{name}.parquet", index=False, compression="zstd")
    weights, size = source / f"{member_name(0)}.onnx", 0
    if weights.is_file() and weights.stat().st_size <= most_bytes:
        shutil.copy(weights, target)
        size = weights.stat().st_size
    if (source / "representation.npz").is_file():
        shutil.copy(source / "representation.npz", target)
    members = [_entry(result.member) for result in results]
    first = [member for member in members if (target / member.file).is_file()]
    what = "one member, its weights in float16" if first else "no weights"
    run = run.changed(
        state=FINISHED,
        error=None,
        folds_done=[member.fold for member in members],
        calibration=calibration,
        results=figures_of(tables["oof"], tables["test"]),
        members=first,
        members_not_shipped=[member for member in members if member not in first],
        seconds=round(sum(member.seconds for member in members), 1),
        device=", ".join(dict.fromkeys(member.device for member in members)),
        note=f"Reference run, packed on {datetime.now(UTC):%Y-%m-%d}: {len(members)} of {run.n_folds} folds, "
        f"{run.epochs} epochs at most. Shipped with the tables of all its folds and {what}.",
    )
    write_run(target, with_hashes(target, run))
    return len(members), size


def _entry(member: FoldMember) -> Member:
    return Member(**member.as_dict(), file=f"{member_name(member.fold)}.onnx", keras=None)
