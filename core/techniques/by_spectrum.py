"""Techniques that judge the XP spectrum by the ensemble, alone and with brightness and parallax."""

import numpy as np

from core.gaia.faintness import probability_too_faint
from core.techniques.evidence import Evidence, facts
from core.techniques.vote import Scores, abstain, missing, scores

_LEAST = 1e-7


def _logit(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.log(p / (1 - p))


def ensemble(evidence: Evidence) -> Scores:
    """Log odds of the ensemble's mean; abstains without a usable spectrum, or where the verdict refuses it."""
    verdict = evidence.verdict
    if verdict is None:
        return abstain(len(evidence), evidence.why_no_spectrum)
    unknown = np.isnan(verdict.probability)
    found = scores(_logit(verdict.probability), (unknown, "no XP spectrum that can be judged"))
    noted = unknown & (verdict.note != "")
    found.why[noted] = verdict.note[noted]
    return found


def with_brightness_and_parallax(evidence: Evidence) -> Scores:
    """Log odds of spectrum, brightness and parallax together."""
    verdict = evidence.verdict
    if verdict is None:
        return abstain(len(evidence), evidence.why_no_spectrum)
    return scores(
        _logit(verdict.sky_probability),
        (np.isnan(verdict.probability), "no XP spectrum that can be judged"),
        *missing(evidence, "phot_g_mean_mag"),
        *missing(evidence, "bp_rp", "parallax", "parallax_error", magnitudes=False),
    )


def not_too_faint(evidence: Evidence) -> Scores:
    """Log odds that the star is bright enough for a massive one behind any dust that its colour allows."""
    columns = facts(evidence)
    too_faint = probability_too_faint(columns)
    with np.errstate(invalid="ignore"):
        negative = ~(columns["parallax"] > 0) & np.isfinite(columns["parallax"])
    return scores(
        -_logit(too_faint),
        *missing(evidence, "phot_g_mean_mag"),
        *missing(evidence, "bp_rp", "parallax", "parallax_error", magnitudes=False),
        (negative, "the parallax is not above zero"),
    )
