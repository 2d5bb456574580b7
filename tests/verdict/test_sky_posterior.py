"""What brightness and parallax add to the odds: likelihood ratios, and checked as such."""

import numpy as np
import pytest

from core.gaia.absolute_magnitude import MEAN_ZERO_POINT_MAS
from core.gaia.counts import COUNT_SCALE_MAG, G_LIMIT_MAG
from core.gaia.hot_stars import A_G_PER_REDDENING_SHARES, BP_RP_25_000_K
from core.statistics.prevalence import reweight
from core.verdict import sky_posterior
from core.verdict.sky_posterior import brightness_log_odds, luminosity_log_odds, sky_log_odds, sky_probability


def stars(magnitude_weights: np.ndarray, n: int, rng: np.random.Generator, error: float) -> dict[str, np.ndarray]:
    """Stars at one colour and G whose absolute magnitudes and dust follow a law of the module."""
    magnitude, *_ = sky_posterior._magnitude_laws()
    ratio, share = np.array(A_G_PER_REDDENING_SHARES).T
    bp_rp, g = 0.6, 13.0
    a_g = rng.choice(ratio, n, p=share) * (bp_rp - BP_RP_25_000_K)
    true_parallax = 10.0 ** (2.0 - (g - a_g - rng.choice(magnitude, n, p=magnitude_weights)) / 5.0)
    measured = true_parallax + MEAN_ZERO_POINT_MAS + error * rng.standard_normal(n)
    full = np.full(n, 1.0)
    return {"phot_g_mean_mag": g * full, "bp_rp": bp_rp * full, "parallax": measured, "parallax_error": error * full}


@pytest.mark.parametrize("error", [0.03, 0.3])
def test_the_luminosity_odds_are_a_likelihood_ratio(error):
    rng = np.random.default_rng(4)
    _, massive, other = sky_posterior._magnitude_laws()
    of_other = luminosity_log_odds(stars(other, 40_000, rng, error))
    of_massive = luminosity_log_odds(stars(massive, 40_000, rng, error))
    # E[p(x|massive) / p(x|other)] over the others is 1, and so is the inverse over the massive.
    assert np.exp(of_other).mean() == pytest.approx(1.0, abs=0.05)
    assert np.exp(-of_massive).mean() == pytest.approx(1.0, abs=0.25)
    assert of_massive.mean() > 0 > of_other.mean()


def test_brightness_keeps_the_prevalence_of_the_whole_sample():
    rng = np.random.default_rng(5)
    g = G_LIMIT_MAG - rng.exponential(COUNT_SCALE_MAG, 1_000_000)
    assert np.exp(brightness_log_odds(g)).mean() == pytest.approx(1.0, rel=0.05)
    assert brightness_log_odds(np.array([9.0]))[0] > brightness_log_odds(np.array([17.0]))[0]


def test_what_is_unknown_adds_nothing():
    unknown = np.array([np.nan])
    star = dict.fromkeys(("phot_g_mean_mag", "bp_rp", "parallax", "parallax_error"), unknown)
    assert sky_log_odds(star) == pytest.approx(0.0)
    known = {"phot_g_mean_mag": np.array([12.0]), "bp_rp": np.array([0.1])}
    assert luminosity_log_odds({**star, **known}) == pytest.approx(0.0)
    probability = np.array([0.2, 0.9])
    assert sky_probability(probability, np.zeros(2)) == pytest.approx(probability)
    assert np.isnan(sky_probability(unknown, np.ones(1)))[0]


def test_a_near_hot_looking_star_is_no_massive_one_and_a_negative_parallax_speaks_for_distance():
    near, far = (
        {"phot_g_mean_mag": [14.0], "bp_rp": [-0.3], "parallax": [p], "parallax_error": [0.03]} for p in (1.2, -0.02)
    )
    assert luminosity_log_odds(near)[0] < -10
    assert luminosity_log_odds(far)[0] > 0.5
    assert reweight(sky_probability(np.array([0.999]), sky_log_odds(near)), 3e-4)[0] < 1e-6
