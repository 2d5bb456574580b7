"""What many explained stars say together: importance per class, rank correlation of networks, right against wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.explanation.explanation import Explanation
from core.explanation.windows import WINDOWS, Window, in_bands, resolution_bands, sums_in
from core.gaia.labels import LABELS, LOW_MASS, MASSIVE, THRESHOLD

GROUPS = ("found", "missed", "false alarm", "rightly dismissed")
"""Massive stars called massive and not, low-mass stars called massive and not, at probability 0.5."""


def mean_importance(explanation: Explanation, label: str | None = None) -> np.ndarray:
    """Mean absolute attribution over the stars of a class (None: all), shape (343,); NaN where there is no star."""
    rows = explanation.explained if label is None else explanation.explained & (explanation.label == label)
    return np.abs(explanation.shap[rows]).mean(axis=0) if rows.any() else np.full(explanation.shap.shape[1], np.nan)


def group_of(explanation: Explanation) -> np.ndarray:
    """One of `GROUPS` for each labelled star, '' for others; object ndarray of shape (n,)."""
    called = explanation.probability >= THRESHOLD
    massive, low = explanation.label == MASSIVE, explanation.label == LOW_MASS
    conditions = [massive & called, massive & ~called, low & called, low & ~called]
    return np.select(conditions, GROUPS, default="").astype(object)


def group_means(explanation: Explanation) -> dict[str, tuple[int, np.ndarray]]:
    """Number of stars and mean signed attribution (343,) of each of `GROUPS` that has stars."""
    groups = group_of(explanation)
    means = {}
    for name in GROUPS:
        rows = explanation.explained & (groups == name)
        if rows.any():
            means[name] = (int(rows.sum()), explanation.shap[rows].mean(axis=0))
    return means


def window_table(explanation: Explanation, windows: Sequence[Window] = WINDOWS) -> pd.DataFrame:
    """Per window: kind, range, mean signed contribution to each class, mean absolute contribution, and per nm."""
    windows = tuple(windows)
    sums = sums_in(windows, explanation.shap[explanation.explained])
    label = explanation.label[explanation.explained]
    table = pd.DataFrame(
        {
            "window": [window.name for window in windows],
            "kind": [window.kind for window in windows],
            "from_nm": [window.low_nm for window in windows],
            "to_nm": [window.high_nm for window in windows],
            "mean_abs": np.abs(sums).mean(axis=0),
        }
    )
    for name in LABELS:
        if (label == name).any():
            table[f"mean_{name.replace('-', '_')}"] = sums[label == name].mean(axis=0)
    table["mean_abs_per_nm"] = table["mean_abs"] / (table["to_nm"] - table["from_nm"])
    return table.sort_values("mean_abs", ascending=False, ignore_index=True)


def top_bands(explanation: Explanation, n: int = 5) -> list[str]:
    """Names of the resolution-limited bands with the largest mean absolute attribution."""
    strength = np.abs(in_bands(explanation.shap[explanation.explained])).mean(axis=0)
    return [resolution_bands()[number].name for number in np.argsort(-strength)[:n]]


def network_correlations(explanations: Mapping[str, Explanation]) -> pd.DataFrame:
    """Spearman's correlation of the bands' mean absolute attributions between networks: a square table."""
    from scipy.stats import rankdata

    strengths = {name: np.abs(in_bands(item.shap[item.explained])).mean(axis=0) for name, item in explanations.items()}
    ranks = np.stack([rankdata(values) for values in strengths.values()])
    return pd.DataFrame(np.atleast_2d(np.corrcoef(ranks)), index=list(strengths), columns=list(strengths))


CANCEL_SHARE, CANCEL_LEAST = 0.5, 0.08
"""Neighbours cancel where their sum is below this share of the larger, and the larger above this share of all sizes."""


def cancelling(names: Sequence[str], sums: np.ndarray) -> list[tuple[str, str, float, float]]:
    """Neighbouring places whose contributions nearly cancel, the largest first: (name, name, sum, sum).

    Samples of XP spectra are correlated, and so are a network's weights on neighbours: plus three here and minus three
    beside it say that the slope between them matters, or nothing at all, but not that each speaks for itself.
    """
    sizes = np.abs(sums)
    found: list[tuple[str, str, float, float]] = []
    used: set[int] = set()
    for i in np.argsort(-np.maximum(sizes[:-1], sizes[1:])):
        first, second = float(sums[i]), float(sums[i + 1])
        largest = max(abs(first), abs(second))
        if first * second >= 0 or largest < CANCEL_LEAST * sizes.sum() or {int(i), int(i) + 1} & used:
            continue
        if abs(first + second) < CANCEL_SHARE * largest:
            found.append((names[i], names[i + 1], first, second))
            used |= {int(i), int(i) + 1}
    return found
