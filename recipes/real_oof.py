"""Out-of-fold verdicts of the real stars, and the calibration that they give: `python -m recipes.real_oof RUN`.

Every labelled real star is judged by the members that never saw it or a copy of it. Probabilities are of a line through
the logits at equal priors: how steep it is, real stars say (massive against all others, maximum likelihood); where it
passes one half, real massive stars against the simulated low-mass stars of the training draw, with its look-alikes and
four times the B stars just below the limit, each judged by the one member that never saw it. Fitted on the real stars
of the other folds ("cross-fitted"); run.json gets the line fitted on all. Writes real_oof.parquet: source_id, fold,
logit (mean over those members), probability, spread, bands (by which another spectrum of the star is known to be
another).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import RunError
from core.runs.run import Figures, ProbabilityCalibration, Run, read_run, write_run
from core.runs.store import figures_of
from core.statistics.probability_calibration import sigmoid
from core.verdict.ensemble import Ensemble, load_ensemble
from core.verdict.unseen import BANDS, band_fluxes
from recipes.real_stars import (
    CONTRADICTORY,
    COOL_NEGATIVE,
    DAMAGED,
    HOT_NEGATIVE,
    LEFT_OUT,
    N_FOLDS,
    POSITIVE,
    RealStars,
    read_real_stars,
)
from recipes.second_stage import HOT_KINDS, NEAR_LIMIT_MSUN

FILE_NAME = "real_oof.parquet"
NEAR_LIMIT_TIMES = 4
"""How often a simulated B star just below 8 suns counts in the balance: one low-mass star of the draw in thirty is one,
and nearly every contaminant on the sky."""
_KINDS = ("category", "true_mass")


def unseen_logits(ensemble: Ensemble, stars: RealStars, member_fold: np.ndarray) -> np.ndarray:
    """Logits (n_members, n_stars) of the members that never saw the star, NaN for the others."""
    logits = np.full((len(ensemble), len(stars)), np.nan)
    for start in range(0, len(stars), 8192):
        rows = slice(start, start + 8192)
        logits[:, rows] = ensemble.logits(stars.flux[rows].astype(np.float64))
    if ensemble.run.learnt_from is None or not ensemble.run.learnt_from.real_stars:
        return logits
    seen = member_fold[:, None] % N_FOLDS != stars.table["fold"].to_numpy()[None, :]
    return np.where(seen, np.nan, logits)


def member_folds(run: Run) -> np.ndarray:
    """The fold of each member, in the order of the files."""
    return np.array([member.fold for member in run.members])


def cross_fitted(logit: np.ndarray, kind: np.ndarray, fold: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    """Probabilities (n_members, n_stars) by lines fitted on the other folds."""
    probability = np.full(logit.shape, np.nan)
    for number in range(N_FOLDS):
        slope, intercept = calibration(logit, kind, fold != number, simulated)
        mine = fold == number
        probability[:, mine] = sigmoid(slope * logit[:, mine] + intercept)
    return probability


def calibration(logit: np.ndarray, kind: np.ndarray, rows: np.ndarray, simulated: np.ndarray) -> tuple[float, float]:
    """Slope and intercept with probability = sigmoid(slope x logit + intercept), at equal priors.

    Platt's smoothed targets are left out: with 81 massive stars they alone would set the slope. Real low-mass stars do
    not set the balance: nearly all are ordinary cool stars, and a line between them and massive stars passes one half
    where look-alikes lie.

    Parameters
    ----------
    logit : ndarray of shape (n_members, n_stars), NaN where a member has seen the star
    kind : object ndarray of shape (n_stars,), of `calibration_kind`
    rows : bool ndarray of shape (n_stars,)
        Stars that may be used.
    simulated : ndarray of shape (n,)
        Out-of-fold logits of simulated low-mass stars.
    """
    massive = _finite(logit[:, rows & (kind == POSITIVE)])
    others = _finite(logit[:, rows & np.isin(kind, (HOT_NEGATIVE, COOL_NEGATIVE))])
    slope, _ = _line(massive, others)
    return slope, _line(massive, simulated, slope)[1]


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _line(massive: np.ndarray, others: np.ndarray, slope: float | None = None) -> tuple[float, float]:
    """Maximum likelihood, both classes weighted alike, with a free or a given slope."""
    from scipy.optimize import minimize

    x = np.concatenate([massive, others])
    y = np.repeat([1.0, 0.0], [len(massive), len(others)])
    weight = np.repeat([0.5 / len(massive), 0.5 / len(others)], [len(massive), len(others)])

    def loss_and_gradient(line: np.ndarray) -> tuple[float, np.ndarray]:
        value = line[0] * x + line[1]
        off = weight * (sigmoid(value) - y)
        gradient = np.array([np.sum(off * x) if slope is None else 0.0, np.sum(off)])
        return float(np.sum(weight * (np.logaddexp(0.0, value) - y * value))), gradient

    start = np.array([0.5 if slope is None else slope, 0.0])
    found = minimize(loss_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    return float(found.x[0]), float(found.x[1])


def calibration_kind(table: pd.DataFrame) -> np.ndarray:
    """POSITIVE, HOT_NEGATIVE or COOL_NEGATIVE (damaged spectra among them), LEFT_OUT for stars that fit nothing."""
    role = table["role"].to_numpy()
    hot = (table["file"] == "xp_hot_not_massive").to_numpy()
    role = np.where(role == CONTRADICTORY, COOL_NEGATIVE, role)
    return np.where(role == DAMAGED, np.where(hot, HOT_NEGATIVE, COOL_NEGATIVE), role)


def simulated_low_mass(run_dir: Path) -> np.ndarray:
    """Out-of-fold logits of the simulated low-mass stars of a run; of B stars just below the limit `TIMES` over.

    Raises
    ------
    RunError
        Neither the run nor its data set, where it was trained, knows the stars' kinds and masses.
    """
    oof = pd.read_parquet(run_dir / "oof.parquet")
    if not set(_KINDS) <= set(oof.columns):
        name = Path(read_run(run_dir).data.path).name
        data = next((place / name for place in (run_dir.parent, Path.cwd()) if (place / name).is_file()), None)
        if data is None:
            raise RunError(
                f"{run_dir} was trained on {name}, which does not lie beside it: its stars' kinds are needed"
            )
        oof = oof.merge(pd.read_parquet(data, columns=["source_id", *_KINDS]), on="source_id", how="left")
    oof = oof[oof["label"] == 0]
    near = oof["category"].isin(HOT_KINDS).to_numpy() & (oof["true_mass"] > NEAR_LIMIT_MSUN).to_numpy()
    return np.repeat(oof["logit"].to_numpy(np.float64), np.where(near, NEAR_LIMIT_TIMES, 1))


def learnt_label(table: pd.DataFrame) -> np.ndarray:
    """1 massive, 0 not, -1 left out of training and calibration."""
    role = table["role"].to_numpy()
    return np.where(role == LEFT_OUT, -1, (role == POSITIVE).astype(int))


def real_oof(ensemble: Ensemble, stars: RealStars) -> tuple[pd.DataFrame, tuple[float, float]]:
    """The table and the calibration line of all stars."""
    kind, fold = calibration_kind(stars.table), stars.table["fold"].to_numpy()
    simulated = simulated_low_mass(ensemble.path)
    logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
    probability = cross_fitted(logit, kind, fold, simulated)
    several = np.isfinite(logit).sum(axis=0).min() > 1
    table = pd.DataFrame(
        {
            "source_id": stars.table["source_id"].to_numpy(np.int64),
            "fold": fold.astype(np.int64),
            "logit": np.nanmean(logit, axis=0),
            "probability": np.nanmean(probability, axis=0),
            "spread": np.nanstd(probability, axis=0, ddof=1) if several else np.full(len(stars), np.nan),
            BANDS: list(band_fluxes(stars.flux)),
        }
    )
    return table, calibration(logit, kind, np.ones(len(stars), dtype=bool), simulated)


def scale_run(run_dir: Path) -> ProbabilityCalibration:
    """Write real_oof.parquet and put the calibration on real stars into the run; returns the calibration."""
    ensemble, stars = load_ensemble(run_dir), read_real_stars()
    table, (slope, intercept) = real_oof(ensemble, stars)
    with atomic_path(run_dir / FILE_NAME) as beside:
        table.to_parquet(beside, index=False, compression="zstd")
    kind = calibration_kind(stars.table)
    count = {name: int((kind == name).sum()) for name in (POSITIVE, HOT_NEGATIVE, COOL_NEGATIVE)}
    calibrated = ProbabilityCalibration(
        method="platt",
        slope=slope,
        intercept=intercept,
        massive_class=f"{count[POSITIVE]} real massive stars, each judged by the members that never saw it",
        low_mass_class="the simulated low-mass stars of the training draw, with its look-alikes, B stars above "
        f"{NEAR_LIMIT_MSUN:g} suns {NEAR_LIMIT_TIMES} times, each judged by the member that never saw it",
        slope_from=f"the real massive stars against {count[HOT_NEGATIVE]} A and late B and {count[COOL_NEGATIVE]} "
        "cool ones",
    )
    figures = _scale_tables(run_dir, calibrated)
    write_run(run_dir, ensemble.run.changed(calibration=calibrated, results=figures))
    return calibrated


def _scale_tables(run_dir: Path, line: ProbabilityCalibration) -> Figures:
    """The stored predictions of simulated stars by the same line, and the headline figures that follow from them."""
    oof, test = (pd.read_parquet(run_dir / name) for name in ("oof.parquet", "test.parquet"))
    oof["probability"] = line.probability(oof["logit"].to_numpy())
    members = line.probability(test.filter(regex=r"^logit_\d").to_numpy())
    test["probability"] = members.mean(axis=1)
    if members.shape[1] > 1:
        test["probability_std"] = members.std(axis=1, ddof=1)
    for name, content in (("oof.parquet", oof), ("test.parquet", test)):
        with atomic_path(run_dir / name) as beside:
            content.to_parquet(beside, index=False)
    return figures_of(oof, test)


def main() -> None:
    """Judge, calibrate, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    print(scale_run(parser.parse_args().run).as_dict())


if __name__ == "__main__":
    main()
