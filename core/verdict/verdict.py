"""Verdicts: all that a run says of many stars at once. Every table, card and page is a view of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD
from core.gaia.releases import DEFAULT
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.spectra.validation import usable
from core.verdict import doubts
from core.verdict.companions import NO_COMPANIONS, Companions
from core.verdict.conformal import ERROR_RATE
from core.verdict.contaminant import find_contaminants
from core.verdict.facts import FACTS, facts_of
from core.verdict.instruments import across_instruments, with_epoch
from core.verdict.ladder import supported_posterior
from core.verdict.notes import notes_of
from core.verdict.sky_estimate import estimate_sky_probability
from core.verdict.sky_validation import SCORES
from core.verdict.star_verdict import StarVerdict
from core.verdict.unseen import CHANGED_NOTE

COLUMNS = ("source_id", "probability", "probability_std", "label", "note")


class Predictor(Protocol):
    """What can be asked for the members' probabilities: an `Ensemble`, or one that is fused into a single network."""

    @property
    def needs_coefficients(self) -> bool:
        """Whether XP coefficients are needed beside the flux."""

    @property
    def instrument(self) -> str:
        """Key of the release whose spectra the members learnt from."""

    @property
    def representation(self) -> str:
        """Name of the representation that the members were trained on."""

    def __len__(self) -> int: ...

    def probabilities(self, flux: np.ndarray, coefficients: Coefficients | None = None) -> np.ndarray:
        """Calibrated probabilities of shape (n_members, n_stars)."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """The verdict on n_stars stars, made by `judge`; what is not asked for is not computed.

    Attributes
    ----------
    source_id : int64 ndarray (n_stars,)
    members : float64 ndarray (n_members, n_stars)
        Every member's calibrated probability of massive. NaN for a member that was not asked: all of them where the
        star is not classified, the others where the first member dismisses it, those that learnt from the star itself.
    note : object ndarray (n_stars,)
        What to know of the spectrum, or why it is not classified; '' for a good one.
    flux : ndarray (n_stars, 343) or None
        What the out-of-distribution score is of; None where there is no spectrum.
    facts : mapping of float64 ndarrays (n_stars,)
        As `core.verdict.facts.facts_of`; {} where nothing is known.
    companions : Companions
        The models beside the run.
    release, instrument : str
        Keys of the release whose spectra these are, and of the one whose spectra the networks learnt from.
    """

    source_id: np.ndarray
    members: np.ndarray
    note: np.ndarray
    flux: np.ndarray | None = field(default=None, repr=False)
    facts: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)
    companions: Companions = field(default=NO_COMPANIONS, repr=False)
    release: str = DEFAULT.key
    instrument: str = DEFAULT.key

    def __len__(self) -> int:
        return len(self.source_id)

    @cached_property
    def n_asked(self) -> np.ndarray:
        """Members that were asked about each star, (n_stars,)."""
        return np.isfinite(self.members).sum(axis=0)

    @cached_property
    def _mean_and_spread(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        asked = np.isfinite(self.members)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(asked, self.members, 0.0).sum(axis=0) / self.n_asked
            spread = np.sqrt((np.where(asked, self.members - mean, 0.0) ** 2).sum(axis=0) / (self.n_asked - 1))
        spread = np.where(self.n_asked > 1, spread, np.nan)
        if self.release != self.instrument:  # an id of another release names another star
            return mean, spread, np.zeros(len(mean), dtype=bool)
        return self.companions.unseen.replace(self.source_id, mean, spread, self.flux)

    @property
    def probability(self) -> np.ndarray:
        """Of massive by the spectrum, at equal priors: mean over the members that were asked, NaN for none."""
        return self._mean_and_spread[0]

    @property
    def probability_std(self) -> np.ndarray:
        """Standard deviation over the members that were asked (ddof 1); NaN for fewer than two."""
        return self._mean_and_spread[1]

    @property
    def unseen(self) -> np.ndarray:
        """Whether the run has learnt from a real star: then its numbers are of the members that never saw it."""
        return self._mean_and_spread[2]

    @cached_property
    def label(self) -> np.ndarray:
        """'massive' (probability >= 0.5) or 'low-mass'; None if not classified."""
        label = np.where(self.probability >= THRESHOLD, MASSIVE, LOW_MASS).astype(object)
        label[np.isnan(self.probability)] = None
        return label

    @cached_property
    def all_facts(self) -> dict[str, np.ndarray]:
        """`facts` with NaN for those of `FACTS` that are unknown."""
        return {name: np.full(len(self), np.nan) for name in FACTS} | dict(self.facts)

    @cached_property
    def sky_probability(self) -> np.ndarray:
        """Of massive by spectrum, brightness and parallax, at equal priors still (`core.verdict.sky_estimate`)."""
        numbers = (self.probability, self.probability_std, self.all_facts)
        return estimate_sky_probability(*numbers, self.companions.photometric_classifier, self.flux)

    def posterior(self, prevalence: float, score: str = SCORES[0]) -> np.ndarray:
        """The probability, by a score of `SCORES`, in a sample of which a fraction `prevalence` is massive.

        Never more than the run's validation supports; `supported_posterior` tells where that makes it a lower limit.

        Raises
        ------
        UsageError
            Another score, or a prevalence that is not between 0 and 1 (exclusive).
        """
        return self.supported_posterior(prevalence, score)[0]

    def supported_posterior(self, prevalence: float, score: str = SCORES[0]) -> tuple[np.ndarray, np.ndarray]:
        """As `core.verdict.ladder.supported_posterior`: the posterior, and whether it is a lower limit, (n_stars,)."""
        if score not in SCORES:
            raise UsageError(f"the score {score!r} is none; choose one of {', '.join(SCORES)}")
        known = np.logical_and.reduce([np.isfinite(self.all_facts[name]) for name in FACTS])
        numbers = (self.probability, self.sky_probability, known)
        return supported_posterior(*numbers, prevalence, score, self.companions.sky_validation)

    @cached_property
    def ood_score(self) -> np.ndarray:
        """0 like the median training star, above 1 beyond 99 % of them; NaN where unknown."""
        out_of_distribution = self.companions.out_of_distribution
        if out_of_distribution is None or self.flux is None:
            return np.full(len(self), np.nan)
        return out_of_distribution.score(self.flux)

    @cached_property
    def out_of_distribution(self) -> pd.api.extensions.ExtensionArray:
        """Whether `ood_score` exceeds 1: pandas boolean array, NA where unknown."""
        flag = pd.array(self.ood_score > 1.0, dtype="boolean")
        flag[np.isnan(self.ood_score)] = pd.NA
        return flag

    def conformal_labels(self, error_rate: float = ERROR_RATE) -> np.ndarray:
        """'massive', 'low-mass' or 'undecided' at an error rate; None without a verdict or without held-out stars."""
        if self.companions.conformal is None:
            return np.full(len(self), None, dtype=object)
        return self.companions.conformal.labels(self.probability, error_rate)

    @cached_property
    def _contaminant(self) -> tuple:
        return find_contaminants(self.probability, self.all_facts)

    @property
    def contaminant(self) -> pd.api.extensions.ExtensionArray:
        """Looks massive and is too faint to be: pandas boolean array, NA where it looks massive and cannot be told."""
        return self._contaminant[0]

    @property
    def contaminant_reason(self) -> np.ndarray:
        """One sentence where `contaminant` is True or NA, '' elsewhere."""
        return self._contaminant[1]

    @cached_property
    def trust(self) -> np.ndarray:
        """'trusted', 'doubted' (`core.verdict.doubts`), or None without a verdict."""
        return doubts.trust(self)

    def star(self, row: int = 0) -> StarVerdict:
        """One row as plain values."""
        return StarVerdict(self, row)

    def table(self) -> pd.DataFrame:
        """`COLUMNS`, as `classify` describes them."""
        label = pd.Series(self.label, dtype=object)
        columns = (self.source_id, self.probability, self.probability_std, label, self.note.astype(str))
        return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def judge(
    spectra: SpectrumSet,
    ensemble: Predictor,
    companions: Companions = NO_COMPANIONS,
    facts: Mapping[str, np.ndarray] | None = None,
) -> Verdict:
    """The verdict on every row of `spectra`, in its order.

    Parameters
    ----------
    spectra : SpectrumSet of n_stars
    ensemble : Predictor
    companions : Companions
        `core.verdict.companions.load_companions` of the same run; without them no out-of-distribution score, no
        conformal set, and the sky probability by the formula.
    facts : mapping or None
        What Gaia says of the stars; None: what the metadata of `spectra` say.
    """
    members = member_probabilities(spectra, ensemble)
    known = with_epoch(facts_of(spectra.metadata) if facts is None else facts, spectra)
    note = notes_of(spectra, members, ensemble)
    if spectra.release == ensemble.instrument:
        changed = companions.unseen.is_changed(spectra.source_id, spectra.flux) & np.isfinite(members).any(axis=0)
        note[changed] = [f"{old}; {CHANGED_NOTE}" if old else CHANGED_NOTE for old in note[changed]]
    judged = (spectra.source_id, members, note, spectra.flux, known, companions, spectra.release, ensemble.instrument)
    return across_instruments(Verdict(*judged))


def no_verdict(source_id: int, why: str, facts: Mapping[str, np.ndarray] | None = None) -> Verdict:
    """Of one star that no network was asked about: `why` is its note."""
    return Verdict(np.array([source_id]), np.empty((0, 1)), np.array([why], dtype=object), facts=facts or {})


def classify(spectra: SpectrumSet, ensemble: Predictor) -> pd.DataFrame:
    """The verdicts as a table, one row per row of `spectra`, in its order.

    Returns
    -------
    DataFrame of n_stars rows with the columns
        source_id : int64
        probability : float64, of massive, calibrated, at equal priors: mean over the members; NaN if not classified
        probability_std : float64, standard deviation over the members (ddof 1); NaN with one member
        label : 'massive' (probability >= 0.5) or 'low-mass'; None if not classified
        note : str, '' for a good row; damaged spectra, emission lines and what looks like no star
            (`core.verdict.notes`) have their number all the same
    """
    return judge(spectra, ensemble).table()


def member_probabilities(spectra: SpectrumSet, ensemble: Predictor) -> np.ndarray:
    """Every member's probability of massive: float64 ndarray of shape (n_members, n_stars), NaN if not classified."""
    flux, coefficients = spectra.flux, spectra.coefficients
    result = np.full((len(ensemble), len(spectra)), np.nan)
    rows = np.flatnonzero(usable(spectra))
    if ensemble.needs_coefficients:
        if coefficients is None:
            return result
        rows = np.flatnonzero(np.isfinite(coefficients.bp).all(axis=1) & np.isfinite(coefficients.rp).all(axis=1))
    if len(rows):
        chosen = coefficients.take(rows) if ensemble.needs_coefficients and coefficients is not None else None
        all_of_them = len(rows) == len(flux)  # the rule: then the spectra need no copy
        result[:, rows] = ensemble.probabilities(flux if all_of_them else flux[rows], chosen)
    return result
