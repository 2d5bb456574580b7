"""Laws of the simulated population: labels, ids, continuity, what must not give a class away."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from core.errors import UsageError
from core.gaia.categories import CATEGORIES, CATEGORY_NAMES, OUTSIDE_TRAINING
from core.gaia.counts import G_LIMIT_MAG
from core.simulation.population import POPULATIONS, draw_population
from core.simulation.population.selection import gaia_source_ids, parallax_error_mas
from core.simulation.population.survey import MASSIVE_SHARE, SHARES, is_intermediate
from core.simulation.population.training import N_TEST, N_TRAIN, training_plan


@pytest.fixture(scope="module")
def training() -> pd.DataFrame:
    return draw_population("training", 12_000, np.random.default_rng(11))


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    return draw_population("survey", 30_000, np.random.default_rng(12))


@pytest.fixture(scope="module")
def massive() -> pd.DataFrame:
    return draw_population("massive", 6_000, np.random.default_rng(13))


@pytest.fixture(scope="module")
def intermediate() -> pd.DataFrame:
    return draw_population("intermediate", 2_000, np.random.default_rng(14))


@pytest.mark.parametrize("name", POPULATIONS)
def test_label_follows_from_mass_and_temperature(name, request):
    stars = request.getfixturevalue(name)
    expected = (stars["true_mass"] > 8.0) & (stars["true_teff"] > 12_000.0)
    assert ((stars["label"] == "massive") == expected).all()
    assert set(stars["label"]) <= {"massive", "low-mass"}
    assert set(stars["category"]) <= set(CATEGORY_NAMES)


@pytest.mark.parametrize("name", POPULATIONS)
def test_categories_keep_their_promise(name, request):
    stars = request.getfixturevalue(name)
    for category in CATEGORIES:
        share = (stars.loc[stars["category"] == category.name, "label"] == "massive").mean()
        if category.massive != "by mass" and np.isfinite(share):
            assert share == (1.0 if category.massive == "always" else 0.0), category.name


@pytest.mark.parametrize("name", POPULATIONS)
def test_columns_are_finite_and_within_the_survey(name, request):
    stars = request.getfixturevalue(name)
    numbers = stars.select_dtypes("number")
    assert np.isfinite(numbers.to_numpy()).all()
    assert (stars["phot_g_mean_mag"] < G_LIMIT_MAG).all()
    assert (stars[["parallax_error", "pmra_error", "pmdec_error", "ruwe", "true_distance_pc"]] > 0).all(axis=None)
    assert stars["true_a_v"].min() >= 0
    assert stars["ra"].between(0, 360).all()
    assert stars["dec"].between(-90, 90).all()


@pytest.mark.parametrize("name", POPULATIONS)
def test_source_ids_are_gaia_ids_of_their_position(name, request):
    import astropy.units as u
    from astropy_healpix import HEALPix

    stars = request.getfixturevalue(name)
    assert stars["source_id"].is_unique
    pixel = HEALPix(nside=4096, order="nested").lonlat_to_healpix(
        stars["ra"].to_numpy() * u.deg, stars["dec"].to_numpy() * u.deg
    )
    assert (stars["source_id"] // 2**35 == pixel).all()
    assert stars["source_id"].max() < 12 * 4096**2 * 2**35


def test_intermediate_stars_are_those_of_the_survey(intermediate, survey):
    columns = ("category", "true_mass", "true_teff")
    assert is_intermediate(*(intermediate[name].to_numpy() for name in columns)).all()
    same = survey[is_intermediate(*(survey[name].to_numpy() for name in columns))]
    assert len(same) > 15
    for name in ("true_mass", "phot_g_mean_mag", "true_a_v"):
        assert ks_2samp(same[name], intermediate[name]).pvalue > 0.001, name


def test_training_has_no_gap_across_eight_suns(training):
    mass = training.loc[training["true_teff"] > 15_000.0, "true_mass"]
    counts, _ = np.histogram(mass, bins=np.arange(6.0, 12.01, 0.25))
    assert counts.min() >= 10


def test_training_has_every_category_but_cool_supergiants(training):
    assert set(training["category"]) == set(CATEGORY_NAMES) - set(OUTSIDE_TRAINING)


def test_training_is_as_balanced_as_the_study():
    massive, test = training_plan(N_TRAIN + N_TEST, np.random.default_rng(1))
    counts = [int((massive & ~test).sum()), int((~massive & ~test).sum()), int((massive & test).sum())]
    assert counts == [9_527, 9_381, 2_382]
    assert test.sum() == N_TEST


def test_training_mix_is_adjustable():
    stars = draw_population("training", 400, np.random.default_rng(2), negative_mix={"hot subdwarf": 1.0})
    low = stars[stars["label"] == "low-mass"]
    assert set(low["category"]) == {"hot subdwarf"}


@pytest.mark.parametrize("column", ["phot_g_mean_mag", "dec", "ra"])
def test_brightness_and_place_alone_do_not_tell_the_training_classes_apart(training, column):
    from sklearn.metrics import roc_auc_score

    area = roc_auc_score(training["label"] == "massive", training[column])
    assert abs(area - 0.5) < 0.03


def test_training_reaches_the_reddening_and_magnitudes_of_the_look_alikes(training):
    everywhere, no_more_than_there_is = [0, 2, 4, 6], [0, 0.7, 1.4, 2]
    dust = {"hot subdwarf": no_more_than_there_is, "B0-B2": everywhere, "A": everywhere, "F": everywhere}
    for category, a_v in dust.items():
        stars = training[training["category"] == category]
        counts, *_ = np.histogram2d(stars["true_a_v"], stars["true_g_mag"], bins=[a_v, [8, 11, 14, 17.65]])
        assert counts.min() > 0, category


def test_survey_is_rare_in_massive_stars():
    counts = [
        (draw_population("survey", 25_000, np.random.default_rng(seed))["label"] == "massive").sum() for seed in (1, 2)
    ]
    expected = 5e4 * MASSIVE_SHARE
    assert abs(sum(counts) - expected) < 4 * np.sqrt(expected)
    assert 1e-4 <= MASSIVE_SHARE <= 5e-4
    assert MASSIVE_SHARE + sum(SHARES.values()) < 0.01


def test_survey_looks_like_the_sky(survey):
    absolute = survey["true_g_mag"] - 5 * np.log10(survey["true_distance_pc"] / 10)
    shares = survey["category"].value_counts(normalize=True)
    assert shares[["F", "G", "K"]].sum() > 0.7  # ordinary stars are the bulk
    assert absolute.quantile(0.01) < 1.0
    assert survey["true_g_mag"].median() > 15.5  # counts rise towards the limit


def test_about_half_of_the_massive_stars_lie_in_groups_of_real_size(massive):
    clustered = massive["true_group"] >= 0
    assert 0.35 < clustered.mean() < 0.55
    groups = massive[clustered & (massive["true_distance_pc"] < 3000)].groupby("true_group")
    rich = [group for _, group in groups if len(group) >= 10]
    assert rich
    for group in rich:
        spread_pc = group["true_distance_pc"].std()
        assert spread_pc < 60.0
        scatter_kms = 4.74 * group["true_distance_pc"].mean() / 1000 * group["pmra"].std()
        assert scatter_kms < 12.0


def test_parallaxes_scatter_by_their_errors(survey):
    from core.simulation.population.selection import PARALLAX_ZERO_POINT_MAS

    pull = (survey["parallax"] - PARALLAX_ZERO_POINT_MAS - 1000 / survey["true_distance_pc"]) / survey["parallax_error"]
    assert abs(pull.mean()) < 0.03
    assert abs(pull.std() - 1.0) < 0.03


def test_ruwe_is_raised_for_binaries_only(survey):
    double = survey["companion_radius_rsun"] > 0
    assert (survey.loc[~double, "ruwe"] < 1.4).mean() > 0.999
    assert (survey.loc[double, "ruwe"] > 1.4).any()


@given(st.lists(st.tuples(st.floats(0, 359.99), st.floats(-90, 90)), min_size=1, max_size=50), st.integers(1, 2**33))
@settings(max_examples=30, deadline=None)
def test_ids_of_any_position_are_unique_and_positive(places, first):
    ra, dec = np.array(places).T
    ids = gaia_source_ids(ra, dec, first)
    assert len(set(ids.tolist())) == len(places)
    assert ids.dtype == np.int64
    assert (ids > 0).all()


@given(st.floats(3, 17), st.floats(0.01, 3))
def test_parallax_errors_never_shrink_towards_faint_stars_beyond_thirteen(g_mag, step):
    errors = parallax_error_mas(np.array([max(g_mag, 13.0), max(g_mag, 13.0) + step]))
    assert 0.01 < errors[0] <= errors[1]


@given(st.integers(0, 2**32), st.sampled_from(POPULATIONS))
@settings(max_examples=6, deadline=None)
def test_same_seed_same_stars(seed, name):
    first, second = (draw_population(name, 50, np.random.default_rng(seed)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(("name", "n"), [("everything", 5), ("survey", 0), ("training", -1)])
def test_impossible_requests_are_named(name, n):
    with pytest.raises(UsageError, match=str(n) if n < 1 else name):
        draw_population(name, n, np.random.default_rng(0))
