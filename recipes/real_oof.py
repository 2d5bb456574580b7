"""Out-of-fold verdicts of the real stars, and the calibration that they give: `python -m recipes.real_oof RUN`.

Every labelled real star is judged by the members that never saw it or a copy of it. Probabilities are Platt's, fitted
on the real stars of the other folds ("cross-fitted"), both classes weighted alike; run.json gets the line fitted on all
of them. Writes real_oof.parquet: source_id, fold, logit (mean over those members), probability, spread.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.classification.ensemble import Ensemble, load_ensemble
from core.evaluation.probability_calibration import fit_platt, sigmoid
from core.training import run_store
from recipes.real_stars import LEFT_OUT, N_FOLDS, POSITIVE, RealStars, read_real_stars

FILE_NAME = "real_oof.parquet"


def unseen_logits(ensemble: Ensemble, stars: RealStars, member_fold: np.ndarray) -> np.ndarray:
    """Logits (n_members, n_stars) of the members that never saw the star, NaN for the others."""
    logits = np.full((len(ensemble), len(stars)), np.nan)
    for start in range(0, len(stars), 8192):
        rows = slice(start, start + 8192)
        logits[:, rows] = ensemble.logits(stars.flux[rows].astype(np.float64))
    seen = member_fold[:, None] % N_FOLDS != stars.table["fold"].to_numpy()[None, :]
    return np.where(seen, np.nan, logits)


def member_folds(run: dict) -> np.ndarray:
    """The fold of each member, in the order of the files."""
    return np.array([member["fold"] for member in run["members"]])


def cross_fitted(logit: np.ndarray, label: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Probabilities (n_members, n_stars) by lines fitted on the other folds; `label` -1 for stars that fit nothing."""
    probability = np.full(logit.shape, np.nan)
    for number in range(N_FOLDS):
        slope, intercept = calibration(logit, label, fold != number)
        mine = fold == number
        probability[:, mine] = sigmoid(slope * logit[:, mine] + intercept)
    return probability


def calibration(logit: np.ndarray, label: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Platt's slope and intercept on single members' logits of the chosen stars (boolean mask)."""
    used = np.isfinite(logit) & ((label >= 0) & rows)[None, :]
    return fit_platt(logit[used], np.broadcast_to(label, logit.shape)[used])


def learnt_label(table: pd.DataFrame) -> np.ndarray:
    """1 massive, 0 not, -1 left out of training and calibration."""
    role = table["role"].to_numpy()
    return np.where(role == LEFT_OUT, -1, (role == POSITIVE).astype(int))


def real_oof(ensemble: Ensemble, stars: RealStars) -> tuple[pd.DataFrame, tuple[float, float]]:
    """The table and the calibration line of all stars."""
    label, fold = learnt_label(stars.table), stars.table["fold"].to_numpy()
    logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
    probability = cross_fitted(logit, label, fold)
    several = np.isfinite(logit).sum(axis=0) > 1
    table = pd.DataFrame(
        {
            "source_id": stars.table["source_id"].to_numpy(np.int64),
            "fold": fold.astype(np.int64),
            "logit": np.nanmean(logit, axis=0),
            "probability": np.nanmean(probability, axis=0),
            "spread": np.where(several, np.nanstd(probability, axis=0, ddof=1 if several.any() else 0), np.nan),
        }
    )
    return table, calibration(logit, label, np.ones(len(stars), dtype=bool))


def calibrate_run(run_dir: Path) -> dict:
    """Write real_oof.parquet and put the calibration on real stars into run.json; returns the calibration."""
    ensemble, stars = load_ensemble(run_dir), read_real_stars()
    table, (slope, intercept) = real_oof(ensemble, stars)
    with atomic_path(run_dir / FILE_NAME) as beside:
        table.to_parquet(beside, index=False, compression="zstd")
    run = json.loads((run_dir / "run.json").read_text())
    label = learnt_label(stars.table)
    run["calibration"] = {
        "method": "platt",
        "slope": slope,
        "intercept": intercept,
        "fitted_on": f"{int((label >= 0).sum())} real stars, {int((label == 1).sum())} of them massive, each by the "
        "members that never saw it; both classes weighted alike",
    }
    _calibrate_tables(run_dir, run, slope, intercept)
    run_store.write_run_file(run_dir, run)
    return run["calibration"]


def _calibrate_tables(run_dir: Path, run: dict, slope: float, intercept: float) -> None:
    """The stored predictions of simulated stars by the same line, and the headline figures that follow from them."""
    from core.evaluation.audit.record import figures_of

    oof, test = (pd.read_parquet(run_dir / name) for name in ("oof.parquet", "test.parquet"))
    oof["probability"] = sigmoid(slope * oof["logit"].to_numpy() + intercept)
    members = sigmoid(slope * test.filter(regex=r"^logit_\d").to_numpy() + intercept)
    test["probability"] = members.mean(axis=1)
    if members.shape[1] > 1:
        test["probability_std"] = members.std(axis=1, ddof=1)
    for name, content in (("oof.parquet", oof), ("test.parquet", test)):
        with atomic_path(run_dir / name) as beside:
            content.to_parquet(beside, index=False)
    run["results"] = run["results"] | figures_of(oof, test)


def main() -> None:
    """Judge, calibrate, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    print(calibrate_run(parser.parse_args().run))


if __name__ == "__main__":
    main()
