"""Why a species is judged present: what every transition contributes, and whether deleting it changes the verdict."""

from dataclasses import dataclass

import numpy as np

from core.molecules.features import MODEL_ERROR, N_LINES, N_OFFSETS, PER_LINE, SCALE, Judged
from core.molecules.network import MoleculeNetwork

N_RANDOM = 20


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
    """Probability while lines are deleted one after the other, ndarrays of shape (n_lines + 1,).

    Attributes
    ----------
    by_share : the largest contribution first
    at_random : mean over 20 random orders
    without_matched : float
        Probability when all lines with a positive contribution or a match are gone.
    """

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
    values = judged.values.reshape(N_LINES, PER_LINE).copy()
    predicted = np.sinh(values[lines, N_OFFSETS] / SCALE)
    values[lines, :N_OFFSETS] = 0.0
    values[lines, N_OFFSETS + 1] = SCALE * np.arcsinh(-predicted / np.hypot(1.0, MODEL_ERROR * predicted))
    return values.reshape(-1)


def line_shares(judged: Judged, network: MoleculeNetwork) -> LineShares:
    """What every transition contributes to the verdict, by taking each away in turn."""
    n = len(judged.line)
    changed = np.stack([judged.values, *(delete_lines(judged, np.array([i])) for i in range(n))])
    context = np.repeat(judged.context[None], n + 1, axis=0)
    logit = network.logits(changed, context) * network.run["calibration"]["slope"]
    probability = network.probabilities(judged.values[None], judged.context[None])[0]
    return LineShares(logit[0] - logit[1:], float(probability))


def deletion_test(
    judged: Judged, network: MoleculeNetwork, shares: LineShares, matched: np.ndarray, seed: int = 0
) -> DeletionTest:
    """Delete lines in the order of their contribution, and in random orders."""
    rng = np.random.default_rng(seed)
    n = len(judged.line)
    orders = [np.argsort(-shares.share), *(rng.permutation(n) for _ in range(N_RANDOM))]
    states = [delete_lines(judged, order[:k]) for order in orders for k in range(n + 1)]
    states.append(delete_lines(judged, np.flatnonzero(matched)))
    context = np.repeat(judged.context[None], len(states), axis=0)
    probability = network.probabilities(np.stack(states), context)
    curves = probability[:-1].reshape(len(orders), n + 1)
    return DeletionTest(curves[0], curves[1:].mean(axis=0), float(probability[-1]))
