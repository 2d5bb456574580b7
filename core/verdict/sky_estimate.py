"""The one door to the sky probability: the spectrum's, with what brightness and parallax add to it, at equal priors.

Two estimators of one likelihood ratio stand behind it. `core.verdict.photometric_classifier` is a small network, fitted
to a run's own verdicts on simulated stars; `core.verdict.sky_posterior` is a formula that needs no fit and serves any
run.
"""

from collections.abc import Mapping

import numpy as np

from core.verdict.photometric_classifier import PhotometricClassifier
from core.verdict.sky_posterior import brightness_log_odds, sky_log_odds, sky_probability

CANDIDATE_FROM = 0.01
"""Least probability, at equal priors, of a possible candidate: the others are none at any prior, and what the
parallaxes of a million of them say would take as long as their classification."""


def estimate_sky_probability(
    probability: np.ndarray,
    probability_std: np.ndarray,
    facts: Mapping[str, np.ndarray],
    photometric_classifier: PhotometricClassifier | None = None,
    flux: np.ndarray | None = None,
) -> np.ndarray:
    """Probability of massive by spectrum, brightness and parallax, at equal priors: float64 ndarray (n_stars,).

    `core.statistics.prevalence.reweight` turns it into the posterior of a sample of which a stated fraction is massive.

    Parameters
    ----------
    probability, probability_std : float ndarrays of shape (n_stars,)
        The spectrum's, calibrated at equal priors, and its spread over the members (NaN for a single one).
    facts : mapping
        As `core.verdict.facts.facts_of`; a star for which a value is missing keeps what is known without it.
    photometric_classifier : PhotometricClassifier or None
        That of the run that gave the probabilities; None: the formula.
    flux : ndarray of shape (n_stars, 343) or None
        The spectra, which a classifier with a ranking reads; without them it gives way to the formula.
    """
    columns = {**facts, "probability": probability, "probability_std": probability_std}
    rows = np.flatnonzero(probability >= CANDIDATE_FROM)
    of_rows = {name: values[rows] for name, values in columns.items()}
    if photometric_classifier is None or (photometric_classifier.ranking is not None and flux is None):
        log_odds = brightness_log_odds(facts["phot_g_mean_mag"])
        if len(rows):
            log_odds[rows] = sky_log_odds(of_rows)
        return sky_probability(probability, log_odds)
    result = probability.copy()
    if len(rows):
        result[rows] = photometric_classifier.probability(of_rows, None if flux is None else flux[rows])
    return result
