"""The one ladder of probability: by the spectrum, with brightness and parallax, and where massive stars are rare.

Every page, command and file states these three rungs and no other. The first two hold at equal priors. The third is
the second in a sample of which a stated fraction is massive (Bayes' theorem), and never more than the run's validation
supports: beyond the odds that its low-mass stars can vouch for (`core.verdict.sky_validation`) the third rung is a
lower limit, and says so.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.statistics.prevalence import GAIA_PREVALENCE, reweight
from core.verdict.sky_validation import SCORES, SKY, SkyValidation

if TYPE_CHECKING:
    from core.verdict.star_verdict import StarVerdict

SPECTRUM, WITH_SKY, AT_PREVALENCE = "spectrum", "brightness_and_parallax", "at_prevalence"
FAR_FACTOR = 5.0
"""How many times a stated prevalence may differ from what the sample itself suggests before it is said."""
_TINY = 1e-15


@dataclass(frozen=True)
class Rung:
    """One rung: `key`, `title` for readers, `probability`, whether it is a lower limit, and what to know of it."""

    key: str
    title: str
    probability: float
    at_least: bool = False
    note: str = ""


def supported_posterior(
    probability: np.ndarray,
    sky_probability: np.ndarray,
    facts_known: np.ndarray,
    prevalence: float,
    score: str = SCORES[0],
    validation: SkyValidation | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(posterior at a prevalence, whether it is a lower limit), float64 and bool ndarrays of shape (n_stars,).

    Parameters
    ----------
    probability, sky_probability : ndarrays of shape (n_stars,)
        The first two rungs, at equal priors; NaN stays NaN.
    facts_known : bool ndarray of shape (n_stars,)
        Whether brightness, colour and parallax are known: else the second rung has no validation of its own.
    prevalence : float
        Fraction of massive stars, between 0 and 1 (exclusive): UsageError outside.
    score : 'sky_probability' or 'probability'
        The rung that is meant.
    """
    asked = np.asarray(sky_probability if score == SCORES[0] else probability, dtype=np.float64)
    posterior = reweight(asked, prevalence)
    if validation is None:
        return posterior, np.zeros(asked.shape, dtype=bool)
    odds, spectrum = _log_odds(asked), _log_odds(probability)
    alone = np.log(validation.largest_ratio(SCORES[1]))
    at_most: np.ndarray = np.full(asked.shape, alone)
    if score == SCORES[0]:
        # Where no sky was drawn only the spectrum's odds are limited, and what is known beside it counts as it is.
        if validation.mix == SKY:
            of_sky = np.full(asked.shape, np.log(validation.largest_ratio(score)))
        else:
            of_sky = odds - np.maximum(spectrum - alone, 0.0)
        at_most = np.where(facts_known, of_sky, alone)
    limited = odds > at_most + 1e-9
    with np.errstate(over="ignore"):
        most = reweight(1.0 / (1.0 + np.exp(-at_most)), prevalence)
    return np.where(limited, most, posterior), limited


def _log_odds(probability: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(probability, dtype=np.float64), _TINY, 1.0 - _TINY)
    return np.log(p) - np.log1p(-p)


def ladder(verdict: "StarVerdict", prevalence: float = GAIA_PREVALENCE) -> tuple[Rung, ...]:
    """The three rungs of a star; none where it is not classified."""
    if verdict.probability is None or verdict.sky_probability is None:
        return ()
    posterior, at_least = verdict.supported_posterior(prevalence)
    without = verdict.unknown_facts
    note = f"{', '.join(without)} unknown" if without else ""
    return (
        Rung(SPECTRUM, "Probability of massive by the spectrum, at equal priors", verdict.probability),
        Rung(WITH_SKY, "With brightness and parallax, at equal priors", verdict.sky_probability, note=note),
        Rung(AT_PREVALENCE, f"Where {prevalence_text(prevalence)} of the stars are massive", posterior, at_least,
             support_text(verdict.of.companions.sky_validation) if at_least else ""),
    )  # fmt: skip


def prevalence_text(fraction: float) -> str:
    """0.03 %, 50 %: as few digits as the value needs, and no line break before the unit."""
    return f"{100 * fraction:.6g}\u00a0%"


def support_text(validation: SkyValidation | None) -> str:
    """Why a posterior ends where it does."""
    if validation is None:
        return ""
    whose = "stars of a simulated sky" if validation.mix == SKY else "held-out stars, in the training set's mix,"
    return f"a lower limit: {validation.n_low_mass:,} low-mass {whose} can vouch for no higher odds"


def far_from_sample(prevalence: float, estimated: float | None) -> bool:
    """Whether a chosen prevalence differs much from what the sample suggests (`FAR_FACTOR` times either way)."""
    if estimated is None or not np.isfinite(estimated) or estimated <= 0:
        return False
    ratio = prevalence / estimated
    return bool(ratio > FAR_FACTOR or ratio < 1.0 / FAR_FACTOR)
