"""Quality advice: each rule speaks at its threshold, and unknown columns keep silent."""

import numpy as np
import pytest

from core.gaia.quality import corrected_excess_factor, excess_factor_scatter, quality_advice

GOOD = {
    "ruwe": 1.0, "parallax": 2.0, "parallax_error": 0.02, "bp_rp": 0.3, "phot_bp_rp_excess_factor": 1.1674,
    "phot_g_mean_mag": 11.0, "phot_bp_n_obs": 40, "phot_rp_n_obs": 40, "phot_bp_n_blended_transits": 1,
    "phot_rp_n_blended_transits": 1, "classprob_dsc_combmod_quasar": 1e-5, "classprob_dsc_combmod_galaxy": 1e-5,
    "phot_variable_flag": "NOT_AVAILABLE",
}  # fmt: skip
BAD = [
    ("RUWE", {"ruwe": 2.0}),
    ("parallax", {"parallax": 0.05}),
    ("parallax", {"parallax": -0.2}),
    ("parallax", {"parallax": None}),
    ("BP/RP excess", {"phot_bp_rp_excess_factor": 1.5}),
    ("blended transits", {"phot_bp_n_blended_transits": 39, "phot_rp_n_blended_transits": 38}),
    ("DSC", {"classprob_dsc_combmod_galaxy": 0.99}),
    ("variability", {"phot_variable_flag": "VARIABLE"}),
    ("brightness", {"phot_g_mean_mag": 3.0, "phot_bp_rp_excess_factor": 1.1674}),
]


def test_a_good_star_gets_only_good_advice():
    advice = quality_advice(GOOD)
    assert {item.level for item in advice} == {"good"}
    assert all(item.reference for item in advice)


@pytest.mark.parametrize(("topic", "change"), BAD)
def test_every_fault_is_named_with_value_and_threshold(topic, change):
    found = {item.topic: item for item in quality_advice(GOOD | change)}
    assert found[topic].level != "good"
    assert found[topic].threshold not in (None, "")


def test_nothing_known_gives_hardly_any_advice():
    assert [item.topic for item in quality_advice({})] == ["parallax"]
    assert [item.topic for item in quality_advice(dict.fromkeys(GOOD, float("nan")))] == ["parallax"]


def test_the_excess_correction_is_nearly_continuous_and_its_scatter_grows_to_the_faint_end():
    for edge in (0.5, 4.0):
        low, high = corrected_excess_factor(edge - 1e-9, 1.3), corrected_excess_factor(edge + 1e-9, 1.3)
        assert low == pytest.approx(high, abs=0.006)
    assert (np.diff(excess_factor_scatter(np.arange(5, 21))) > 0).all()
    assert excess_factor_scatter(15.0) == pytest.approx(0.0059898 + 8.817481e-12 * 15**7.618399)
