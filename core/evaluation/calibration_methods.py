"""Three ways from logits to probabilities at equal priors, fitted on out-of-fold logits, and how good each is.

What the program stores and shows is Platt's (`core.statistics.probability_calibration`); the others stand beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.statistics.intervals import rate_intervals
from core.statistics.metrics import N_BINS, Metrics, binary_metrics
from core.statistics.prevalence import EQUAL_PRIOR, reweight
from core.statistics.probability_calibration import fit_platt, sigmoid

METHODS = ("none", "temperature", "platt", "isotonic")
TITLES = {
    "none": "None (sigmoid of the logit)",
    "temperature": "Temperature",
    "platt": "Platt (in use)",
    "isotonic": "Isotonic",
}
LogitScaling = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Reliability:
    """Predicted against observed frequency at equal priors, in bins of equal width that hold a star.

    Attributes
    ----------
    predicted, observed, low, high : float64 ndarrays of shape (n_bins,)
        Mean probability of a bin, fraction of massive stars in it, its 95 % Clopper-Pearson limits.
    count : int ndarray of shape (n_bins,)
    """

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class CalibrationResult:
    """One method on the stars that it was not fitted on.

    Attributes
    ----------
    metrics : Metrics
        Of those stars.
    parameters : str
        What was fitted, in words.
    """

    method: str
    title: str
    parameters: str
    metrics: Metrics
    reliability: Reliability


def fit_temperature(logit: np.ndarray, label: np.ndarray) -> float:
    """Temperature T with probability = sigmoid(logit / T), at equal priors (Guo et al. 2017, ICML 70, 1321).

    Minimises the cross-entropy with both classes weighted alike; T lies between 0.01 and 100 times the logits' spread,
    which ends the search where the classes are separated perfectly.

    Raises
    ------
    ValueError
        One class only, or no logit.
    """
    from scipy.optimize import minimize_scalar

    z, massive = np.asarray(logit, dtype=np.float64), np.asarray(label).astype(bool)
    weight = _class_weights(massive)
    scale = float(np.std(z)) or 1.0

    def loss(log_temperature: float) -> float:
        scaled = z / (scale * np.exp(log_temperature))
        return float(np.sum(weight * (np.logaddexp(0.0, scaled) - massive * scaled)))

    found = minimize_scalar(loss, bounds=(np.log(0.01), np.log(100.0)), method="bounded", options={"xatol": 1e-6})
    return float(scale * np.exp(found.x))


def fit_isotonic(logit: np.ndarray, label: np.ndarray) -> LogitScaling:
    """A rising step function of the logit, fitted by least squares at equal priors, interpolated between its stars.

    Source: Zadrozny & Elkan 2002, KDD, 694. Logits outside the fitted range get the outermost value.
    """
    from scipy.optimize import isotonic_regression

    z, massive = np.asarray(logit, dtype=np.float64), np.asarray(label).astype(bool)
    weight = _class_weights(massive)
    distinct, group = np.unique(z, return_inverse=True)
    total = np.bincount(group, weight)
    mean = np.bincount(group, weight * massive) / total
    steps = isotonic_regression(mean, weights=total).x

    def scaled(value: np.ndarray) -> np.ndarray:
        return np.clip(np.interp(value, distinct, steps), 0.0, 1.0)

    return scaled


def _class_weights(massive: np.ndarray) -> np.ndarray:
    n_massive, n_low_mass = int(massive.sum()), int((~massive).sum())
    if min(n_massive, n_low_mass) == 0:
        raise ValueError(f"calibration needs both classes, got {n_massive} massive and {n_low_mass} low-mass stars")
    return np.where(massive, 0.5 / n_massive, 0.5 / n_low_mass)


def fit_scaling(method: str, logit: np.ndarray, label: np.ndarray) -> tuple[LogitScaling, str]:
    """One of METHODS as a function of logits, and its parameters in words."""
    if method == "temperature":
        temperature = fit_temperature(logit, label)
        return lambda z: sigmoid(np.asarray(z) / temperature), f"T = {temperature:.3g}"
    if method == "platt":
        slope, intercept = fit_platt(logit, label)
        return lambda z: sigmoid(slope * np.asarray(z) + intercept), f"slope {slope:.3g}, intercept {intercept:+.3g}"
    if method == "isotonic":
        return fit_isotonic(logit, label), "a rising step function"
    return sigmoid, "nothing is fitted"


def compare_calibrations(oof: pd.DataFrame, test: pd.DataFrame) -> list[CalibrationResult]:
    """Every method, fitted on a run's out-of-fold logits and judged on its held-out stars.

    As in the stored runs, each member's logits are calibrated and the probabilities averaged. Empty where the
    out-of-fold table has one class, or the test set no star.
    """
    members = [name for name in test if name.startswith("logit_") and name != "logit_mean"]
    if oof["label"].nunique() < 2 or test.empty or not members:
        return []
    logit, label = oof["logit"].to_numpy(), oof["label"].to_numpy()
    truth, member_logits = test["label"].to_numpy(), test[members].to_numpy()
    results = []
    for method in METHODS:
        calibrate, parameters = fit_scaling(method, logit, label)
        probability = calibrate(member_logits).mean(axis=1)
        metrics, bins = binary_metrics(truth, probability), reliability(truth, probability)
        results.append(CalibrationResult(method, TITLES[method], parameters, metrics, bins))
    return results


def reliability(label: np.ndarray, probability: np.ndarray, n_bins: int = N_BINS) -> Reliability:
    """Predicted against observed frequencies; bins without a star are left out.

    The probabilities are those at equal priors, so the observed fractions are re-weighted from the sample's own share
    of massive stars to one half. With one class the fractions are 0 or 1 as they stand.
    """
    p, massive = np.asarray(probability, dtype=np.float64), np.asarray(label).astype(bool)
    known = np.isfinite(p)
    p, massive = p[known], massive[known]
    share = float(massive.mean()) if massive.size else EQUAL_PRIOR
    bin_of = np.minimum((p * n_bins).astype(int), n_bins - 1)
    weight = np.where(massive, 1 / max(share, 1e-12), 1 / max(1 - share, 1e-12))

    def at_equal_priors(fraction: float) -> float:
        return float(reweight(np.array(fraction), EQUAL_PRIOR, from_prior=share)) if 0 < share < 1 else float(fraction)

    rows = []
    for number in np.unique(bin_of):
        inside = bin_of == number
        yes, n = int(massive[inside].sum()), int(inside.sum())
        low, high = map(float, rate_intervals(np.array(yes), n))
        predicted = float(np.average(p[inside], weights=weight[inside]))
        rows.append((predicted, at_equal_priors(yes / n), at_equal_priors(low), at_equal_priors(high), n))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    return Reliability(columns[0], columns[1], columns[2], columns[3], columns[4].astype(int))
