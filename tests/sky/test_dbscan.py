"""DBSCAN equals scikit-learn's: core points, their partition and their numbers; borders as the definition allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN

from core.errors import UsageError
from core.sky.dbscan import dbscan, dbscan_of_graph
from core.sky.neighbours import DenseNeighbourhoodError, find_neighbours

# Whole numbers: ties at exactly eps and points at the same place are the rule, and no rounding blurs them.
lattices = st.integers(1, 3).flatmap(
    lambda d: arrays(np.float64, st.tuples(st.integers(1, 40), st.just(d)), elements=st.integers(-4, 4).map(float))
)


def check_against_sklearn(points, radius, min_samples):
    found = dbscan(points, radius, min_samples)
    peer = DBSCAN(eps=radius, min_samples=min_samples, algorithm="kd_tree").fit(points)
    core = np.zeros(len(points), dtype=bool)
    core[peer.core_sample_indices_] = True
    assert (found.core == core).all()
    assert (found.group[core] == peer.labels_[core]).all()
    assert ((found.group >= 0) == (peer.labels_ >= 0)).all()
    reach = cdist(points, points) <= radius
    for border in np.flatnonzero((found.group >= 0) & ~core):
        assert found.group[border] in found.group[core & reach[border]]
    return found


@settings(max_examples=60)
@given(points=lattices, radius=st.sampled_from([1.0, 1.5, 2.0, 3.0, 5.0]), min_samples=st.integers(1, 8))
def test_on_lattices_with_ties_and_duplicates(points, radius, min_samples):
    check_against_sklearn(points, radius, min_samples)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), dimensions=st.integers(1, 6), min_samples=st.integers(2, 12))
def test_on_clumps_in_noise(seed, dimensions, min_samples):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-10, 10, (5, dimensions))
    clumps = centres[rng.integers(0, 5, 150)] + rng.normal(0, 0.7, (150, dimensions))
    points = np.concatenate([clumps, rng.uniform(-12, 12, (100, dimensions)), clumps[:10]])
    check_against_sklearn(points, rng.uniform(0.3, 2.5), min_samples)


def test_the_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(4)
    points = np.concatenate([rng.normal(0, 1, (80, 2)), rng.normal(3.2, 1, (80, 2)), rng.uniform(-5, 8, (80, 2))])
    order = rng.permutation(len(points))
    straight, mixed = dbscan(points, 0.7, 6), dbscan(points[order], 0.7, 6)
    pairs = set(zip(straight.group[order].tolist(), mixed.group.tolist(), strict=True))
    assert len(pairs) == straight.n_groups + 1
    assert (straight.core[order] == mixed.core).all()


def test_a_shrunk_graph_is_the_graph_of_the_smaller_radius():
    points = np.random.default_rng(5).normal(0, 1, (400, 3))
    graph = find_neighbours(points, 1.0)
    for radius in (1.0, 0.6, 0.25):
        once = dbscan(points, radius, 5)
        again = dbscan_of_graph(graph.shrink(radius), 5)
        assert (once.group == again.group).all()
        assert (once.core == again.core).all()
    with pytest.raises(UsageError, match="find them anew"):
        graph.shrink(1.1)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_points(n):
    points = np.zeros((n, 3))
    assert (dbscan(points, 1.0, 4).group == -1).all()
    alone = dbscan(points, 1.0, 1)
    assert (alone.group == 0).all()
    assert alone.n_groups == min(n, 1)


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf])
def test_an_eps_that_cannot_be_meant(radius):
    with pytest.raises(UsageError, match=f"eps is {radius:g}"):
        dbscan(np.zeros((5, 3)), radius, 3)


def test_a_dense_eps_is_refused_before_memory_is_spent():
    points = np.random.default_rng(6).normal(0, 1, (20_000, 3))
    with pytest.raises(DenseNeighbourhoodError, match="Choose a smaller eps"):
        find_neighbours(points, 10.0)
    assert find_neighbours(points, 0.02).n_points == 20_000
