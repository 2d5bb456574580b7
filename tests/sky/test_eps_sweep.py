"""A sweep over eps gives at every radius what grouping at that radius alone gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.sky.dbscan import dbscan_of_graph
from core.sky.eps_sweep import sort_neighbours, sweep_eps
from core.sky.neighbours import find_neighbours


def clumpy(seed: int, n: int = 300, *, on_grid: bool = False) -> np.ndarray:
    """Points in five clumps and a field; on a grid many distances are equal and some are zero."""
    rng = np.random.default_rng(seed)
    points = np.concatenate(
        [rng.normal(5 * i, 1.0, (n // 10, 2)) for i in range(5)] + [rng.uniform(-5, 30, (n // 2, 2))]
    )
    return np.round(points * 2) / 2 if on_grid else points


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), min_samples=st.integers(1, 9), on_grid=st.booleans())
def test_every_radius_equals_dbscan_at_that_radius(seed, min_samples, on_grid):
    graph = find_neighbours(clumpy(seed, on_grid=on_grid), 3.0)
    eps_values = np.linspace(0.5, 3.0, 6)
    sweep = sweep_eps(sort_neighbours(graph), eps_values, min_samples)
    for number, radius in enumerate(eps_values):
        alone = dbscan_of_graph(graph.shrink(radius), min_samples)
        together = sweep.grouping(number)
        np.testing.assert_array_equal(together.core, alone.core)
        np.testing.assert_array_equal(together.group, alone.group)
    assert sweep.n_groups[-1] == alone.n_groups


def test_a_group_keeps_its_name_while_it_grows_and_the_richer_one_wins_a_merger():
    # 4 points and 3 points on a line, 2 apart; from eps 2 on they are one
    points = np.array([0.0, 0.5, 1.0, 1.5, 3.5, 4.0, 4.5])[:, None]
    sweep = sweep_eps(sort_neighbours(find_neighbours(points, 3.0)), [0.6, 1.0, 2.5], 2)
    assert sweep.n_groups.tolist() == [2, 2, 1]
    assert sweep.lineage[0].tolist() == sweep.lineage[1].tolist()
    assert sweep.lineage[2].tolist() == [sweep.lineage[0][0]]


def test_names_are_unique_at_each_radius():
    sweep = sweep_eps(sort_neighbours(find_neighbours(clumpy(3), 3.0)), np.linspace(0.2, 3.0, 30), 4)
    for names in sweep.lineage:
        assert len(set(names.tolist())) == len(names)


def test_points_without_neighbours_are_noise():
    sweep = sweep_eps(sort_neighbours(find_neighbours(np.array([[0.0], [10.0], [20.0]]), 1.0)), [0.5, 1.0], 2)
    assert (sweep.group == -1).all()
    assert sweep.n_noise.tolist() == [3, 3]
    assert sweep_eps(sort_neighbours(find_neighbours(np.empty((0, 3)), 1.0)), [1.0], 2).n_groups.tolist() == [0]


def test_a_radius_beyond_the_graph_is_refused():
    neighbours = sort_neighbours(find_neighbours(clumpy(1), 1.0))
    with pytest.raises(UsageError, match="within 1"):
        sweep_eps(neighbours, [0.5, 2.0], 3)
    with pytest.raises(UsageError, match="min_samples is 0"):
        sweep_eps(neighbours, [0.5], 0)
