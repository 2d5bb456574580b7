"""What is said about groups: table, stability, significance, k-distances, known groups."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import UsageError
from core.gaia import frames
from core.settings import current_settings
from core.sky.associations import associations_of, find_associations
from core.sky.eps_suggestion import k_distances
from core.sky.group_table import COLUMNS, group_table
from core.sky.matching import CLUSTERS_FILE, KNOWN_ASSOCIATIONS, known_groups, match_groups
from core.sky.scoring import score_groups
from core.sky.significance import group_significance, smooth_disc
from core.sky.stability import group_stability
from core.sky.star_places import star_places
from tests.sky.samples import CENTRES_PC, sky_with_groups, table_of

TABLE = sky_with_groups()
OPTIONS = {"eps_pc": 30.0, "min_samples": 6}


@pytest.fixture(scope="module")
def found():
    return find_associations(TABLE, **OPTIONS)


@pytest.fixture(scope="module")
def nothing():
    return find_associations(TABLE, eps_pc=0.01, min_samples=6)


def test_the_table_gives_back_what_was_planted(found):
    table = group_table(found)
    assert list(table.columns) == list(COLUMNS)
    assert table["n_members"].is_monotonic_decreasing
    for centre in CENTRES_PC:
        place = table[["x_pc", "y_pc", "z_pc"]].to_numpy()
        row = table.iloc[np.linalg.norm(place - centre, axis=1).argmin()]
        assert np.linalg.norm(row[["x_pc", "y_pc", "z_pc"]].to_numpy(dtype=float) - centre) < 12
        assert row["distance_pc"] == pytest.approx(np.linalg.norm(centre), abs=10)
        # half of a two-dimensional normal distribution lies within 1.18 standard deviations of 12 pc
        assert row["size_pc"] == pytest.approx(1.18 * 12, rel=0.45)
        assert row["depth_pc"] == pytest.approx(12, rel=0.6)
        assert 0.4 < row["dispersion_kms"] < 2.0
        assert frames.galactic(np.array([row["ra"]]), np.array([row["dec"]]))[0][0] == pytest.approx(row["l"])


def test_a_table_of_no_groups_has_its_columns(nothing):
    assert list(group_table(nothing).columns) == list(COLUMNS)
    assert len(group_table(nothing)) == 0


def test_compact_groups_survive_small_errors_and_not_large_ones(found):
    rng = np.random.default_rng(1)
    small = group_stability(found, rng, 5)
    rich = np.bincount(found.group[found.group >= 0]) >= 15
    assert (small["stability"][rich] > 0.75).all()
    loose = find_associations(
        TABLE.assign(parallax_error=TABLE["parallax"] * 0.3), distance_method="inverse", **OPTIONS
    )
    rich = np.bincount(loose.group[loose.group >= 0]) >= 15
    assert (group_stability(loose, rng, 5)["stability"][rich] < 0.5).all()


def test_stability_without_errors_is_unknown(found, nothing):
    bare = find_associations(TABLE[["ra", "dec", "parallax"]], **OPTIONS)
    assert group_stability(bare, np.random.default_rng(1), 2)["stability"].isna().all()
    assert len(group_stability(nothing, np.random.default_rng(1), 2)) == 0
    with pytest.raises(UsageError, match="0 times"):
        group_stability(found, np.random.default_rng(1), 0)


def test_planted_groups_are_significant_and_chance_groups_are_not(found):
    rng = np.random.default_rng(2)
    steps = []
    table = group_significance(found, rng, 19, lambda done, total: steps.append((done, total)))
    rich = np.bincount(found.group[found.group >= 0]) >= 15
    assert (table["p_value"][rich] <= 0.05 + 1e-9).all()
    assert steps[-1] == (19, 19)
    smooth = table_of(rng.uniform(-400, 400, (600, 3)) * [1, 1, 0.2], 10 * rng.standard_normal((600, 3)), 0.002, rng)
    chance = find_associations(smooth, eps_pc=42.0, min_samples=6)
    assert chance.n_groups > 0
    assert (group_significance(chance, rng, 19)["p_value"] > 0.05).mean() > 0.7


def test_a_smooth_disc_keeps_the_stars_and_loses_the_groups(found):
    rng = np.random.default_rng(3)
    smooth = smooth_disc(found.places, rng)
    assert sorted(smooth.position_pc[:, 2]) == pytest.approx(sorted(found.places.position_pc[:, 2]))
    speeds = [np.sort(np.linalg.norm(places.velocity_kms, axis=1)) for places in (smooth, found.places)]
    assert speeds[0] == pytest.approx(speeds[1], rel=1e-6)
    assert np.linalg.norm(smooth.direction, axis=1) == pytest.approx(1.0)
    assert associations_of(smooth, found.settings).n_groups < found.n_groups


def test_the_suggested_eps_separates_the_groups():
    suggestion = k_distances(star_places(TABLE).position_pc, 6)
    assert suggestion.k == 5
    assert (np.diff(suggestion.distance) >= 0).all()
    assert find_associations(TABLE, eps_pc=suggestion.suggested, min_samples=6).n_groups >= 3
    assert k_distances(np.zeros((3, 3)), 6).suggested is None
    assert k_distances(np.zeros((30, 3)), 6).suggested is None
    with pytest.raises(UsageError):
        k_distances(np.zeros((3, 3)), 1)


def test_a_group_at_a_known_place_is_matched():
    rng = np.random.default_rng(4)
    known = next(item for item in KNOWN_ASSOCIATIONS if item.name == "Vela OB2")
    centre = known.distance_pc * frames.unit_vectors(np.array(known.l_deg), np.array(known.b_deg))
    table = table_of(centre + 8 * rng.standard_normal((40, 3)), np.zeros((40, 3)), 0.002, rng)
    matches = match_groups(find_associations(table, **OPTIONS), known_groups())
    assert matches.iloc[0]["name"] == "Vela OB2"
    assert matches.iloc[0]["overlap"] > 0.9
    far = replace(known, distance_pc=900.0)
    elsewhere = known_groups().assign(distance_pc=far.distance_pc)
    assert "Vela OB2" not in set(match_groups(find_associations(table, **OPTIONS), elsewhere)["name"])


def test_no_group_no_match(nothing):
    assert len(match_groups(nothing, known_groups())) == 0


def test_known_places_are_possible():
    table = known_groups()
    assert table["l"].between(0, 360).all()
    assert table["b"].between(-90, 90).all()
    assert (table[["distance_pc", "radius_deg"]] > 0).all(axis=None)


def test_young_clusters_are_read_where_the_catalogue_lies():
    folder = current_settings().real_data_dir
    if not (folder / CLUSTERS_FILE).exists():
        pytest.skip(f"no cluster catalogue in {folder}")
    table = known_groups(folder)
    clusters = table[table["kind"] == "cluster"]
    assert len(clusters) > 300
    assert (clusters["log_age"].dropna() < 8.0).all()
    assert {"NGC_6231", "NGC 6231"} & set(clusters["name"])


def test_scores_of_planted_groups(found, nothing):
    table = TABLE.assign(true_distance_pc=found.places.distance.distance_pc)
    scores = score_groups(found.group, table)
    assert len(scores) == 3
    assert (scores[["completeness", "purity"]] > 0.8).all(axis=None)
    none = score_groups(nothing.group, table)
    assert (none["group"] == -1).all()
    assert (none[["completeness", "purity"]] == 0).all(axis=None)
    assert len(score_groups(found.group, table, least_members=26)) == 0
