"""From logits to probabilities at equal priors: Platt scaling of out-of-fold logits."""

import numpy as np


def fit_platt(logit: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Slope and intercept with probability = sigmoid(slope * logit + intercept), at equal priors.

    Minimises the cross-entropy with both classes weighted alike (equal priors, whatever their numbers). Platt's
    smoothed targets keep the slope finite where the logits separate the classes perfectly. Source: Platt 1999,
    Advances in Large Margin Classifiers, 61.

    Parameters
    ----------
    logit : ndarray of shape (n_stars,)
        Logits of stars that the network was not trained on.
    label : ndarray of shape (n_stars,)
        1 massive, 0 low-mass; both must occur.

    Examples
    --------
    >>> import numpy as np
    >>> slope, intercept = fit_platt(np.linspace(-3, 3, 100), np.arange(100) >= 50)
    >>> slope > 0, abs(intercept) < 0.01
    (True, True)
    """
    from scipy.optimize import minimize

    logit, label = np.asarray(logit, dtype=np.float64), np.asarray(label).astype(bool)
    n_positive, n_negative = int(label.sum()), int((~label).sum())
    if min(n_positive, n_negative) == 0:
        raise ValueError(f"Platt scaling needs both classes, got {n_positive} massive and {n_negative} low-mass stars")
    if not np.isfinite(logit).all():
        raise ValueError(f"{int((~np.isfinite(logit)).sum())} of {len(logit)} logits are no finite numbers")
    scale = float(np.std(logit)) or 1.0
    z = logit / scale
    target = np.where(label, (n_positive + 1.0) / (n_positive + 2.0), 1.0 / (n_negative + 2.0))
    weight = np.where(label, 0.5 / n_positive, 0.5 / n_negative)

    def loss_and_gradient(line: np.ndarray) -> tuple[float, np.ndarray]:
        value = line[0] * z + line[1]
        loss = np.sum(weight * (np.logaddexp(0.0, value) - target * value))
        slope_of_loss = weight * (sigmoid(value) - target)
        return float(loss), np.array([np.sum(slope_of_loss * z), np.sum(slope_of_loss)])

    found = minimize(loss_and_gradient, np.array([1.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-9})
    return float(found.x[0] / scale), float(found.x[1])


def sigmoid(value: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-value)) without overflow, any shape."""
    from scipy.special import expit

    return expit(value)
