"""The contaminant rule: subdwarfs are named, massive stars never, and poor data give no verdict."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gaia.absolute_magnitude import MEAN_ZERO_POINT_MAS
from core.gaia.faintness import largest_a_g, probability_too_faint
from core.gaia.hot_stars import BLUEST_BP_RP
from core.verdict.contaminant import find_contaminants


def star(m_g, distance_pc, relative_error, a_g=0.0, bp_rp=None):
    """Columns of a star; its colour is reddened by its extinction with A_G / E(BP-RP) = 1.9 unless given."""
    parallax = 1000 / distance_pc
    return {
        "phot_g_mean_mag": [m_g + 5 * np.log10(distance_pc / 10) + a_g],
        "bp_rp": [-0.35 + a_g / 1.9 if bp_rp is None else bp_rp],
        "parallax": [parallax], "parallax_error": [parallax * relative_error],
    }  # fmt: skip


@given(st.floats(2.5, 6.0), st.floats(100, 2500), st.floats(0.005, 0.08))
def test_a_subdwarf_with_a_fair_parallax_is_a_contaminant(m_g, distance_pc, relative_error):
    flag, reason = find_contaminants([0.97], star(m_g, distance_pc, relative_error))
    assert flag[0] is np.True_ or bool(flag[0])
    assert "subdwarf" in reason[0]


@given(st.floats(-9, -1.7), st.floats(100, 6000), st.floats(0.005, 1.0), st.floats(0, 8))
def test_a_massive_star_is_never_one_however_red(m_g, distance_pc, relative_error, a_g):
    flag, _ = find_contaminants([0.97], star(m_g, distance_pc, relative_error, a_g))
    assert not flag[0]


def test_the_reason_quotes_the_magnitude_without_the_zero_point_of_the_parallax():
    columns = star(4.0, 2000, 0.02) | {"parallax": [0.5 + MEAN_ZERO_POINT_MAS]}
    flag, reason = find_contaminants([0.97], columns)
    assert flag[0]
    assert "M_G is about +4.0 " in reason[0]


@given(st.floats(2.5, 5.5), st.floats(200, 5000))
def test_the_verdict_needs_a_spectrum_that_looks_massive(m_g, distance_pc):
    flag, reason = find_contaminants([0.2], star(m_g, distance_pc, 0.02))
    assert not flag[0]
    assert reason[0] == ""


@pytest.mark.parametrize(
    ("change", "word"),
    [({"parallax": [-0.3]}, "parallax is -0.300"), ({"parallax": [np.nan]}, "unknown"),
     ({"bp_rp": [np.nan]}, "bp_rp unknown"),
     ({"parallax_error": [np.nan]}, "parallax_error")],
)  # fmt: skip
def test_missing_data_give_no_verdict_and_say_why(change, word):
    flag, reason = find_contaminants([0.97], star(4.0, 500, 0.02) | change)
    assert flag[0] is pd.NA
    assert word in reason[0]


def test_a_table_without_the_columns_gives_no_verdict():
    flag, reason = find_contaminants([0.9, 0.1], pd.DataFrame({"source_id": [1, 2]}))
    assert flag[0] is pd.NA
    assert not flag[1]
    assert "parallax" in reason[0]


def test_unknown_values_of_nullable_columns_are_unknown():
    table = pd.DataFrame(star(4.0, 500, 0.02)).astype("Float64")
    table["astrometric_params_solved"] = pd.array([pd.NA], dtype="Int64")
    assert find_contaminants([0.9], table)[0][0]
    table["parallax"] = pd.array([pd.NA], dtype="Float64")
    assert find_contaminants([0.9], table)[0][0] is pd.NA


def test_a_poor_parallax_makes_no_contaminant():
    flag, _ = find_contaminants([0.97], star(4.0, 3000, 1.5))
    assert not flag[0]


@given(st.floats(-9, -2), st.floats(0.02, 0.05), st.floats(-2, 2))
def test_a_massive_star_of_the_large_magellanic_cloud_is_none(m_g, error, sigmas):
    columns = star(m_g, 50_000, 1.0) | {"parallax_error": [error], "parallax": [0.02 + sigmas * error]}
    flag, _ = find_contaminants([0.97], columns)
    assert flag[0] is pd.NA or not flag[0]


@given(st.floats(0.01, 1.2))
def test_more_extinction_never_makes_a_contaminant(extra):
    columns = star(1.0, 800, 0.05)
    redder = columns | {"bp_rp": [columns["bp_rp"][0] + extra]}
    assert probability_too_faint(redder)[0] <= probability_too_faint(columns)[0] + 1e-12


def test_the_extinction_bound_covers_the_law_for_hot_stars():
    """A_G from E(BP-RP) with the curve of Gordon et al. 2023 for R_V up to 5.5, through box-like Gaia bands."""
    from core.simulation.extinction import transmission

    wavelength = np.arange(330.0, 1051.0, 2.0)
    bands = [
        np.interp(wavelength, x, y, left=0, right=0)
        for x, y in (
            ((330, 400, 450, 550, 650, 750, 850, 950, 1050), (0.05, 0.36, 0.53, 0.65, 0.72, 0.70, 0.55, 0.29, 0.04)),
            ((330, 350, 400, 500, 600, 670, 680), (0.05, 0.3, 0.5, 0.6, 0.64, 0.6, 0.0)),
            ((620, 640, 700, 800, 900, 1000, 1050), (0.0, 0.6, 0.74, 0.74, 0.55, 0.2, 0.06)),
        )
    ]
    photons = wavelength**-4.0 / np.expm1(1.4388e7 / wavelength / 30_000)
    for r_v in (2.5, 3.1, 4.5, 5.5):
        passed = transmission(wavelength, np.array([0.5, 1.0, 3.0, 6.0, 10.0]), r_v)
        a_g, a_bp, a_rp = (-2.5 * np.log10((passed * photons * b).sum(axis=1) / (photons * b).sum()) for b in bands)
        assert (largest_a_g(BLUEST_BP_RP + (a_bp - a_rp)) > a_g).all()


def test_many_stars_at_once_equal_one_by_one():
    rng = np.random.default_rng(5)
    n = 300
    table = pd.DataFrame({
        "phot_g_mean_mag": rng.uniform(8, 17, n), "bp_rp": rng.uniform(-0.5, 2, n),
        "parallax": rng.normal(0.8, 0.8, n), "parallax_error": rng.uniform(0.01, 0.3, n),
    })  # fmt: skip
    probability = rng.random(n)
    together, reasons = find_contaminants(probability, table)
    for i in range(0, n, 7):
        alone, reason = find_contaminants(probability[i : i + 1], table.iloc[i : i + 1])
        assert (alone[0] is pd.NA and together[i] is pd.NA) or bool(alone[0]) == bool(together[i])
        assert reason[0] == reasons[i]
    assert together.isna().any()
    assert together.fillna(False).any()
