"""The shipped grid: nodes, interpolation, ranges and refusals; compared with real spectra where they are at hand."""

import dataclasses
import time

import numpy as np
import pytest

from core.commands.atmosphere_grid import atmosphere_grid
from core.errors import ParameterRangeError, StorageError, UsageError
from core.settings import current_settings
from core.simulation.atmosphere.build import build_grid, compute_chain
from core.simulation.atmosphere.model import solve_structure, spectrum
from core.simulation.atmosphere.nodes import FAMILY_NODES
from core.simulation.grid import GRID_PATH, load_grid, planck_flux

FAMILIES = ("normal", "white_dwarf", "helium_white_dwarf", "helium_poor", "helium_rich")


@pytest.fixture(scope="module")
def grid():
    return load_grid()


def test_grid_is_small_and_complete(grid):
    assert GRID_PATH.stat().st_size < 4e6
    assert grid.families == FAMILIES
    assert grid.wavelength_nm[0] == 320
    assert grid.wavelength_nm[-1] == 1100
    assert np.diff(grid.wavelength_nm).max() <= 2
    assert grid.range()["teff"] == (2800, 50000)
    assert grid.range()["mh"] == (-2.0, 0.5)
    assert grid.range("white_dwarf")["teff"] == (8000, 80000)


@pytest.mark.parametrize("family", FAMILIES)
def test_interpolation_hits_the_nodes(grid, family):
    nodes = grid.nodes(family)
    for i in range(0, len(nodes.teff), 5):
        logg = nodes.logg[nodes.logg >= nodes.lowest[i]][0]
        j = int(np.flatnonzero(nodes.logg == logg)[0])
        mh = nodes.mh[-1] if len(nodes.mh) > 1 else 0.0
        expected = np.exp(nodes.ratio[i, j, -1]) * planck_flux(grid.wavelength_nm, nodes.teff[i : i + 1])[0]
        np.testing.assert_allclose(grid.flux(nodes.teff[i], logg, mh, family)[0], expected, rtol=1e-4)


def test_order_and_company_do_not_matter(grid):
    rng = np.random.default_rng(1)
    teff = rng.uniform(4000, 30000, 50)
    logg = grid.nearest_logg(teff, rng.uniform(3, 5, 50))
    together = grid.flux(teff, logg, np.zeros(50))
    alone = np.concatenate([grid.flux(t, g, 0.0) for t, g in zip(teff, logg, strict=True)])
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_flux_is_a_surface_flux(grid):
    optical = grid.flux(np.array([6000.0, 10000.0]), 4.0, 0.0).sum(axis=1) * 2
    total = 5.670374e-8 * np.array([6000.0, 10000.0]) ** 4
    assert ((optical / total > 0.45) & (optical / total < 0.85)).all()
    assert (np.diff(np.log(grid.flux(np.geomspace(2800, 50000, 40), 5.0 * 0 + 4.5, 0.0)[:, 115])) > 0).all()


@pytest.mark.parametrize(
    ("teff", "logg", "mh", "words"),
    [
        (60000, 4.5, 0, "choose 2800 to 50000 K"),
        (2000, 4.5, 0, "choose 2800 to 50000 K"),
        (30000, 1.0, 0, "Eddington"),
        (30000, 9.0, 0, "logg 9"),
        (6000, 4.0, 2.0, "choose -2 to 0.5"),
        (np.nan, 4.0, 0, "teff nan"),
        (6000, np.nan, 0, "logg nan"),
    ],
)
def test_out_of_range_is_refused(grid, teff, logg, mh, words):
    with pytest.raises(ParameterRangeError, match=words):
        grid.flux(teff, logg, mh)


def test_one_bad_star_among_many_is_named(grid):
    with pytest.raises(ParameterRangeError, match="99999"):
        grid.flux(np.array([5000.0, 99999.0]), 4.0, 0.0)


def test_unknown_family_is_refused(grid):
    with pytest.raises(UsageError, match="helium_poor"):
        grid.flux(10000, 4, 0, "carbon")


@pytest.mark.parametrize("family", FAMILIES)
def test_edges_are_allowed_and_nearest_logg_stays_inside(grid, family):
    low, high = grid.range(family)["teff"]
    teff = np.geomspace(low, high, 60)
    logg = np.concatenate([grid.nearest_logg(teff, np.full(60, value), family) for value in (-1.0, 12.0)])
    flux = grid.flux(np.tile(teff, 2), logg, 0.0, family)
    assert np.isfinite(flux).all()
    assert (flux > 0).all()


@pytest.mark.slow
def test_interpolation_agrees_with_a_model_computed_there(grid):
    # The same code made the grid; what is tested is the spacing of its nodes.
    for teff, logg, mh in ((5400.0, 4.2, 0.25), (9600.0, 4.2, 0.0), (21000.0, 3.8, 0.0), (33500.0, 4.3, 0.2)):
        direct = spectrum(solve_structure(teff, logg, mh))
        between = grid.flux(teff, logg, mh)[0]
        shape = (between / direct) / np.median(between / direct)
        assert np.sqrt(np.mean((shape - 1) ** 2)) < 0.02


def test_many_stars_at_once_are_much_faster_than_one_by_one(grid):
    teff = np.linspace(5000, 20000, 400)
    grid.flux(teff, 4.0, 0.0)
    start = time.perf_counter()
    grid.flux(teff, 4.0, 0.0)
    together = time.perf_counter() - start
    start = time.perf_counter()
    for value in teff:
        grid.flux(value, 4.0, 0.0)
    assert time.perf_counter() - start > 2 * together


def test_a_small_grid_is_built_and_read_back(tmp_path):
    nodes = dataclasses.replace(FAMILY_NODES[1], teff=(20000.0, 30000.0, 40000.0, 50000.0), logg=(8.0,))
    seen = []
    named = tmp_path / "grid of mine"  # without a suffix
    summary = build_grid(named, 1, (nodes,), lambda *state: seen.append(state))
    assert summary["models"] == 4
    assert seen[-1][:2] == (4, 4)
    assert list(tmp_path.iterdir()) == [named]
    small = load_grid(named)
    _, computed = compute_chain(("white_dwarf", 30000.0, 0.0, (8.0,)))
    np.testing.assert_allclose(small.flux(30000.0, 8.0, 0.0, "white_dwarf")[0], computed[0][1], rtol=3e-4)


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_computed(tmp_path):
    (tmp_path / "file").write_text("in the way")
    seen = []
    with pytest.raises(StorageError, match="choose another place"):
        build_grid(tmp_path / "file" / "grid.npz", 1, progress=lambda *state: seen.append(state))
    assert seen == []


def test_command_builds_a_reduced_grid_and_tells_how_far_it_is(tmp_path, monkeypatch, capsys):
    small = dataclasses.replace(FAMILY_NODES[1], teff=(20000.0, 30000.0, 40000.0, 50000.0), logg=(8.0,))
    monkeypatch.setattr("core.simulation.atmosphere.nodes.FAMILY_NODES", (small,))
    atmosphere_grid(workers=2, out=tmp_path / "grid.npz")
    printed = capsys.readouterr()
    assert "4 models written" in printed.out
    assert "4 of 4 models" in printed.err
    assert load_grid(tmp_path / "grid.npz").families == ("white_dwarf",)


real = current_settings().real_data_dir / "xp_templates_fkiwy.parquet"


@pytest.mark.skipif(not real.exists(), reason=f"real spectra are not at {real}")
def test_models_look_like_the_templates():
    from benchmarks.templates import summary_rows, template_rows

    reached = {(row["types"], row["model"]): row["median %"] for row in summary_rows(template_rows())}
    assert reached["B-G", "with the law"] < 3.0
    assert reached["K", "with the law"] < 5.0
    assert reached["M", "with the law"] < 8.0


@pytest.mark.skipif(not real.exists(), reason=f"real spectra are not at {real}")
def test_models_of_hot_stars_are_within_one_per_cent_of_the_floor():
    from benchmarks.templates import calspec_rows

    for row in calspec_rows():
        assert row["model %"] < row["floor %"] + 1.0, row["star"]
