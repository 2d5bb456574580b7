"""What a survey is worth at a stated prevalence: candidates, expected purity, and the truth where it is known."""

from dataclasses import asdict, dataclass

import numpy as np

from core.errors import UsageError
from core.evaluation.intervals import rate_interval
from core.evaluation.prevalence import estimate_prevalence, reweight
from core.survey.result import SCORES, Selection, SurveyResult

EARLY_TEFF = 24_500.0
"""Kelvin: dwarfs of B1.5 and later are cooler (Pecaut & Mamajek 2013, ApJS 208, 9), so this is 'B1 and earlier'."""
WANTED_COMPLETENESS = 0.8
_TINY = 1e-12


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
        Least score, a probability at equal priors, of a candidate: its posterior at the prevalence is a half.
    n_rows, n_classified, n_candidates, n_impostors : int
        Candidates are at or above the threshold and not too faint to be massive; impostors are those that are.
    expected_massive : float
        Sum of the candidates' posteriors.
    expected_purity : float or None
        The same per candidate, with its interval from the spread of the sum (95 %).
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
    estimated_prevalence: float | None
    truth: tuple[Truth, ...]

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


def survey_report(result: SurveyResult, prevalence: float, score: str = SCORES[0]) -> SurveyReport:
    """The report of a survey at a prevalence between 0 and 1 (exclusive); UsageError outside."""
    if not 0.0 < prevalence < 1.0:
        raise UsageError(f"prevalence is {prevalence}; expected a fraction between 0 and 1: give 0.001 for 0.1 %")
    threshold = 1.0 - prevalence
    chosen = Selection(threshold, impostors=False, score=score)
    counts, all_above = result.counts(chosen), result.counts(Selection(threshold, score=score))
    condition, values = chosen.condition()
    probability = result.ask(f"SELECT {score} AS p FROM stars WHERE {condition}", values)["p"].to_numpy(float)
    posterior = reweight(probability, prevalence)
    expected = float(posterior.sum())
    purity = low = high = None
    if len(posterior):
        spread = 1.96 * float(np.sqrt((posterior * (1 - posterior)).sum()))
        purity = expected / len(posterior)
        low, high = max(0.0, (expected - spread) / len(posterior)), min(1.0, (expected + spread) / len(posterior))
    return SurveyReport(
        prevalence, score, threshold, counts["n_rows"], counts["n_classified"], counts["n_selected"],
        all_above["n_impostors"], expected, purity, low, high, _estimated(result, score),
        _truths(result, threshold, score),
    )  # fmt: skip


def _estimated(result: SurveyResult, score: str) -> float | None:
    """From a histogram of log-odds: ten million probabilities are summarised by ten thousand."""
    found = result.ask(
        f"""SELECT round(ln(({score} + {_TINY}) / (1 - {score} + {_TINY})), 3) AS x, count(*) AS n
        FROM stars WHERE {score} IS NOT NULL GROUP BY x"""
    )
    if found.empty:
        return None
    probability = 1 / (1 + np.exp(-found["x"].to_numpy()))
    return estimate_prevalence(probability, weights=found["n"].to_numpy())


def _truths(result: SurveyResult, threshold: float, score_name: str) -> tuple[Truth, ...]:
    """Stars with a true label: massive ones, and of them those of B1 and earlier."""
    stars = result.ask(
        f"""SELECT {score_name} AS score, impostor IS TRUE AS impostor, true_label = 'massive' AS massive, true_teff
        FROM stars WHERE true_label IS NOT NULL AND (probability >= 0.01 OR true_label = 'massive')"""
    )
    if stars.empty:
        return ()
    score = np.where(stars["impostor"], 0.0, stars["score"].fillna(0.0))
    massive = stars["massive"].to_numpy(bool)
    early = massive & (stars["true_teff"].to_numpy(float) >= EARLY_TEFF)
    return tuple(
        _truth(kind, score, massive, of_kind, threshold)
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
