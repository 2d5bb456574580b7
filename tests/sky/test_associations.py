"""Finding groups: the planted ones are found, every space and algorithm, and bad input gets words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import DBSCAN, HDBSCAN

from core.errors import MissingColumnError, UsageError
from core.sky.associations import SPACES, SUGGESTED, GroupingSettings, associations_of, coordinates, find_associations
from core.sky.aware import find_aware_neighbours, separation
from core.sky.star_places import star_places
from tests.sky.samples import CENTRES_PC, N_PER_GROUP, sky_with_groups

TABLE = sky_with_groups()
MEMBER = TABLE["true_group"].to_numpy() >= 0
OPTIONS = {
    "position": {"eps_pc": 30.0},
    "position-velocity": {"eps_pc": 45.0, "weight_pc_per_kms": 5.0},
    "sky": {"eps_deg": 3.0},
}


def purely_found(group, least_purity):
    for number in range(3):
        members = group[TABLE["true_group"] == number]
        best = np.bincount(members[members >= 0]).argmax()
        assert (members == best).mean() > 0.8
        assert (TABLE["true_group"].to_numpy()[group == best] == number).mean() > least_purity


@pytest.mark.parametrize("space", SPACES)
def test_planted_groups_are_found(space):
    found = find_associations(TABLE, space=space, min_samples=6, **OPTIONS[space])
    purely_found(found.group, 0.8)
    assert found.core[found.group >= 0].mean() > 0.7
    assert not found.core[found.group < 0].any()
    assert str(found.n_groups) in found.summary()


@pytest.mark.parametrize("space", SPACES)
def test_hdbscan_is_scikit_learns(space):
    found = find_associations(TABLE, space=space, algorithm="hdbscan", min_samples=8, **OPTIONS[space])
    peer = HDBSCAN(min_cluster_size=8, copy=True).fit(coordinates(found.places, found.settings))
    assert (found.group == peer.labels_).all()
    purely_found(found.group, 0.6)  # without a radius it takes in what lies around


def test_places_are_heliocentric_and_galactic():
    found = find_associations(TABLE, eps_pc=30.0, min_samples=6)
    for number, centre in enumerate(CENTRES_PC):
        mean = found.places.position_pc[TABLE["true_group"] == number].mean(axis=0)
        assert mean == pytest.approx(centre, abs=12.0)


@pytest.mark.parametrize("weight", [0.0, 4.0])
def test_error_aware_neighbours_are_those_of_a_full_matrix(weight):
    table = sky_with_groups(seed=7, n_field=150, relative_error=0.08)
    places = star_places(table)
    n = len(places)
    first, second = np.triu_indices(n, 1)
    full = separation(places, first, second, weight)
    for radius in (20.0, 60.0, 200.0):
        graph = find_aware_neighbours(places, radius, weight)
        found = {tuple(sorted(pair)) for pair in zip(graph.first.tolist(), graph.second.tolist(), strict=True)}
        assert len(found) == len(graph.first)
        near = full <= radius
        assert found == set(zip(first[near].tolist(), second[near].tolist(), strict=True))
        settings = GroupingSettings(radius, 6, "position-velocity" if weight else "position", errors="aware")
        ours = associations_of(places, replace(settings, weight_pc_per_kms=weight or 1.0))
        peer = DBSCAN(eps=radius, min_samples=6, metric="precomputed").fit(squareform(full))
        assert (ours.group[ours.core] == peer.labels_[ours.core]).all()
        assert np.flatnonzero(ours.core).tolist() == peer.core_sample_indices_.tolist()


def test_without_errors_the_aware_metric_is_the_distance_in_space():
    places = star_places(TABLE.assign(parallax_error=1e-9), "inverse")
    first, second = np.triu_indices(len(places), 1)
    assert separation(places, first, second, 0.0) == pytest.approx(pdist(places.position_pc), rel=1e-6)


def test_the_aware_metric_mends_groups_that_errors_have_torn():
    table = sky_with_groups(seed=3, relative_error=0.08)
    member = table["true_group"].to_numpy() >= 0

    def completeness(errors):
        found = find_associations(table, eps_pc=30.0, min_samples=6, errors=errors)
        return (found.group[member] >= 0).mean()

    assert completeness("aware") > max(0.85, completeness("ignore") + 0.15)


def test_rows_that_cannot_take_part_are_noted_and_change_nothing():
    spoiled = pd.concat([TABLE, TABLE.iloc[:6]], ignore_index=True)
    last = len(TABLE)
    spoiled.loc[last, "parallax"] = -0.5
    spoiled.loc[last + 1, "parallax"] = np.nan
    spoiled.loc[last + 2, "parallax"] = 0.0
    spoiled.loc[last + 3, "ra"] = np.nan
    spoiled.loc[last + 4, "dec"] = 120.0
    spoiled.loc[last + 5, "pmra"] = np.nan
    options = {"space": "position-velocity", "min_samples": 6, **OPTIONS["position-velocity"]}
    clean, found = find_associations(TABLE, **options), find_associations(spoiled, **options)
    assert (found.group[:last] == clean.group).all()
    assert (found.group[last:] == -1).all()
    assert [note.split(" (")[0] for note in found.note[last:]] == [
        *["no usable distance"] * 3,
        *["no usable position"] * 2,
        "no proper motion",
    ]
    assert (found.note[:last] == "").all()


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("algorithm", ["dbscan", "hdbscan"])
def test_few_stars_are_noise_not_an_exception(n, algorithm):
    found = find_associations(TABLE.iloc[:n], eps_pc=50, min_samples=5, algorithm=algorithm)
    assert found.n_groups == 0
    assert len(found.group) == n
    assert ("all are noise" if n else "None of 0 stars") in found.summary()


def test_one_giant_group_is_called_by_its_name():
    assert "eps is too large" in find_associations(TABLE, eps_pc=2000.0, min_samples=10).summary()


def test_only_negative_parallaxes():
    found = find_associations(TABLE.assign(parallax=-1.0), eps_pc=50, min_samples=5)
    assert not found.took_part.any()
    assert "None of" in found.summary()


def test_distance_pc_wins_where_it_is_known():
    given = TABLE.assign(distance_pc=np.where(np.arange(len(TABLE)) < 5, 123.0, np.nan))
    places = star_places(given)
    assert places.distance.distance_pc[:5] == pytest.approx(123.0)
    assert (places.distance.distance_pc[5:] == star_places(TABLE).distance.distance_pc[5:]).all()
    alone = find_associations(given.drop(columns=["parallax", "parallax_error"]), eps_pc=50, min_samples=3)
    assert alone.took_part.tolist() == [True] * 5 + [False] * (len(TABLE) - 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"eps_pc": 0.0}, "eps is 0"),
        ({"min_samples": 0}, "min_samples is 0"),
        ({"space": "time"}, "space 'time' is unknown"),
        ({"algorithm": "kmeans"}, "algorithm 'kmeans' is unknown"),
        ({"errors": "perhaps"}, "errors 'perhaps' is unknown"),
        ({"space": "position-velocity", "weight_pc_per_kms": 0.0}, "weight of velocities is 0"),
        ({"space": "sky", "eps_deg": 200.0}, "eps_deg is 200"),
        ({"algorithm": "hdbscan", "errors": "aware"}, "HDBSCAN works on plain distances"),
        ({"distance_method": "guess"}, "'guess' are unknown"),
    ],
)
def test_settings_that_cannot_be_meant(options, words):
    with pytest.raises(UsageError, match=words):
        find_associations(TABLE, **options)


def test_columns_that_are_missing():
    with pytest.raises(MissingColumnError, match="ra"):
        find_associations(TABLE.drop(columns="ra"))
    with pytest.raises(MissingColumnError, match="parallax"):
        find_associations(TABLE.drop(columns="parallax"))
    with pytest.raises(MissingColumnError, match="pmra"):
        find_associations(TABLE.drop(columns="pmra"), space="position-velocity")
    with pytest.raises(UsageError, match="parallax_error"):
        find_associations(TABLE.drop(columns="parallax_error"), errors="aware")
    assert find_associations(TABLE.drop(columns="parallax_error"), eps_pc=30, min_samples=6).places.method == "inverse"


def test_the_suggested_settings_can_be_used():
    found = associations_of(star_places(TABLE), SUGGESTED)
    assert found.n_groups >= 3
    assert max(np.bincount(TABLE["true_group"][MEMBER])) == N_PER_GROUP
