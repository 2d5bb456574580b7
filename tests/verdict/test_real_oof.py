"""The shipped verdicts of real stars by members that never saw them, and what the run says it learnt from."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from core.runs.run import Run, read_run
from core.settings import current_settings
from core.verdict.ensemble import load_ensemble


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    return pd.read_parquet(current_settings().default_run_dir / "real_oof.parquet")


@pytest.fixture(scope="module")
def run() -> Run:
    return read_run(current_settings().default_run_dir)


def test_one_row_per_star_and_no_labels(shipped):
    assert shipped.columns.tolist() == ["source_id", "fold", "logit", "probability", "spread", "bands"]
    assert shipped.dtypes.astype(str).tolist()[:5] == ["int64", "int64", "float64", "float64", "float64"]
    assert shipped["source_id"].is_unique
    assert np.isfinite(shipped.drop(columns="bands").to_numpy()).all()
    assert np.isfinite(np.stack(shipped["bands"].to_list())).all()
    assert shipped["probability"].between(0, 1).all()
    assert set(shipped["fold"]) == set(range(5))


def test_every_star_is_of_the_half_that_may_be_learnt_from(shipped):
    """The other half is sealed: this rule decides, and a star of it here would be a leak."""
    half = [int(hashlib.sha1(f"mse-real-2|{star}".encode()).hexdigest()[:12], 16) % 2 for star in shipped["source_id"]]
    assert not any(half)


def test_the_run_says_what_it_learnt_from(run, shipped):
    learnt = run.learnt_from
    assert learnt.simulated_stars >= 600_000
    assert 0 < learnt.real_massive_stars < learnt.real_stars <= len(shipped)
    assert learnt.real_folds == shipped["fold"].nunique()
    assert run.calibration.low_mass_class


def test_verdicts_of_unseen_members_are_those_of_these_members(run, shipped):
    """Every stored logit is that of the two members whose real fold the star is in."""
    folder = current_settings().real_data_dir / "labelled"
    if not folder.is_dir():
        pytest.skip(f"no labelled real stars: {folder} is absent (set XP_REAL_DATA)")
    stars = pd.read_parquet(folder / "xp_massive_and_boundary.parquet", columns=["source_id", "flux"])
    ensemble = load_ensemble(current_settings().default_run_dir)
    logit = ensemble.logits(np.stack(stars["flux"].to_list()).astype(np.float64))
    stored = shipped.set_index("source_id").loc[stars["source_id"]]
    member_fold = np.array([member.fold for member in run.members]) % run.learnt_from.real_folds
    unseen = member_fold[:, None] == stored["fold"].to_numpy()[None, :]
    mean = (logit * unseen).sum(axis=0) / unseen.sum(axis=0)
    assert mean == pytest.approx(stored["logit"].to_numpy(), abs=0.1)  # judged before rounding
    about = run.calibration.probability(mean)
    assert np.abs(about - stored["probability"]).mean() < 0.02  # the lines are cross-fitted
