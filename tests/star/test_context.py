"""A star in its context: alike stars, dust, energy, groups, links."""

import numpy as np
import pandas as pd
import pytest

from core.datasets.real_stars import FIRST_STAR, real_stars_path
from core.simulation.extinction import transmission
from core.sky.matching import known_groups
from core.sky.surroundings import groups_around, known_ob_stars
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.photometry import synthetic_photometry
from core.star.alike import alike_stars, behind_dust, known_spectra
from core.star.dust_free import Extinction, a_g_of, extinctions_of, without_dust
from core.star.energy import energy, magnitudes
from core.star.links import links_of
from core.star.strengths import class_strengths

needs_real = pytest.mark.skipif(real_stars_path() is None, reason="the sample of real stars is not installed")
HOT = 1e-15 * (WAVELENGTH_NM / 500.0) ** -3.5


@needs_real
def test_a_known_star_behind_more_dust_and_fainter_finds_itself():
    known = known_spectra()
    rows = np.flatnonzero((known.table["label"] == "massive").to_numpy())[:5]
    found_itself = 0
    for row in rows:
        flux = known.flux[row].astype(float) * 0.03 * transmission(WAVELENGTH_NM, np.array([1.2]))[0]
        found = alike_stars(flux, None)
        best = found.sort_values("rms").iloc[0]
        found_itself += int(best["row"] == row)
        if best["row"] == row:
            assert best["added_a_v"] == pytest.approx(1.2, abs=0.05)
            np.testing.assert_allclose(behind_dust(row, best["added_a_v"], flux)[60:320], flux[60:320], rtol=0.02)
    assert found_itself == len(rows)


@needs_real
def test_the_star_itself_is_left_out_and_both_kinds_are_listed():
    known = known_spectra()
    row = int(np.flatnonzero(known.table["source_id"] == FIRST_STAR)[0])
    found = alike_stars(known.flux[row].astype(float), None, leave_out=FIRST_STAR)
    assert FIRST_STAR not in set(found["source_id"])
    assert found["massive"].tolist() == [True] * 4 + [False] * 4
    assert found["rms"][:4].is_monotonic_increasing
    assert alike_stars(np.full(343, np.nan), None).empty


@pytest.mark.parametrize("a_v", [0.0, 0.7, 3.0, 6.0])
def test_dust_that_is_put_on_can_be_taken_off(a_v):
    clean = without_dust(HOT, Extinction("nobody", 0.0))
    seen = HOT * transmission(WAVELENGTH_NM, np.array([a_v]))[0]
    found = without_dust(seen, Extinction("me", a_v))
    g_clean, *_ = synthetic_photometry(HOT[None])
    assert found.g == pytest.approx(float(g_clean[0]), abs=1e-6)
    assert found.bp_rp == pytest.approx(clean.bp_rp, abs=1e-6)
    assert 0.6 * a_v <= found.a_g <= 1.05 * a_v + 1e-9


def test_each_extinction_names_its_source_and_the_best_comes_first():
    gaia = {"azero_gspphot": 2.0, "azero_esphs": 2.4, "bp_rp": 1.0}
    found = extinctions_of(gaia, {"a_v_mag": 2.2, "reference": "Someone 2015"}, {"a_v": 2.3, "r_v": 9.0})
    assert [item.source for item in found] == ["Someone 2015", "the fit by physics", "ESP-HS", "GSP-Phot"]
    assert found[1].r_v == 5.6
    assert extinctions_of({}, {}) == []
    assert a_g_of(HOT, {"ag_gspphot": 1.5}, {}, True) == (1.5, "GSP-Phot")
    a_g, why = a_g_of(HOT, {"bp_rp": 0.6}, {}, True)
    assert a_g == pytest.approx(1.0 * 1.95, abs=0.1)
    assert "hot star" in why
    assert a_g_of(HOT, {"bp_rp": 0.6}, {}, False) == (None, "")


def test_a_black_body_meets_its_own_photometry():
    bands = magnitudes({"j_mag": 8.0, "h": 7.9}, {"ks_mag": 7.8})
    assert bands == {"J": 8.0, "H": 7.9, "Ks": 7.8}
    found = energy(HOT, bands, Extinction("me", 1.0), 30_000.0)
    assert found.model is not None
    near = np.interp(950.0, *found.model)
    assert near == pytest.approx(HOT[np.abs(WAVELENGTH_NM - 950).argmin()], rel=0.1)
    assert energy(HOT, {}, None).clear is None


def test_a_star_of_cygnus_ob2_lies_in_it_and_its_parallax_decides():
    known = known_groups()
    place = (308.3, 41.25)
    names = {True: 1 / 1.76, False: 5.0}
    for agrees, parallax in names.items():
        found = groups_around(*place, parallax, 0.02, known)
        assert found[0].name == "Cygnus OB2"
        assert found[0].agrees is agrees
    assert groups_around(*place, float("nan"), float("nan"), known)[0].agrees is None
    assert groups_around(float("nan"), 0.0, 1.0, 0.1, known) == []


@needs_real
def test_real_ob_stars_stand_where_ob_stars_stand():
    found = known_ob_stars()
    assert len(found) > 20
    assert found["m_g"].between(-8, 0).all()
    assert found["bp_rp"].median() == pytest.approx(-0.4, abs=0.3)


@needs_real
def test_massive_stars_have_a_smaller_balmer_jump_than_a_stars():
    found = class_strengths()
    median = {name: values[0, 2] for name, values in found.quantiles.items()}
    assert median["massive"] < median["low-mass, A and late B"] - 0.1
    assert sum(found.n.values()) <= 2000


def test_links_hold_the_star_and_its_place():
    links = links_of(128, 10.5, -3.25, "dr3")
    assert set(links) == {"Simbad", "Gaia archive", "VizieR", "ESASky", "Aladin Lite"}
    assert "Gaia%20DR3%20128" in links["Simbad"]
    assert all(address.startswith("https://") for address in links.values())
    assert "10.500000%20-3.250000" in links["ESASky"]
    assert set(links_of(128, float("nan"), 1.0, "dr3")) == {"Simbad", "Gaia archive"}


def test_figures_of_the_context_hold_their_stars():
    from core.figures.context import colour_magnitude_figure, energy_figure

    stars = pd.DataFrame({"name": ["me"], "bp_rp": [-0.4], "m_g": [-4.0], "brighter": [-4.2], "fainter": [-3.8]})
    known = pd.DataFrame({"bp_rp": [-0.3], "m_g": [-3.0], "spectral_type": ["B1V"]})
    tracks = {20.0: pd.DataFrame({"bp_rp": [-0.5, 0.0], "m_g": [-3.7, -8.0]})}
    figure = colour_magnitude_figure(tracks, known, stars)
    assert [trace.name for trace in figure.data][-1] == "me"
    found = energy(HOT, {"J": 8.0}, Extinction("me", 1.0), 30_000.0)
    names = [trace.name for trace in energy_figure(HOT, found.points, found.clear, found.model, ("a", "b")).data]
    assert names == ["XP spectrum", "a", "b", "2MASS"]
