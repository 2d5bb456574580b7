"""What stands behind the slider equals grouping once with the same settings; exports can be read back."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from core.errors import UsageError
from core.sky.associations import SUGGESTED, GroupingSettings, associations_of
from core.sky.exploration import associations_at, find_neighbourhoods, single_stop, slider_range, stops, sweep_slider
from core.sky.export import FORMATS, table_bytes
from core.sky.neighbours import DenseNeighbourhoodError
from core.sky.star_places import star_places
from tests.sky.samples import sky_with_groups

TABLE = sky_with_groups()
TABLE.loc[3, "parallax"] = -1.0
TABLE.loc[5, "pmra"] = np.nan
PLACES = star_places(TABLE)


@pytest.mark.parametrize(
    "settings",
    [
        SUGGESTED,
        GroupingSettings(eps_pc=33.3, min_samples=5),
        GroupingSettings(space="sky", eps_deg=1.5, min_samples=5),
    ],
    ids=lambda item: item.space,
)
def test_every_stop_equals_grouping_at_it(settings):
    found = find_neighbourhoods(PLACES, settings)
    sweep = sweep_slider(found, settings)
    here = associations_at(found, sweep, settings)
    assert here.settings == settings
    np.testing.assert_array_equal(here.group, associations_of(PLACES, settings).group)
    name = "eps_deg" if settings.space == "sky" else "eps_pc"
    for stop in (1, len(sweep.radius) - 1):
        there = replace(settings, **{name: float(sweep.radius[stop])})
        np.testing.assert_array_equal(associations_at(found, sweep, there).group, associations_of(PLACES, there).group)


def test_the_slider_holds_what_the_address_says():
    assert slider_range("position", 30.0)[0] == 60.0
    assert slider_range("position", 500.0)[0] == 600.0
    assert 37.123 in stops("position", 60.0, 37.123, 100)
    assert len(stops("position", 60.0, 30.0, 100_000)) < len(stops("position", 60.0, 30.0, 100))
    found = find_neighbourhoods(PLACES, GroupingSettings(eps_pc=5000.0, min_samples=5))
    assert found.end == 5000.0


def test_too_dense_a_range_ends_the_slider_early_and_too_dense_an_eps_is_refused():
    crowd = star_places(sky_with_groups(n_field=1500))
    settings = GroupingSettings(eps_pc=8.0, min_samples=5)
    assert find_neighbourhoods(crowd, settings, most_pairs=1000).end == 8.0
    with pytest.raises(DenseNeighbourhoodError, match="smaller eps"):
        find_neighbourhoods(crowd, replace(settings, eps_pc=500.0), most_pairs=1000)


def test_hdbscan_has_one_stop():
    settings = GroupingSettings(algorithm="hdbscan", min_samples=8)
    found, sweep = single_stop(PLACES, settings)
    assert sweep.group.shape == (1, found.took_part.sum())
    assert sweep.n_groups.tolist() == [found.n_groups]


@pytest.mark.parametrize("suffix", FORMATS.values())
def test_exports_can_be_read_back(suffix):
    table = pd.DataFrame({"source_id": [2**60 + 1, 5], "ra": [1.5, np.nan], "note": ["a", None], "core": [True, False]})
    data = io.BytesIO(table_bytes(table, suffix))
    if suffix in (".vot", ".fits"):
        back = Table.read(data, format="votable" if suffix == ".vot" else "fits").to_pandas()
    else:
        back = pd.read_csv(data) if suffix == ".csv" else pd.read_parquet(data)
    assert back["source_id"].tolist() == [2**60 + 1, 5]
    assert back["ra"][0] == 1.5
    with pytest.raises(UsageError, match="xlsx"):
        table_bytes(table, ".xlsx")
