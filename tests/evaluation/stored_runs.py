"""Run folders with made-up predictions: logits drawn per class, tables and members as `train` writes them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from core.statistics.probability_calibration import fit_platt, sigmoid
from tests.verdict.tiny_runs import BLUE_SLOPE, write_member


def drawn_logits(label: np.ndarray, separation: float, seed: int, *, shared: np.ndarray | None = None) -> np.ndarray:
    """Logits of mean +separation and -separation and deviation 2; `shared` is what two networks see alike."""
    own = np.random.default_rng(seed).normal(0, 2, len(label))
    noise = own if shared is None else np.sqrt(0.2) * own + np.sqrt(0.8) * shared
    return np.where(label == 1, separation, -separation) + noise


def write_stored_run(
    folder: Path,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    model: str = "wide",
    title: str = "Wide ANN",
    separation: float = 3.0,
    seed: int = 0,
    n_folds: int = 5,
    data: str = "stars.parquet",
    sha256: str = "a" * 64,
    shared: np.ndarray | None = None,
) -> Path:
    """A finished run on `train` and `test` (columns source_id, label); a larger `separation` makes it better."""
    folder.mkdir(parents=True)
    slope, members = 1.0, []
    oof = train[["source_id", "label"]].copy()
    oof["fold"] = np.arange(len(oof)) % n_folds
    oof["logit"] = drawn_logits(oof["label"].to_numpy(), separation, seed, shared=shared)
    slope, intercept = fit_platt(oof["logit"].to_numpy(), oof["label"].to_numpy())
    oof["probability"] = sigmoid(slope * oof["logit"].to_numpy() + intercept)
    mean = drawn_logits(test["label"].to_numpy(), separation, seed + 1)
    rng = np.random.default_rng(seed + 2)
    logits = mean + rng.normal(0, 0.3, (n_folds, len(test)))
    probability = sigmoid(slope * logits + intercept)
    held_out = test[["source_id", "label"]].copy()
    held_out["logit_mean"] = logits.mean(axis=0)
    held_out["probability"] = probability.mean(axis=0)
    held_out["probability_std"] = probability.std(axis=0, ddof=1)
    curves = []
    for fold in range(n_folds):
        held_out[f"logit_{fold:02d}"] = logits[fold]
        write_member(folder / f"member_{fold:02d}.onnx", BLUE_SLOPE, 0.1 * fold)
        members.append({"fold": fold, "file": f"member_{fold:02d}.onnx", "keras": None, "best_epoch": 3, "epochs": 4})
        for epoch in range(1, 5):
            loss = 0.1 + 0.3 / epoch + 0.01 * fold + 0.02 / separation
            row = (fold, epoch, loss, loss + 0.05, 1 - loss / 4, 1 - loss / 3.5, 1e-3, 2.0 + seed)
            curves.append(row)
    names = ["fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate", "seconds"]
    pd.DataFrame(curves, columns=names).to_parquet(folder / "curves.parquet", index=False)
    oof.to_parquet(folder / "oof.parquet", index=False)
    held_out.to_parquet(folder / "test.parquet", index=False)
    run = {
        "format_version": 1,
        "model": model,
        "title": title,
        "inputs": ["flux"],
        "representation": "l2",
        "context": "none",
        "context_statistics": None,
        "n_folds": n_folds,
        "folds_done": list(range(n_folds)),
        "epochs": 4,
        "batch_size": 64,
        "seed": seed,
        "preset": "quick",
        "validation": "plain",
        "data": {
            "path": data,
            "sha256": sha256,
            "fold_map": "f" * 16,
            "n_stars": len(train) + len(test),
            "n_train": len(train),
            "n_test": len(test),
        },
        "calibration": {"method": "platt", "slope": slope, "intercept": intercept},
        "members": members,
        "device": "test",
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0,
        "state": "finished",
    }
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def drawn_stars(n_train: int = 600, n_test: int = 400, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ids and labels of training and test stars, half of them massive."""
    rng = np.random.default_rng(seed)
    ids = rng.choice(10**15, n_train + n_test, replace=False) + 1
    stars = pd.DataFrame({"source_id": ids, "label": (np.arange(len(ids)) % 2).astype(np.int8)})
    return stars.iloc[:n_train].reset_index(drop=True), stars.iloc[n_train:].reset_index(drop=True)


def write_baselines(folder: Path, seed: int = 5) -> None:
    """`baselines.parquet` on the run's own folds, and `baselines_test.parquet` of its held-out stars."""
    for part in ("oof", "test"):
        stars, tables = pd.read_parquet(folder / f"{part}.parquet"), []
        for number, name in enumerate(("gradient_boosting", "metadata")):
            table = stars[["source_id", "label", *(["fold"] if part == "oof" else [])]].copy()
            table.insert(0, "baseline", name)
            table["probability"] = sigmoid(drawn_logits(stars["label"].to_numpy(), 2.0 - number, seed + number))
            tables.append(table)
        file = folder / ("baselines.parquet" if part == "oof" else "baselines_test.parquet")
        pd.concat(tables, ignore_index=True).to_parquet(file, index=False)
