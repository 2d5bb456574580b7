"""The ten networks and the baselines beside each other, by spectrum, by molecule and by band."""

import json
from pathlib import Path

import pandas as pd

from core.commands.train_molecules import BASELINES, train_molecules
from core.molecules.catalogue import load_catalogue
from core.molecules.examples import Examples
from core.molecules.store import draw_to, read_examples
from core.training.train import chosen_models

N_SPECTRA = 600
SEED = 1
SPLITS = ("spectrum", "molecule", "band")
ROWS, EPOCHS = 16_000, 4
SLOW_ROWS = {"cnn_lstm": 4_000, "cnn_gru": 4_000, "cnn_attention": 8_000, "fcn": 8_000}
"""Networks that need seconds a thousand rows learn from fewer; the column 'learnt from' says so."""
BY_BAND = ("deep", *BASELINES)
NETWORKS_NOTE = (
    "One fold of four; rows of the last round of explaining away are tested, line forests and ordinary spectra, "
    "species with few lines included; Wilson intervals (95 %)."
)


def compare(data: Path, runs: Path) -> pd.DataFrame:
    """Train what has no finished run yet, then the table of all runs."""
    draw_to(data, load_catalogue().species, N_SPECTRA, SEED)
    examples: Examples | None = None
    for split in SPLITS:
        for key in (*BASELINES, *(spec.key for spec in chosen_models("all"))):
            folder = runs / split / key
            if (folder / "run.json").is_file() or (split == "band" and key not in BY_BAND):
                continue
            examples = examples or read_examples(data, N_SPECTRA // 100)
            train_molecules(
                folder,
                key,
                n_spectra=N_SPECTRA,
                n_folds=4,
                only_folds=None if split == "band" else 1,
                split=split,
                epochs=EPOCHS,
                batch_size=128,
                seed=SEED,
                threads=1,
                most_rows=SLOW_ROWS.get(key, ROWS),
                examples=examples,
            )
    return networks(runs)


def networks(folder: Path) -> pd.DataFrame:
    """Runs of `train --task molecules` under a folder beside each other: one row for each split and learner."""
    rows = []
    for path in sorted(folder.glob("**/run.json")):
        run = json.loads(path.read_text())
        figures = run["results"]
        row = {"split": run["split"], "learner": run["model"], "learnt from": run["n_learnt"], "tested": figures["n"]}
        row["ROC-AUC"] = figures["roc_auc"]
        for share in ("0.3 %", "1 %"):
            for strength in ("5-10", "10-30", "above 30"):
                name = f"recall {strength}"
                low, high = figures[f"{name} low at {share}"], figures[f"{name} high at {share}"]
                row[f"{name} at {share}"] = f"{figures[f'{name} at {share}']:.2f} ({low:.2f}-{high:.2f})"
        rows.append({**row, "ECE": figures["ece"], "epochs": run["epochs"], "seconds": run["seconds"]})
    return pd.DataFrame(rows).sort_values(["split", "ROC-AUC"], ascending=[True, False], ignore_index=True)
