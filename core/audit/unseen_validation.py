"""Were the validation stars really unseen by the member that they validate?

Validation and test stars are equally new to a member, so its loss on both agrees but for chance. A member that was
trained on its validation stars, or started from weights that were, does better on them.
"""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, not_checked, passed
from core.audit.stored_loss import star_losses

LARGEST_SIGMA = 3.0
_FEWEST = 20


def check(evidence: Evidence) -> Finding:
    """Mean cross-entropy (classes weighted alike) of the members on their validation stars and on the test stars.

    The scatter of the test stars' losses is that of the members' mean, that of the folds the one between folds.
    """
    oof, test = evidence.oof, evidence.test
    if oof is None or test is None or min(len(oof), len(test)) < _FEWEST or test["label"].nunique() < 2:
        return not_checked("there are too few out-of-fold or test predictions")
    columns = [name for name in test if name.startswith("logit_") and name != "logit_mean"]
    test_loss = np.mean([star_losses(test[name], test["label"], (1.0, 1.0), {}) for name in columns], axis=0)
    oof_loss = star_losses(oof["logit"], oof["label"], (1.0, 1.0), {})
    seen, seen_error = _class_mean(oof_loss, oof["label"].to_numpy())
    new, new_error = _class_mean(test_loss, test["label"].to_numpy())
    sigma = (new - seen) / float(np.hypot(seen_error, new_error))
    numbers = {"validation_loss": seen, "test_loss": new, "sigma": sigma}
    figures = f"{seen:.4f} ± {seen_error:.4f} on validation, {new:.4f} ± {new_error:.4f} on test stars"
    if sigma > LARGEST_SIGMA:
        text = (
            f"The members do better on their validation stars than on new ones: cross-entropy {figures}, {sigma:.1f} "
            "sigma. They were trained on stars that validate them, or the test set is of another population."
        )
        return failed(text, **numbers)
    return passed(
        f"Validation and test stars are equally new: cross-entropy {figures} ({sigma:+.1f} sigma).", **numbers
    )


def _class_mean(loss: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Mean over both classes weighted alike, and its standard error."""
    parts = [loss[label == value] for value in (0, 1)]
    variance = sum(part.var(ddof=1) / len(part) for part in parts) / 4.0
    return float(np.mean([part.mean() for part in parts])), float(np.sqrt(variance))
