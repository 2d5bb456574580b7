"""Roles, folds and copies of real stars, on made-up ones: nothing straddles folds, nothing unlabelled is learnt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings import current_settings
from core.spectra.grid import WAVELENGTH_NM
from recipes.default_run import MixedFolds, soft_targets
from recipes.ob_stars import is_ob
from recipes.real_oof import calibration, calibration_kind, cross_fitted, learnt_label
from recipes.real_stars import (
    CONTRADICTORY,
    COOL_NEGATIVE,
    DAMAGED,
    HOT_NEGATIVE,
    LEFT_OUT,
    N_FOLDS,
    POSITIVE,
    RealStars,
    roles,
)
from recipes.real_training_set import LEAST_A_V_OF_MASSIVE, CopyPlan, copies_of

MASSIVE_FILE, HOT_FILE, COOL_FILE = "xp_massive_and_boundary", "xp_hot_not_massive", "xp_cool_reddened"


def star(**changes) -> dict:
    row = {
        "source_id": 1, "file": MASSIVE_FILE, "massive": 1, "truth": "massive (MK type)", "xp_broken": False,
        "sp_type": "B0V", "lum": "V", "teff_apogee": np.nan, "bp_rp": 0.8, "av_lit": 4.0, "av_rough": 3.9,
        "phot_g_mean_mag": 12.0,
    }  # fmt: skip
    return row | changes


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({}, POSITIVE),
        ({"sp_type": "B2.5V"}, LEFT_OUT),
        ({"sp_type": "B2/3Vn"}, LEFT_OUT),
        ({"sp_type": "B3Ia", "lum": "Ia"}, POSITIVE),
        ({"sp_type": "B3III", "lum": "III"}, LEFT_OUT),
        ({"truth": "massive (APOGEE Teff > 18 kK)", "sp_type": None}, LEFT_OUT),
        ({"truth": "massive (SED, Mohr-Smith)", "sp_type": None}, POSITIVE),
        ({"xp_broken": True}, LEFT_OUT),
        ({"massive": -1, "truth": "boundary (B3-B4 or Teff 14-18 kK)"}, LEFT_OUT),
        ({"massive": 0, "file": HOT_FILE, "truth": "not massive (MK B5 or later)"}, HOT_NEGATIVE),
        ({"massive": 0, "file": COOL_FILE, "truth": "not massive", "teff_apogee": 5000.0, "bp_rp": 1.6}, COOL_NEGATIVE),
        ({"massive": 0, "file": COOL_FILE, "truth": "not massive", "teff_apogee": 4400.0, "bp_rp": 0.3}, CONTRADICTORY),
        ({"massive": 0, "file": COOL_FILE, "truth": "not massive", "teff_apogee": 5000.0, "bp_rp": 1.6,
          "xp_broken": True}, DAMAGED),
    ],
)  # fmt: skip
def test_what_a_star_is_for_the_training(changes, role):
    assert roles(pd.DataFrame([star(**changes)]))[0] == role


@pytest.mark.parametrize(
    ("sp_type", "lum", "counts"),
    [("O8V", "V", True), ("B1.5V", "V", True), ("B2III", "III", True), ("B2V", "V", False), ("B3I", "I", False),
     ("WN4(h)", None, False), (None, None, False), ("B1/2Ib", "Ib", True)],
)  # fmt: skip
def test_which_stars_count_as_ob(sp_type, lum, counts):
    assert is_ob(pd.DataFrame([star(sp_type=sp_type, lum=lum)]))[0] == counts


def made_up() -> RealStars:
    rows = [star(source_id=i + 1, av_lit=a_v) for i, a_v in enumerate([0.1, 3.0, 6.0])]
    rows += [star(source_id=9, massive=0, file=HOT_FILE, truth="not massive"), star(source_id=10, massive=-1)]
    table = pd.DataFrame(rows).assign(fold=np.array([0, 1, 2, 3, 4], dtype=np.int16))
    table["role"] = roles(table)
    flux = 1e-14 * (WAVELENGTH_NM / 500.0) ** np.arange(-3, 2)[:, None]
    return RealStars(table, flux.astype(np.float32))


def test_copies_begin_with_the_star_itself_and_leave_out_what_has_no_role():
    stars = made_up()
    copies = copies_of(stars, CopyPlan({POSITIVE: 5, HOT_NEGATIVE: 3}), seed=1)
    assert np.bincount(copies.star, minlength=5).tolist() == [5, 5, 5, 3, 0]
    assert copies.label.tolist() == [1] * 15 + [0] * 3
    for row in (1, 2, 3):
        first = np.flatnonzero(copies.star == row)[0]
        assert np.array_equal(copies.flux[first], stars.flux[row])
    assert np.isfinite(copies.flux).all()


def test_a_massive_star_without_dust_teaches_behind_dust_only():
    """The blue of such a star must fall against its red in every copy."""
    stars = made_up()
    copies = copies_of(stars, CopyPlan({POSITIVE: 200}), seed=2)
    assert stars.table["av_lit"][0] < LEAST_A_V_OF_MASSIVE
    mine = copies.flux[copies.star == 0]
    red, blue = WAVELENGTH_NM > 800, (WAVELENGTH_NM > 420) & (WAVELENGTH_NM < 500)
    ratio = mine[:, blue].mean(axis=1) / mine[:, red].mean(axis=1)
    own = stars.flux[0][blue].mean() / stars.flux[0][red].mean()
    assert (ratio < 0.85 * own).mean() > 0.98


@given(st.integers(0, 9))
@settings(max_examples=10, deadline=None)
def test_no_member_sees_a_star_of_its_real_fold(member):
    fold = np.array([0, 1, 2, 5, 9, -1, -3, -3, -3, -3, -3], dtype=np.int16)
    real = np.array([-1] * 6 + [0, 1, 2, 3, 4], dtype=np.int16)
    rows = MixedFolds(fold, 10, real).train_rows(member)
    assert member % N_FOLDS not in real[rows]
    assert member not in fold[rows]
    assert 5 not in rows  # held out for testing
    assert set(np.flatnonzero(real >= 0)) - set(rows) == {6 + member % N_FOLDS}


def test_cross_fitting_does_not_use_a_star_s_own_fold():
    rng = np.random.default_rng(3)
    kind, fold = np.repeat([COOL_NEGATIVE, HOT_NEGATIVE, POSITIVE], 70).astype(object), np.arange(210) % N_FOLDS
    logit = rng.normal(np.where(kind == POSITIVE, 2.0, -2.0), 2.0)[None, :]
    simulated = rng.normal(-2.0, 2.0, 300)
    before = cross_fitted(logit, kind, fold, simulated)
    changed = kind.copy()
    changed[fold == 0] = np.where(kind[fold == 0] == POSITIVE, COOL_NEGATIVE, POSITIVE)
    after = cross_fitted(logit, changed, fold, simulated)
    assert np.array_equal(before[:, fold == 0], after[:, fold == 0])
    assert not np.allclose(before[:, fold == 1], after[:, fold == 1])


def test_left_out_stars_fit_no_calibration():
    stars = made_up()
    assert learnt_label(stars.table).tolist() == [1, 1, 1, 0, -1]
    logit, every, simulated = (
        np.array([[0.5, 4.0, 2.0, 0.7, 50.0]]),
        np.ones(5, dtype=bool),
        np.array([-4.0, 1.0]),
    )
    first = calibration(logit, calibration_kind(stars.table), every, simulated)
    logit[0, 4] = -50.0
    assert first == calibration(logit, calibration_kind(stars.table), every, simulated)


def test_the_line_balances_the_classes_that_were_named():
    """Where simulated low-mass stars and massive ones are normal and of equal width, the balance is in the middle."""
    rng = np.random.default_rng(4)
    kind = np.repeat([POSITIVE, COOL_NEGATIVE, HOT_NEGATIVE], 4_000).astype(object)
    logit = rng.normal(np.where(kind == POSITIVE, 1.0, -1.0), 1.0)[None, :]
    simulated = rng.normal(-1.0, 1.0, 4_000)
    slope, intercept = calibration(logit, kind, np.ones(12_000, dtype=bool), simulated)
    assert slope == pytest.approx(2.0, abs=0.1)
    assert intercept == pytest.approx(0.0, abs=0.1)


class _Simulated:
    metadata = pd.DataFrame(
        {
            "true_mass": [7.9, 8.1, 12.0, 8.0, 1.2],
            "category": ["B0-B2", "B0-B2", "O", "hot subdwarf", "G"],
            "true_teff": [20_000.0, 21_000.0, 30_000.0, 30_000.0, 5_800.0],
        }
    )
    label = np.array([0, 1, 1, 0, 0], dtype=np.int8)


def test_soft_targets_only_near_eight_suns():
    target = soft_targets(_Simulated)
    assert 0.4 < target[0] < 0.5 < target[1] < 0.6
    assert target[2:].tolist() == [1.0, 0.0, 0.0]


def test_the_labelled_stars_give_the_counts_of_the_issue():
    from recipes.ob_stars import A_V_EDGES_MAG, extinction
    from recipes.real_stars import read_real_stars

    if not (current_settings().real_data_dir / "labelled").is_dir():
        pytest.skip(f"no labelled real stars in {current_settings().real_data_dir} (set XP_REAL_DATA)")
    table = read_real_stars().table
    ob = is_ob(table)
    assert np.histogram(extinction(table[ob]), A_V_EDGES_MAG)[0].tolist() == [5, 6, 2, 5, 17, 5]
    assert (table["role"][ob] == POSITIVE).all()
    assert set(table["fold"]) == set(range(N_FOLDS))
