"""What a survey is worth at a stated prevalence: candidates, expected purity, and the truth where it is known."""

from dataclasses import asdict, dataclass

import numpy as np

from core.errors import UsageError
from core.statistics.intervals import rate_interval
from core.statistics.prevalence import estimate_prevalence
from core.survey.index import ODDS
from core.survey.posterior import posterior_of, validation_of
from core.survey.result import Selection, SurveyResult
from core.verdict.facts import FACTS
from core.verdict.ladder import far_from_sample
from core.verdict.verdict import SCORES

EARLY_TEFF = 25_250.0
"""Kelvin: halfway between dwarfs of B1 (26,000 K) and of B1.5 (24,500 K; Pecaut & Mamajek 2013, ApJS 208, 9)."""
WANTED_COMPLETENESS = 0.8


@dataclass(frozen=True)
class Share:
    """A fraction of counted stars with its 95 % interval (Clopper & Pearson 1934)."""

    found: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Truth:
    """Against known labels: of the massive stars of a kind, which are among the candidates.

    Attributes
    ----------
    kind : str
    completeness, purity : Share or None
        At the report's threshold; None where there is nothing to divide by. Purity counts every massive star as true.
    at_wanted : Share or None
        Purity at the threshold at which `WANTED_COMPLETENESS` of the kind are found.
    threshold_at_wanted : float or None
    """

    kind: str
    completeness: Share | None
    purity: Share | None
    at_wanted: Share | None
    threshold_at_wanted: float | None


@dataclass(frozen=True)
class SurveyReport:
    """Numbers of a survey.

    Attributes
    ----------
    prevalence : float
        Fraction of massive stars that is taken as the prior.
    score : str
        What the threshold is for: 'sky_probability' (spectrum, brightness and parallax) or 'probability' (spectrum).
    threshold : float
        Least probability at equal priors of a candidate: its posterior at the prevalence is a half.
    n_rows, n_classified, n_candidates, n_impostors : int
        Candidates are at or above the threshold and not too faint to be massive; contaminants are those that are.
    expected_massive : float
        Sum of the candidates' posteriors.
    expected_purity : float or None
        The same per candidate, with its interval from the spread of the sum (95 %).
    n_at_least : int
        Candidates whose posterior is a lower limit: the run's validation supports no higher one.
    estimated_prevalence : float or None
        What the sample itself says (Saerens et al. 2002).
    truth : tuple of Truth
        For simulated stars.
    """

    prevalence: float
    score: str
    threshold: float
    n_rows: int
    n_classified: int
    n_candidates: int
    n_impostors: int
    expected_massive: float
    expected_purity: float | None
    expected_purity_low: float | None
    expected_purity_high: float | None
    n_at_least: int
    estimated_prevalence: float | None
    truth: tuple[Truth, ...]

    @property
    def prevalence_is_far(self) -> bool:
        """Whether the sample itself suggests quite another prevalence (`core.verdict.ladder.FAR_FACTOR`)."""
        return far_from_sample(self.prevalence, self.estimated_prevalence)

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


def survey_report(result: SurveyResult, prevalence: float, score: str = SCORES[0]) -> SurveyReport:
    """The report of a survey at a prevalence between 0 and 1 (exclusive); UsageError outside.

    `score` is a name of `core.verdict.verdict.SCORES`.
    """
    if not 0.0 < prevalence < 1.0:
        raise UsageError(f"prevalence is {prevalence}; expected a fraction between 0 and 1: give 0.001 for 0.1 %")
    threshold = 1.0 - prevalence
    chosen = Selection(threshold, contaminants=False, score=score)
    counts = result.counts(chosen)
    all_above = result.counts(Selection(threshold, score=score))
    condition, values = chosen.condition()
    columns = ", ".join(dict.fromkeys((*SCORES, *FACTS)))
    stars = result.ask(f"SELECT {columns} FROM {chosen.table} WHERE {condition}", values)
    posterior, at_least = posterior_of(stars, prevalence, score, validation_of(result.manifest))
    expected = float(posterior.sum())
    purity = low = high = None
    if len(posterior):
        spread = 1.96 * float(np.sqrt((posterior * (1 - posterior)).sum()))
        purity = expected / len(posterior)
        low, high = max(0.0, (expected - spread) / len(posterior)), min(1.0, (expected + spread) / len(posterior))
    return SurveyReport(
        prevalence,
        score,
        threshold,
        counts["n_rows"],
        counts["n_classified"],
        counts["n_selected"],
        all_above["n_impostors"],
        expected,
        purity,
        low,
        high,
        int(at_least.sum()),
        _estimated(result, chosen.score),
        _truths(result, chosen),
    )


def _estimated(result: SurveyResult, column: str) -> float | None:
    """From a histogram of log odds: ten million probabilities are summarised by some thousands."""
    counts = result.counts_of_all.odds.get(column)
    if counts is None or not counts.any():
        return None
    filled = np.flatnonzero(counts)
    return estimate_prevalence(1.0 / (1.0 + np.exp(-ODDS[filled])), weights=counts[filled])


def _truths(result: SurveyResult, chosen: Selection) -> tuple[Truth, ...]:
    """Stars with a true label: massive ones, and of them those of B1 and earlier."""
    stars = result.ask(
        f"""SELECT {chosen.score} AS p, impostor IS TRUE AS impostor, true_label = 'massive' AS massive, true_teff
        FROM candidates WHERE true_label IS NOT NULL"""
    )
    if stars.empty:
        return ()
    of_star = np.where(stars["impostor"], 0.0, stars["p"].fillna(0.0))
    massive = stars["massive"].to_numpy(bool)
    early = massive & (stars["true_teff"].to_numpy(float) >= EARLY_TEFF)
    return tuple(
        _truth(kind, of_star, massive, of_kind, chosen.threshold)
        for kind, of_kind in (("massive", massive), ("massive, B1 and earlier", early))
    )


def _truth(kind: str, score: np.ndarray, massive: np.ndarray, of_kind: np.ndarray, threshold: float) -> Truth:
    found = score >= threshold
    completeness = _share((found & of_kind).sum(), of_kind.sum())
    purity = _share((found & massive).sum(), found.sum())
    if not of_kind.any():
        return Truth(kind, completeness, purity, None, None)
    wanted = float(np.quantile(score[of_kind], 1 - WANTED_COMPLETENESS, method="lower"))
    chosen = score >= wanted
    at_wanted = _share((chosen & massive).sum(), chosen.sum()) if wanted > 0 else None
    return Truth(kind, completeness, purity, at_wanted, wanted if wanted > 0 else None)


def _share(found: int, of: int) -> Share | None:
    if of == 0:
        return None
    interval = rate_interval(int(found), int(of))
    return Share(int(found), int(of), float(found / of), float(interval.low or 0.0), float(interval.high or 0.0))
