"""Why a species is judged present: what every transition contributes, and whether deleting it changes the verdict."""

from dataclasses import dataclass, replace

import numpy as np

from core.molecules.chance import N_SUMMARY, summary
from core.molecules.detector import Report, SpeciesVerdict, matched_lines
from core.molecules.features import DIFFERENCE, LEFT, PER_LINE, SCALE, WINGS, Judged, judge
from core.molecules.layout import N_LINES
from core.molecules.likelihood import MODEL_ERROR, gains_of
from core.molecules.network import MoleculeNetwork
from core.molecules.radiation import LIGHT_KMS

N_RANDOM = 5
N_STEPS = 12
ERASED_FWHM = 1.25


@dataclass(frozen=True, eq=False)
class LineShares:
    """Contribution of every used transition to the logit of one verdict.

    Attributes
    ----------
    share : ndarray of shape (n_lines,)
        Logit with the line as it is, minus logit with nothing at its place while the fit still predicts it.
    probability : float
        Of the untouched spectrum.
    """

    share: np.ndarray
    probability: float


@dataclass(frozen=True, eq=False)
class DeletionTest:
    """Probability while more and more lines are deleted from the spectrum, ndarrays of shape (n_steps,).

    Attributes
    ----------
    n_deleted : how many lines are gone
    by_share : probability, the largest contribution first
    at_random : probability, mean over five random orders
    without_matched : float
        Probability when all matched lines are gone.
    """

    n_deleted: np.ndarray
    by_share: np.ndarray
    at_random: np.ndarray
    without_matched: float

    @property
    def passed(self) -> bool:
        """Deleting by contribution is faster (smaller mean probability), and without its lines the species is gone."""
        return bool(self.by_share.mean() <= self.at_random.mean() and self.without_matched < 0.1)


def delete_lines(judged: Judged, lines: np.ndarray) -> np.ndarray:
    """The 343 numbers with nothing but the baseline at some lines; float32 ndarray of shape (343,).

    Parameters
    ----------
    lines : bool or int ndarray
        Which of the used lines, in their order.
    """
    values = judged.values.copy()
    own = values[: N_LINES * PER_LINE].reshape(N_LINES, PER_LINE)
    own[lines, LEFT : WINGS + 1] = 0.0
    predicted, spread = judged.predicted[lines], judged.spread[lines]
    own[lines, DIFFERENCE] = SCALE * np.arcsinh(-predicted / np.hypot(spread, MODEL_ERROR * predicted))
    observed, gain = judged.observed.copy(), judged.gain.copy()
    observed[lines] = 0.0
    gain[lines] = gains_of(observed[lines], predicted, spread)
    values[-N_SUMMARY:] = summary(
        observed, judged.predicted, judged.spread, gain, judged.rarity, judged.chance, judged.context
    )
    return values


def line_shares(judged: Judged, network: MoleculeNetwork) -> LineShares:
    """What every transition contributes to the verdict, by taking each away in turn."""
    n = len(judged.line)
    changed = np.stack([judged.values, *(delete_lines(judged, np.array([i])) for i in range(n))])
    context = np.repeat(judged.context[None], n + 1, axis=0)
    logit = network.logits(changed, context) * network.run.calibration.slope
    probability = network.probabilities(judged.values[None], judged.context[None])[0]
    return LineShares(logit[0] - logit[1:], float(probability))


def deletion_test(
    report: Report, finding: SpeciesVerdict, network: MoleculeNetwork, shares: LineShares
) -> DeletionTest:
    """Delete lines from the spectrum itself, a twelfth of them at a time, and judge anew: fit, numbers and verdict."""
    judged = finding.judged
    assert judged is not None
    rng = np.random.default_rng(0)
    n = len(judged.line)
    counts = np.unique(np.linspace(0, n, N_STEPS + 1).round().astype(int))
    orders = [np.argsort(-shares.share), *(rng.permutation(n) for _ in range(N_RANDOM))]
    eraser = _Eraser(report, finding, network)
    curves = np.array([[eraser.probability(order[:k]) for k in counts] for order in orders])
    without = eraser.probability(np.flatnonzero(matched_lines(judged)[1]))
    return DeletionTest(counts, curves[0], curves[1:].mean(axis=0), without)


@dataclass(frozen=True, eq=False)
class _Eraser:
    """Judges a species in a spectrum from which lines of it were erased."""

    report: Report
    finding: SpeciesVerdict
    network: MoleculeNetwork

    def probability(self, lines: np.ndarray) -> float:
        """Probability without some of the used lines: their channels show what all other molecules explain."""
        mixture = self.report.mixture
        number = next(i for i, entry in enumerate(mixture.species) if entry is self.finding.species)
        own = mixture.parts.get(number)
        others = mixture.total - own.model if own is not None else mixture.total
        spectrum, binned = mixture.binned.spectrum, mixture.binned
        value = spectrum.value_k.copy()
        assert self.finding.judged is not None
        for frequency in self.finding.judged.frequency_mhz[lines]:
            reach = ERASED_FWHM * binned.fwhm_kms / LIGHT_KMS * frequency
            first, last = np.searchsorted(spectrum.frequency_mhz, [frequency - reach, frequency + reach])
            value[first:last] = others[first:last]
        erased = replace(binned, integral=spectrum.cumulative(value))
        judged = judge(erased, self.finding.species, spectrum.cumulative(others))
        if judged is None:
            return 0.0
        return float(self.network.probabilities(judged.values[None], judged.context[None])[0])
