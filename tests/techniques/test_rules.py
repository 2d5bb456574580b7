"""Each technique does what its source says, on cases that the source gives."""

import numpy as np
import pandas as pd
import pytest

from core.photometric_systems import BANDS, find_survey, magnitude_error, measured
from core.techniques.by_lines import o_subtype
from core.techniques.by_photometry import absolute_ks, blue, q_jhk, zari_margins, zari_strips
from core.techniques.evidence import Evidence
from core.techniques.registry import KEYS, SOURCES, TECHNIQUES, find_technique
from core.techniques.spectral_type import COMPACT, EARLY, UNREAD, read_type, type_score


def evidence(**columns) -> Evidence:
    """Stars of which only these columns are known."""
    table = pd.DataFrame(columns)
    return Evidence(table.assign(source_id=np.arange(1, len(table) + 1, dtype=np.int64)))


def test_the_registry_is_whole():
    assert len(TECHNIQUES) >= 12
    assert len(set(KEYS)) == len(KEYS)
    for item in TECHNIQUES:
        assert item.needs
        assert set(item.needs) <= set(SOURCES)
        assert all([item.title, item.inputs, item.massive, item.validity, item.reference])
        assert find_technique(item.key) is item
    assert {band.survey for band in BANDS} <= {find_survey(band.survey).key for band in BANDS}


def test_sentinels_are_no_magnitudes_and_errors_grow():
    assert measured(np.array([5.0, 99.999, -9999.0, 0.0, np.nan, 31.0])).tolist() == [True] + 5 * [False]
    for band in BANDS:
        assert magnitude_error(np.array([band.depth_mag]), band)[0] == pytest.approx(0.11, abs=0.01)
        assert magnitude_error(np.array([band.depth_mag - 8]), band)[0] == pytest.approx(band.floor_mag, rel=0.02)


def test_strips_keep_ob_stars_behind_any_dust_and_drop_giants_and_dwarfs():
    """A B1 V star (Pecaut & Mamajek: V-Ks -0.87, J-H -0.15, H-Ks -0.06), then behind A_V 3; a K giant; the Sun.

    The inequalities are those of SDSS-V's carton mwm_ob_core, after Zari et al. 2021.
    """
    a_v = np.array([0.0, 3.0])
    g = 9.5 + 0.83 * a_v
    ks = 9.5 + 0.87 + 0.107 * a_v
    h, j = ks - 0.06 + 0.06 * a_v, ks - 0.21 + 0.167 * a_v
    star = zari_margins(g, j, h, ks, np.full(2, 0.5))
    assert (star > 0).all()
    giant = zari_margins(*(np.array([x]) for x in (9.0, 7.3, 6.7, 6.55, 0.5)))
    assert not (giant > 0).all()
    sun = zari_margins(*(np.array([x]) for x in (10.0, 8.9, 8.6, 8.5, 9.0)))
    assert sun[0, 0] < 0  # M_Ks 3.3


def test_strips_abstain_beyond_their_magnitude_and_without_a_parallax():
    known = {"phot_g_mean_mag": [16.5, 9.5], "j": [15.0, 10.1], "h": [15.0, 10.3], "ks": [15.0, 10.37]}
    found = zari_strips(evidence(**known, parallax=[0.1, np.nan]))
    assert np.isnan(found.value).all()
    assert "outside the selection" in found.why[0]
    assert found.why[1] == "no parallax"


def test_q_is_free_of_reddening():
    """J-H, H-Ks of B1 V, and reddened along the law from which the slope 1.70 comes: the same Q, early."""
    reddening = np.array([0.0, 0.5, 1.0])
    ks = np.full(3, 9.0)
    h = ks - 0.06 + reddening
    j = h - 0.15 + 1.70 * reddening
    found = q_jhk(evidence(j=j, h=h, ks=ks)).value
    assert np.allclose(found, found[0])
    assert (found > 0).all()
    assert q_jhk(evidence(j=[9.8], h=[9.2], ks=[9.0])).value[0] < 0  # an M giant


def test_absolute_ks_of_pecaut_and_mamajek():
    """B1 V has M_Ks -2.13, B3 V -0.71, at 1 kpc without dust."""
    found = absolute_ks(
        evidence(
            ks=[10 - 2.13, 10 - 0.71], phot_g_mean_mag=[7.0, 8.8], parallax=[0.983, 0.983], parallax_error=[0.02] * 2
        )
    )
    assert found.value[0] > 0 > found.value[1]


def test_blue_colours():
    assert blue(evidence(bp_rp=[-0.3, 0.2, np.nan])).value[:2].tolist() == pytest.approx([0.2, -0.3])


@pytest.mark.parametrize(
    ("he_i", "he_ii", "kind"),
    [(0.8, 0.8, 7.0), (0.5, 0.8, 5.0), (0.95, 0.30, 9.5), (0.9, 0.5, 8.5), (1.0, 0.1, None), (np.nan, 0.3, None)],
)
def test_o_types_of_conti_and_alschuler(he_i, he_ii, kind):
    """He I 4471 equals He II 4542 at O7; log W' 0.65 ends O9.5."""
    found = o_subtype(he_i, he_ii)
    assert found == kind or (kind == 5.0 and found == 6.0)


def test_lines_of_standards():
    """Equivalent widths (angstrom) as for O7 V, B1 V, B8 V, A0 V and G2 V (Gray & Corbally 2009, ch. 3-4)."""
    found = find_technique("lines").measure(
        evidence(
            ew_he_i_4471=[0.70, 1.20, 0.25, 0.00, 0.10], ew_he_i_4471_error=[0.05] * 5,
            ew_he_ii_4542=[0.70, 0.00, 0.00, 0.02, 0.10], ew_he_ii_4686=[0.70, 0.05, 0.00, 0.0, 0.1],
            ew_si_iii_4552=[0.00, 0.30, 0.00, 0.00, 0.10], ew_mg_ii_4481=[0.05, 0.15, 0.32, 0.45, 0.3],
            ew_h_gamma=[2.2, 3.6, 9.5, 13.5, 2.5], ew_ca_ii_k=[0.2, 0.2, 0.2, 0.6, 9.0],
        )
    )  # fmt: skip
    assert (found.value[:2] > 0).all()
    assert (found.value[2:] < 0).all()


@pytest.mark.parametrize(
    ("text", "massive"),
    [
        ("O9.5Iae", True), ("B0.5: V nne", True), ("B1.5V", True), ("B2III", True), ("B5Ia", True), ("WN6h", True),
        ("O6/O7", True), ("OB-", True), ("emB1Ia", True), ("(B0V)", True), ("B3V", False), ("B8III", False),
        ("A0V", False), ("sdO", False), ("sdB2", False), ("DA1.5", False), ("K2III", False), ("kA5hF0mF2", False),
    ],
)  # fmt: skip
def test_published_types_in_any_spelling(text, massive):
    score, why = type_score(text)
    assert why == ""
    assert (score >= 0) is massive


def test_types_that_cannot_be_read_are_named():
    assert read_type("").kind == UNREAD
    assert read_type("sdOB").kind == COMPACT
    assert read_type("OB+ce").kind == EARLY
    score, why = type_score("XYZ 3")
    assert np.isnan(score)
    assert "'XYZ 3'" in why
    assert "no subtype" in type_score("B")[1]
