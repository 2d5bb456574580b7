"""Figures of merit of verdicts on molecules: recall by line strength at a rate of false positives, AUC, calibration."""

import numpy as np
import pandas as pd

STRENGTHS: tuple[tuple[float, float], ...] = ((5.0, 10.0), (10.0, 30.0), (30.0, 1e9))


def wilson(successes: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927, JASA 22, 209); (nan, nan) for nothing.

    >>> [round(edge, 3) for edge in wilson(95, 100)]
    [0.888, 0.978]
    """
    if total == 0:
        return float("nan"), float("nan")
    share = successes / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def roc_auc(label: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve by ranks, ties counted half; NaN where a class is missing."""
    label = np.asarray(label, bool)
    n_present, n_absent = int(label.sum()), int((~label).sum())
    if not n_present or not n_absent:
        return float("nan")
    ranks = pd.Series(score).rank().to_numpy()
    return float((ranks[label].sum() - n_present * (n_present + 1) / 2) / (n_present * n_absent))


def calibration_error(label: np.ndarray, probability: np.ndarray, n_bins: int = 15) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015, AAAI 29, 2901)."""
    bins = np.minimum((np.asarray(probability) * n_bins).astype(int), n_bins - 1)
    total = 0.0
    for number in np.unique(bins):
        rows = bins == number
        total += rows.mean() * abs(float(np.mean(probability[rows])) - float(np.mean(label[rows])))
    return total


def recall_by_strength(table: pd.DataFrame, score: np.ndarray, false_rate: float) -> dict[str, float]:
    """Recall in every class of line strength at the threshold that `false_rate` of the absent species exceed.

    Parameters
    ----------
    table : DataFrame
        label and strongest_sigma of every row.

    Returns
    -------
    dict with `threshold`, and for every class 'recall LOW-HIGH', its interval ('... low', '... high') and 'n LOW-HIGH'
    """
    label, strongest = table["label"].to_numpy(bool), table["strongest_sigma"].to_numpy()
    threshold = float(np.quantile(score[~label], 1.0 - false_rate)) if (~label).any() else float("nan")
    result = {"threshold": threshold}
    for low, high in STRENGTHS:
        rows = label & (strongest >= low) & (strongest < high)
        name = f"{low:g}-{high:g}" if high < 1e8 else f"above {low:g}"
        found = int((score[rows] > threshold).sum())
        edges = wilson(found, int(rows.sum()))
        result |= {
            f"recall {name}": found / rows.sum() if rows.any() else float("nan"),
            f"recall {name} low": edges[0],
            f"recall {name} high": edges[1],
            f"n {name}": int(rows.sum()),
        }
    return result
