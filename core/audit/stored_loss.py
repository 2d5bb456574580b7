"""The loss of stored logits, as the training counted it."""

import numpy as np
import pandas as pd


def validation_weights(oof: pd.DataFrame, fold: int, settings: dict) -> tuple[float, float]:
    """Weights of the low-mass and the massive class in the loss of a fold's member.

    They come from the member's training stars, which are the other folds; where those are not stored, from its own
    validation stars (folds are stratified).
    """
    kind = settings.get("loss", "balanced")
    if kind == "plain":
        return 1.0, 1.0
    if kind == "positive":
        return 1.0, float(settings.get("positive_weight", 10.0))
    others = oof.loc[oof["fold"] != fold, "label"]
    label = others if len(others) else oof["label"]
    n, n_massive = len(label), int((label == 1).sum())
    return n / (2.0 * (n - n_massive)), n / (2.0 * n_massive)


def star_losses(logit, label, weights: tuple[float, float], settings: dict) -> np.ndarray:
    """Weighted binary cross-entropy of each star, shape (n_stars,); the same as `core.training.loss`."""
    massive = np.asarray(label) == 1
    margin = np.where(massive, -1.0, 1.0) * np.asarray(logit, dtype=np.float64)
    loss = np.logaddexp(0.0, margin)
    if settings.get("loss") == "focal":
        loss = loss / (1.0 + np.exp(-margin)) ** 2
    return np.where(massive, weights[1], weights[0]) * loss
