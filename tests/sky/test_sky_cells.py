"""Maps of tables: bounded marks, nothing lost, fields and cuts as asked."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.errors import MissingColumnError, ReadError, UsageError
from core.gaia import frames
from core.gaia.source_id import first_id_of, healpix_at
from core.sky.sky_cells import Field, cell_centres, cell_corners, map_stars
from core.sky.spiral_arms import arm_lines
from core.sky.star_source import Cuts, source_of_files, source_of_table

N = 30_000


def stars(n: int = N, *, gaia_ids: bool = True) -> pa.Table:
    rng = np.random.default_rng(n)
    l_deg, b_deg = rng.normal(0, 60, n) % 360, np.clip(rng.normal(0, 5, n), -89, 89)
    ra, dec = frames.icrs(l_deg, b_deg)
    ids = first_id_of(healpix_at(ra, dec)) + np.arange(n) if gaia_ids else np.arange(n)
    return pa.table(
        {
            "source_id": ids,
            "ra": ra,
            "dec": dec,
            "probability": rng.random(n),
            "label": np.where(rng.random(n) < 0.5, "massive", "low-mass"),
            "phot_g_mean_mag": rng.uniform(5, 17, n),
            "flux": rng.random(n),
        }
    )


def source(table: pa.Table):
    return source_of_table(table, "stars", "made up", "key")


@pytest.mark.parametrize("gaia_ids", [True, False])
def test_cells_hold_every_star_within_the_budget(gaia_ids):
    table = stars(gaia_ids=gaia_ids)
    drawn = map_stars(source(table), Cuts(), Field(), 2000)
    assert drawn.order is not None
    assert len(drawn.marks) <= 2000
    assert drawn.marks["n"].sum() == drawn.n_stars == N
    expected = pd.Series(healpix_at(table["ra"].to_numpy(), table["dec"].to_numpy(), drawn.order)).value_counts()
    assert drawn.marks.set_index("cell")["n"].to_dict() == expected.to_dict()
    mean = np.average(drawn.marks["probability"], weights=drawn.marks["n"])
    assert mean == pytest.approx(table["probability"].to_numpy().mean())
    assert drawn.marks["g"].min() == pytest.approx(table["phot_g_mean_mag"].to_numpy().min())


def test_few_stars_are_given_as_they_are():
    drawn = map_stars(source(stars(500)), Cuts(), Field(), 2000)
    assert drawn.order is None
    assert len(drawn.marks) == 500
    assert "flux" not in drawn.marks
    assert map_stars(source(stars(500)), Cuts(), Field(), 2000, cells=True).order is not None
    assert map_stars(source(stars(500)), Cuts(threshold=2.0), Field(), 2000).n_stars == 0


@pytest.mark.parametrize("field", [Field(0, 0, 10), Field(359.5, -3, 4), Field(123, 89.9, 80), Field(302.9, 27.1, 60)])
def test_a_field_holds_the_stars_within_its_radius(field):
    table = stars()
    directions = frames.galactic_directions(table["ra"].to_numpy(), table["dec"].to_numpy())
    centre = frames.unit_vectors(np.array([field.l_deg]), np.array([field.b_deg]))[0]
    inside = np.rad2deg(np.arccos(np.clip(directions @ centre, -1, 1))) <= field.radius_deg
    drawn = map_stars(source(table), Cuts(), field, N)
    assert drawn.n_stars == inside.sum()
    assert set(drawn.marks["source_id"]) == set(table["source_id"].to_numpy()[inside])


def test_cuts_take_what_they_say_and_ignore_what_is_missing():
    table = stars()
    few = source(table).select(Cuts(threshold=0.9, g_mag=(10.0, 12.0)))
    assert (few["probability"] >= 0.9).all()
    assert few["phot_g_mean_mag"].between(10, 12).all()
    assert source(table).count(Cuts(ruwe=1.4, parallax_snr=5.0)) == N
    assert len(source(table).select(limit=7)) == 7


def test_places_that_are_none_are_refused_or_left_out():
    with pytest.raises(UsageError, match="no part of"):
        map_stars(source(stars(10)), Cuts(), Field(0, 95, 10))
    with pytest.raises(UsageError, match="radius 0"):
        map_stars(source(stars(10)), Cuts(), Field(0, 0, 0))
    with pytest.raises(MissingColumnError, match="ra, dec"):
        source(pa.table({"source_id": [1]}))
    holes = pa.table({"source_id": [1, 2], "ra": [None, 10.0], "dec": [1.0, 2.0]})
    assert map_stars(source(holes), Cuts(), Field()).n_stars == 1


def test_files_are_read_together(tmp_path):
    import pyarrow.parquet as pq

    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for number, path in enumerate(paths):
        pq.write_table(stars(100 + number), path)
    both = source_of_files(paths, "two files", "made up")
    assert both.count() == 201
    assert map_stars(both, Cuts(), Field(), 50).marks["n"].sum() == 201
    with pytest.raises(ReadError, match="no Parquet"):
        source_of_files([], "none", "")
    (tmp_path / "c.parquet").write_bytes(b"no table")
    with pytest.raises(ReadError, match=r"c\.parquet"):
        source_of_files([tmp_path / "c.parquet"], "bad", "")


def test_corners_surround_the_centre():
    cell = np.array([0, 17, 700])
    l_deg, b_deg = cell_corners(cell, 3)
    assert l_deg.shape == (3, 4)
    centre = frames.unit_vectors(*cell_centres(cell, 3))
    corner = frames.unit_vectors(l_deg, b_deg)
    assert (np.einsum("nki,ni->nk", corner, centre) > np.cos(np.deg2rad(8))).all()


def test_the_spiral_arms_lie_where_the_simulator_has_them():
    from core.simulation.population.galaxy import arm_strength

    lines = arm_lines(6000.0)
    assert {"Local", "Perseus", "Sagittarius-Carina", "Scutum-Centaurus"} <= set(lines)
    for line in lines.values():
        assert (np.hypot(line[:, 0], line[:, 1]) <= 6000.0).all()
        assert arm_strength(line[:, 0], line[:, 1]).min() > 0.6


def test_rows_without_a_gaia_id_are_placed_by_their_position():
    table = stars()
    ids = table["source_id"].to_numpy().copy()
    ids[-3:] = -1, 12 * 4**12 * 2**35, np.iinfo(np.int64).max
    drawn = map_stars(source(table.set_column(0, "source_id", pa.array(ids))), Cuts(), Field(), 2000)
    expected = pd.Series(healpix_at(table["ra"].to_numpy(), table["dec"].to_numpy(), drawn.order)).value_counts()
    assert drawn.marks.set_index("cell")["n"].to_dict() == expected.to_dict()
    cell_corners(drawn.marks["cell"].to_numpy(), drawn.order)
