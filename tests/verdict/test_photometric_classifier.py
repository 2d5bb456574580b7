"""The fit of the photometric-astrometric classifier: each low-mass star counts as often as its weight says."""

import numpy as np

from core.verdict.photometric_classifier import features, fit_photometric_classifier


def candidates(n: int, rng: np.random.Generator, *, log_odds: float, luminosity_mag: float) -> dict[str, np.ndarray]:
    """Columns of n stars around a spectral log odds and an absolute magnitude."""
    distance_pc = 10 ** rng.uniform(2.5, 3.5, n)
    g = luminosity_mag + 0.5 * rng.standard_normal(n) + 5 * np.log10(distance_pc / 10)
    return {
        "probability": 1 / (1 + np.exp(-(log_odds + rng.standard_normal(n)))), "probability_std": np.full(n, 0.05),
        "phot_g_mean_mag": g, "bp_rp": np.full(n, -0.1),
        "parallax": 1000 / distance_pc, "parallax_error": np.full(n, 0.02),
    }  # fmt: skip


def fitted(low_mass: dict[str, np.ndarray], weight: np.ndarray | None, massive: dict[str, np.ndarray]):
    sizes = {"n_massive": 4000, "n_low_mass": 4000}
    return fit_photometric_classifier(features(massive), features(low_mass), weight, **sizes, started="now")


def test_many_stars_of_a_small_weight_are_worth_the_few_that_they_stand_for():
    rng = np.random.default_rng(5)
    massive = candidates(4000, rng, log_odds=2.0, luminosity_mag=-3.0)
    few = candidates(1500, rng, log_odds=1.0, luminosity_mag=-1.5)
    many = candidates(15_000, rng, log_odds=1.0, luminosity_mag=-1.5)
    probe = candidates(1000, rng, log_odds=1.5, luminosity_mag=-2.2)

    def median_odds(low_mass, weight):
        probability = fitted(low_mass, weight, massive).probability(probe)
        return np.median(np.log(probability / (1 - probability)))

    counted = median_odds(many, np.full(15_000, 0.1))
    assert abs(counted - median_odds(few, None)) < 0.5
    assert counted - median_odds(many, None) > 1.5  # ten times as many contaminants: log(10) = 2.3
