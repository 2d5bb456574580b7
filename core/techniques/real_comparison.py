"""All techniques on labelled real stars, each without what it learnt from them; the combination is fitted anew."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.evaluation.real_truth import BOUNDARY, RealSample
from core.gaia.labels import LOW_MASS, MASSIVE
from core.techniques.evidence import Evidence, Judge
from core.techniques.judged_stars import COMBINED, JudgedStars
from core.techniques.leaks import BY_TYPE, refuse_leaks, require_fair, silenced
from core.techniques.registry import KEYS, TECHNIQUES
from core.techniques.vote import Votes

N_FOLDS = 5
_REAL = {"j_mag": "j", "h_mag": "h", "ks_mag": "ks"}


def evidence_of(sample: RealSample, judge: Judge, extra: pd.DataFrame | None = None) -> Evidence:
    """What the sample's own columns say, with J, H, Ks where it has them."""
    columns = sample.spectra.metadata.reset_index(drop=True).rename(columns=_REAL)
    columns = columns.drop(columns=["source_id"], errors="ignore")
    columns = columns.assign(source_id=sample.spectra.source_id)
    if extra is not None:
        columns = columns.assign(**{name: extra[name].to_numpy() for name in extra})
    return Evidence(columns, sample.spectra, judge)


def judge_real(sample: RealSample, judge: Judge, extra: pd.DataFrame | None = None) -> JudgedStars:
    """Votes on the labelled stars of a sample, both classes weighing alike, and a cross-fitted combination.

    Raises
    ------
    LeakError
        A technique still votes on a star whose label it learnt from.
    """
    evidence = evidence_of(sample, judge, extra)
    truth = sample.truth
    votes = {item.key: item.vote(evidence) for item in TECHNIQUES}
    verdict = evidence.verdict
    assert verdict is not None
    learnt = np.array([int(source) in verdict.companions.unseen for source in sample.spectra.source_id])
    known_by = np.where(truth["spectral_type"].astype(str).isin(["", "nan", "None"]), "APOGEE Teff", BY_TYPE)
    refused = refuse_leaks(votes, known_by, verdict.unseen, learnt)
    votes = silenced(votes, refused, "fitted on this star's label")
    require_fair(votes, known_by, verdict.unseen, learnt)
    label, kind = truth["label"].to_numpy(object), truth["kind"].to_numpy(object)
    scored = np.isin(label, [MASSIVE, LOW_MASS]) & (kind != BOUNDARY)
    rows = np.flatnonzero(scored)
    massive = label[rows] == MASSIVE
    log_odds = {key: _log_odds(votes[key], rows) for key in KEYS}
    combined = cross_fitted_stack(log_odds, massive)
    weight = np.where(massive, 1 / max(massive.sum(), 1), 1 / max((~massive).sum(), 1))
    table = truth.iloc[rows].reset_index(drop=True).rename(columns={"a_v_mag": "true_a_v"})
    table = table.assign(category=kind[rows])
    unknown = np.full(len(rows), np.nan)
    return JudgedStars(
        sample.title, table, massive, weight, log_odds | {COMBINED: combined}, unknown, unknown, refused, False
    )


def _log_odds(votes: Votes, rows: np.ndarray) -> np.ndarray:
    return votes.log_odds[rows]


def cross_fitted_stack(log_odds: Mapping[str, np.ndarray], massive: np.ndarray, seed: int = 1) -> np.ndarray:
    """Log odds of a logistic regression on the votes, fitted on four fifths of the stars and asked of the fifth, (n,).

    Abstentions count as 0 with a flag of their own; folds keep the share of massive stars.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    voting = [key for key in log_odds if np.isfinite(log_odds[key]).any()]
    table = np.stack([log_odds[key] for key in voting], axis=1)
    silent = ~np.isfinite(table)
    inputs = np.concatenate([np.where(silent, 0.0, np.clip(table, -12, 12)) / 4, silent], axis=1)
    result = np.full(len(massive), np.nan)
    for train, test in StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(inputs, massive):
        fitted = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000).fit(inputs[train], massive[train])
        result[test] = fitted.decision_function(inputs[test])
    result[silent.all(axis=1)] = np.nan
    return result


def recall_at(score: np.ndarray, massive: np.ndarray, false_share: float) -> tuple[float, int, int]:
    """(recall, found, number of massive) at the threshold that so many of the other stars pass.

    Among stars that the technique judges; massive ones on which it abstains count as not found.
    """
    others = np.sort(score[~massive & np.isfinite(score)])[::-1]
    allowed = int(np.floor(false_share * len(others)))
    limit = others[allowed] if allowed < len(others) else -np.inf
    found = int((score[massive & np.isfinite(score)] > limit).sum())
    return found / max(int(massive.sum()), 1), found, int(massive.sum())
