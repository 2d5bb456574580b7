"""The scan over settings says what grouping with each of them says."""

import pytest

from core.errors import UsageError
from core.sky.associations import GroupingSettings, associations_of, with_eps
from core.sky.neighbours import DenseNeighbourhoodError
from core.sky.settings_scan import COLUMNS, scan_settings
from core.sky.star_places import star_places
from tests.sky.samples import sky_with_groups

TABLE = sky_with_groups()
PLACES = star_places(TABLE)


@pytest.mark.parametrize(
    ("settings", "eps_values"),
    [
        (GroupingSettings(), [60.0, 20.0, 35.0]),
        (GroupingSettings(space="position-velocity", errors="aware"), [25.0, 50.0]),
        (GroupingSettings(space="sky"), [1.0, 4.0]),
    ],
    ids=lambda value: value.space if isinstance(value, GroupingSettings) else "",
)
def test_each_cell_equals_a_grouping_of_its_own(settings, eps_values):
    steps = []
    table = scan_settings(PLACES, settings, eps_values, [4, 10], lambda done, total: steps.append((done, total)))
    assert list(table.columns) == list(COLUMNS)
    assert steps[-1] == (len(table), len(table))
    for row in table.itertuples():
        alone = with_eps(GroupingSettings(**{**vars(settings), "min_samples": row.min_samples}), row.eps)
        found = associations_of(PLACES, alone)
        assert row.n_groups == found.n_groups
        assert row.noise_fraction == pytest.approx(found.n_noise / len(TABLE))
    by_samples = table.groupby("min_samples")["noise_fraction"]
    assert all((noise.diff().dropna() <= 0).all() for _, noise in by_samples)


def test_no_stars_give_empty_cells():
    table = scan_settings(PLACES.take([]), GroupingSettings(), [30.0], [5])
    assert table["n_groups"].tolist() == [0]
    assert table["noise_fraction"].isna().all()


def test_scans_that_cannot_be_meant():
    for eps_values, settings in (
        ([], GroupingSettings()),
        ([0.0, 10.0], GroupingSettings()),
        ([10.0], GroupingSettings(algorithm="hdbscan")),
    ):
        with pytest.raises(UsageError):
            scan_settings(PLACES, settings, eps_values, [5])
    crowd = star_places(sky_with_groups(n_field=9000))
    with pytest.raises(DenseNeighbourhoodError):
        scan_settings(crowd, GroupingSettings(), [50.0, 50_000.0], [5])
