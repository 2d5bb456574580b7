"""Does an explanation deserve belief? Five checks; one that fails is reported like one that passes.

- additivity: base value and attributions give the logit.
- deletion and insertion (Petsiuk et al. 2018, BMVC; Samek et al. 2017, IEEE TNNLS 28, 2660): replacing the bands that
  are said to matter by those of background stars changes the logit faster than replacing bands in a random order.
- randomised weights (Adebayo et al. 2018, NeurIPS 31): a network with random weights must be explained differently.
- stability: the spectrum measured again, with its own correlated noise, is explained alike.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from core.explanation.attributors import WITHOUT_RULES
from core.explanation.background import Background
from core.explanation.explain import Explainable, explain
from core.explanation.explanation import Explanation
from core.explanation.process import ExplainerProcess
from core.explanation.windows import band_of_samples, in_bands, resolution_bands
from core.spectra.spectrum_set import SpectrumSet

ADDITIVITY_LIMIT = {False: 0.01, True: 0.05}
"""Largest error over the spread of the logits: networks that DeepExplainer follows, and the others."""
RANDOM_LIMIT = 0.5
STABLE_FROM = 0.8
_N_REPLACEMENTS, _N_RANDOM_ORDERS = 6, 4
_RANDOM_SEED = 1_234_567
CHECK_STARS = 10
_N_DRAWS = 2


@dataclass(frozen=True)
class CheckResult:
    """One check.

    Attributes
    ----------
    check, title : str
    passed : bool
    value, limit : float
        The figure, and where it begins to fail.
    text : str
        What was found, in one sentence.
    """

    check: str
    title: str
    passed: bool
    value: float
    limit: float
    text: str

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return {name: item.item() if isinstance(item, np.generic) else item for name, item in asdict(self).items()}


@dataclass(frozen=True)
class RemovalCurves:
    """How the logit moves while bands are replaced: 1 for the stars as they are, 0 when every band is replaced.

    The mean over the stars, in units of the mean distance between both ends.

    Attributes
    ----------
    share : ndarray of shape (n_bands + 1,)
        Share of the bands replaced (deletion) or restored (insertion).
    deletion, insertion : ndarray of shape (n_bands + 1,)
        Bands in the order of their attributions.
    random_deletion, random_insertion : ndarray of shape (n_bands + 1,)
        Bands in random order.
    """

    share: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    random_deletion: np.ndarray
    random_insertion: np.ndarray

    @property
    def deletion_gain(self) -> float:
        """Area between the random curve and the deletion curve: positive where the attributions know what matters."""
        return float(np.trapezoid(self.random_deletion - self.deletion, self.share))

    @property
    def insertion_gain(self) -> float:
        """Area between the insertion curve and the random one."""
        return float(np.trapezoid(self.insertion - self.random_insertion, self.share))

    def to_dict(self) -> dict:
        """Plain lists for JSON."""
        return {name: values.tolist() for name, values in asdict(self).items()}


def check_additivity(explanation: Explanation) -> CheckResult:
    """Root mean square of what is missing, over the spread of the logits."""
    limit = ADDITIVITY_LIMIT[explanation.model in WITHOUT_RULES]
    value = explanation.relative_error
    text = f"the parts miss the logit by {100 * value:.2g} % of its spread (allowed {100 * limit:g} %)"
    return CheckResult("additivity", "The parts add up", value <= limit, value, limit, text)


def removal_curves(
    run: Explainable, explanation: Explanation, background: Background, *, member: int | None = None, seed: int = 0
) -> RemovalCurves:
    """Deletion and insertion curves of explained stars."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(background), min(_N_REPLACEMENTS, len(background)), replace=False)
    others = run.view.inputs(background.flux[chosen])[0]
    inputs = run.view.inputs(explanation.flux)
    ordered, random, whole = [], [], []
    for row in np.flatnonzero(explanation.explained):
        context = inputs[1][row] if len(inputs) > 1 else None
        star = inputs[0][row]
        ends = _replaced(run, star, context, others, np.arange(n_bands()), member)[0, [0, -1]]
        towards = np.sign(ends[0] - ends[1]) or 1.0
        ranked = np.argsort(-towards * in_bands(explanation.shap[row]), kind="stable")
        orders = [ranked, *(rng.permutation(len(ranked)) for _ in range(_N_RANDOM_ORDERS))]
        moved = [towards * (_replaced(run, star, context, others, order, member) - ends[1]) for order in orders]
        ordered.append(moved[0])
        random.append(np.mean(moved[1:], axis=0))
        whole.append(abs(ends[0] - ends[1]))
    scale = max(float(np.mean(whole)), 1e-9)  # of all stars: single ones may have a logit like the background's
    first, second = np.mean(ordered, axis=0) / scale, np.mean(random, axis=0) / scale
    share = np.linspace(0, 1, first.shape[1])
    return RemovalCurves(share, first[0], first[1], second[0], second[1])


def _replaced(run: Explainable, star, context, others, order, member) -> np.ndarray:
    """Logits while bands are replaced in `order`, and while they are restored: (2, n_bands + 1)."""
    rank = np.argsort(order)[band_of_samples()]  # when each sample's turn comes
    steps = np.arange(len(order) + 1)
    gone = rank[None, :] < steps[:, None]  # (n_bands + 1, 343)
    masks = np.concatenate([gone, ~gone])
    mixed = np.where(masks[:, None, :], others[None, :, :], star[None, None, :]).reshape(-1, len(star))
    repeated = None if context is None else np.repeat(context[None, :], len(mixed), axis=0)
    logits = run.logits(mixed, repeated, member).reshape(2, len(steps), len(others))
    return logits.mean(axis=2)


def check_removal(curves: RemovalCurves) -> CheckResult:
    """Both curves must beat the random order."""
    worst = min(curves.deletion_gain, curves.insertion_gain)
    text = (
        f"replacing the bands in the order of their attributions {'moves' if worst > 0 else 'does not move'} the logit "
        f"faster than a random order: area gained {curves.deletion_gain:.2f} by deletion, {curves.insertion_gain:.2f} "
        "by insertion (must be above 0)"
    )
    return CheckResult("removal", "What is said to matter does", worst > 0, worst, 0.0, text)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's correlation of band attributions, star by star: (n, 343) and (n, 343) -> (n,)."""
    from scipy.stats import spearmanr

    return np.array(
        [
            float(np.nan_to_num(spearmanr(a, b).statistic))
            for a, b in zip(in_bands(first), in_bands(second), strict=True)
        ]
    )


def run_checks(
    run: Explainable,
    spectra: SpectrumSet,
    background: Background,
    process: ExplainerProcess,
    *,
    member: int | None = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> tuple[list[CheckResult], RemovalCurves]:
    """All checks of one member on a few stars; `on_progress(share done, what is done now)`."""
    tell = on_progress or (lambda share, text: None)
    stars = spectra.take(np.arange(min(len(spectra), CHECK_STARS)))
    tell(0.0, "explaining")
    found = explain(run, stars, background, process, member=member)
    tell(0.3, "replacing bands")
    curves = removal_curves(run, found, background, member=member)
    tell(0.5, "random weights")
    results = [check_additivity(found), check_removal(curves)]
    random = explain(run, stars, background, process, member=member, random_seed=_RANDOM_SEED)
    results.append(_check_random(found, random))
    tell(0.7, "measuring the stars again")
    results.append(_check_stability(run, stars, found, background, process, member))
    tell(1.0, "done")
    return results, curves


def _check_random(trained: Explanation, random: Explanation) -> CheckResult:
    good = trained.explained & random.explained
    value = float(np.mean(np.abs(rank_correlation(trained.shap[good], random.shap[good]))))
    text = (
        f"with random weights the bands' ranking correlates with the trained network's by {value:.2f} on average (must "
        f"stay below {RANDOM_LIMIT:g}): the picture shows what was learnt, not the spectrum alone"
    )
    if value >= RANDOM_LIMIT:
        text = (
            f"a network with random weights gives much the same picture (rank correlation {value:.2f}, limit "
            f"{RANDOM_LIMIT:g}): the picture shows the spectrum rather than what was learnt"
        )
    return CheckResult("random weights", "Random weights destroy it", value < RANDOM_LIMIT, value, RANDOM_LIMIT, text)


def _check_stability(
    run: Explainable,
    stars: SpectrumSet,
    found: Explanation,
    background: Background,
    process: ExplainerProcess,
    member: int | None,
) -> CheckResult:
    from core.evaluation.error_propagation import draw_spectra

    rng = np.random.default_rng(0)
    rows = np.flatnonzero(found.explained)
    again = [draw_spectra(stars.take(np.array([row])), _N_DRAWS, rng)[0] for row in rows]
    source_id = np.repeat(stars.source_id[rows], _N_DRAWS)
    repeated = explain(run, SpectrumSet(source_id, np.concatenate(again)), background, process, member=member)
    same = rank_correlation(np.repeat(found.shap[rows], _N_DRAWS, axis=0), np.nan_to_num(repeated.shap))
    value = float(np.median(same))
    text = (
        f"measured again with its own noise, a star keeps its ranking of bands with a correlation of {value:.2f} in "
        f"the median ({float(np.min(same)):.2f} at worst; {STABLE_FROM:g} is wanted)"
    )
    return CheckResult("stability", "Noise leaves it alone", value >= STABLE_FROM, value, STABLE_FROM, text)


def n_bands() -> int:
    """How many resolution-limited bands there are."""
    return len(resolution_bands())
