"""How a run does on real stars: recall by type, class and dust, false alarms by kind, calibration, purity, errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ExplorerError, RunError
from core.evaluation.calibration_methods import Reliability, reliability
from core.evaluation.operating import Yield, expected_yield
from core.evaluation.real_truth import (
    A_LATE_B,
    BOUNDARY,
    CLASS_NAMES,
    COOL,
    DUST_NAMES,
    HOT,
    OB,
    OB_SED,
    TYPE_NAMES,
    WOLF_RAYET,
    RealSample,
    embedded_sample,
)
from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD
from core.statistics.intervals import UNKNOWN, Interval, bootstrap_metrics, wilson_interval
from core.statistics.prevalence import GAIA_PREVALENCE, OperatingCurve, operating_curve

KINDS = (OB, WOLF_RAYET, OB_SED, HOT, BOUNDARY, A_LATE_B, COOL)


@dataclass(frozen=True)
class RealRate:
    """A share of called massive in a group of stars, with its 95 % Wilson interval."""

    group: str
    n: int
    n_called: int
    rate: Interval


@dataclass(frozen=True)
class RealValidation:
    """A run's verdicts on real stars.

    Attributes
    ----------
    run, title : str
        Folder and name of the network.
    sample : str
        Which stars.
    n_stars, n_classified, n_unseen : int
        `n_unseen`: stars that the run has learnt from, judged by the members that never saw them.
    recall : dict of 'type', 'luminosity', 'dust' to list of RealRate
        Of the stars of the kinds O to B2.5 and Wolf-Rayet with an MK type whose spectrum is not damaged; without
        Wolf-Rayet stars by luminosity and dust.
    kinds : list of RealRate
        Called massive by kind; of the first ones a recall, of the last ones false positives, between them neither.
    curve : OperatingCurve
        Massive against low-mass, damaged spectra left out.
    auc, ece : Interval
        Area under the ROC curve; expected calibration error with both classes weighted alike.
    reliability : Reliability or None
        None where a class is missing.
    expected : Yield
        At `GAIA_PREVALENCE`, for these kinds of stars.
    errors : DataFrame
        Wrong verdicts, the most confident first: source_id, error ('missed', 'false alarm'), kind, spectral_type,
        a_v_mag, phot_g_mean_mag, bp_rp, probability, probability_std, damaged, reference.
    table : DataFrame of n_stars rows
        The sample's truth with probability, probability_std, label of the verdict and `unseen`.
    """

    run: str
    title: str
    sample: str
    n_stars: int
    n_classified: int
    n_unseen: int
    threshold: float
    recall: dict[str, list[RealRate]]
    kinds: list[RealRate]
    curve: OperatingCurve = field(repr=False)
    auc: Interval
    ece: Interval
    reliability: Reliability | None = field(repr=False)
    expected: Yield
    errors: pd.DataFrame = field(repr=False)
    table: pd.DataFrame = field(repr=False)

    def kind(self, name: str) -> RealRate:
        """The row of one kind; of none of its stars a rate without a value."""
        return next((row for row in self.kinds if row.group == name), RealRate(name, 0, 0, UNKNOWN))


def judge_real_stars(run_dir: Path, sample: RealSample, *, threads: int | None = 1) -> pd.DataFrame:
    """The run's verdicts on a sample, of members that never saw a star where there are such, with a column `unseen`.

    Raises
    ------
    RunError
        The run cannot classify, or takes XP coefficients, which sampled spectra lack.
    """
    from core.verdict.companions import companions_of
    from core.verdict.ensemble import load_ensemble
    from core.verdict.verdict import judge

    ensemble = load_ensemble(run_dir, threads=threads)
    if ensemble.needs_coefficients and sample.spectra.coefficients is None:
        raise RunError(f"{run_dir} takes XP coefficients, and these real spectra are sampled ones")
    verdict = judge(sample.spectra, ensemble, companions_of(ensemble))
    return verdict.table().assign(unseen=verdict.unseen)


def validate_real(
    run_dir: Path,
    sample: RealSample,
    *,
    title: str = "",
    threshold: float = THRESHOLD,
    prevalence: float = GAIA_PREVALENCE,
    verdicts: pd.DataFrame | None = None,
) -> RealValidation:
    """Judge a sample with a run and count.

    Parameters
    ----------
    verdicts : DataFrame or None
        Those of `judge_real_stars`, where they are at hand.
    """
    found = judge_real_stars(run_dir, sample) if verdicts is None else verdicts
    table = sample.truth.assign(
        probability=found["probability"].to_numpy(dtype=float),
        probability_std=found["probability_std"].to_numpy(dtype=float),
        verdict=found["label"].to_numpy(dtype=object),
        unseen=found["unseen"].to_numpy(dtype=bool),
    )
    known = table[np.isfinite(table["probability"])]
    scored = known[~known["damaged"] & known["label"].isin([MASSIVE, LOW_MASS])]
    label = (scored["label"] == MASSIVE).to_numpy()
    probability = scored["probability"].to_numpy(dtype=float)
    curve = operating_curve(label, probability)
    figures = bootstrap_metrics(label.astype(int), probability, threshold=threshold, n_draws=500)
    both = label.any() and not label.all()
    return RealValidation(
        run=str(run_dir),
        title=title or Path(run_dir).name,
        sample=sample.title,
        n_stars=len(table),
        n_classified=len(known),
        n_unseen=int(known["unseen"].sum()),
        threshold=threshold,
        recall=_recall(known, threshold),
        kinds=[_rate(known[known["kind"] == name], name, threshold) for name in KINDS if (known["kind"] == name).any()],
        curve=curve,
        auc=figures["roc_auc"] if both else UNKNOWN,
        ece=figures["ece"] if both else UNKNOWN,
        reliability=reliability(label.astype(int), probability) if both else None,
        expected=expected_yield(curve, threshold, prevalence),
        errors=_errors(known, threshold),
        table=table,
    )


def real_rates(run_dir: Path) -> tuple[Interval, Interval]:
    """(share of the shipped real O to B2.5 stars found, share of the low-mass ones called massive); else unknown."""
    try:
        sample = embedded_sample()
        found = judge_real_stars(run_dir, sample, threads=None)  # one network after the other: each gets every core
    except ExplorerError:
        return UNKNOWN, UNKNOWN
    table = sample.truth.assign(probability=found["probability"].to_numpy(dtype=float))
    scored = table[~table["damaged"] & np.isfinite(table["probability"])]
    ob, low_mass = scored[scored["kind"] == OB], scored[scored["label"] == LOW_MASS]
    return _rate(ob, OB, THRESHOLD).rate, _rate(low_mass, LOW_MASS, THRESHOLD).rate


def _recall(known: pd.DataFrame, threshold: float) -> dict[str, list[RealRate]]:
    good = known[~known["damaged"]]
    ob, typed = good[good["kind"] == OB], good[good["kind"].isin([OB, WOLF_RAYET, OB_SED])]
    return {
        "type": _rates(typed, "type_group", TYPE_NAMES, threshold),
        "luminosity": _rates(ob, "luminosity", CLASS_NAMES, threshold),
        "dust": _rates(ob, "dust", DUST_NAMES, threshold),
    }


def _rates(stars: pd.DataFrame, column: str, names: Sequence[str], threshold: float) -> list[RealRate]:
    return [_rate(stars[stars[column] == name], name, threshold) for name in names if (stars[column] == name).any()]


def _rate(stars: pd.DataFrame, name: str, threshold: float) -> RealRate:
    called = int((stars["probability"] >= threshold).sum())
    return RealRate(name, len(stars), called, wilson_interval(called, len(stars)))


def _errors(known: pd.DataFrame, threshold: float) -> pd.DataFrame:
    called = known["probability"] >= threshold
    missed = (known["label"] == MASSIVE) & ~called
    false = (known["label"] == LOW_MASS) & called
    wrong = known[missed | false].assign(error=np.where(missed[missed | false], "missed", "false alarm"))
    confidence = np.where(wrong["error"] == "missed", 1 - wrong["probability"], wrong["probability"])
    columns = (
        "source_id", "error", "kind", "spectral_type", "a_v_mag", "phot_g_mean_mag", "bp_rp", "probability",
        "probability_std", "damaged", "reference",
    )  # fmt: skip
    return wrong.iloc[np.argsort(-confidence, kind="stable")][list(columns)].reset_index(drop=True)
