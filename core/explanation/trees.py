"""The boosted baseline explained: gradient-boosted trees on the normalised spectrum, with `shap.TreeExplainer`."""

import numpy as np

from core.explanation.background import Background
from core.explanation.explanation import Explanation, notes_of
from core.explanation.stars import RunStars
from core.spectra.representations import represent
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import usable
from core.statistics.probability_calibration import sigmoid

TREES_NAME = "shap.TreeExplainer (interventional)"
MODEL_KEY, TITLE = "gradient_boosting", "Gradient-boosted trees (baseline)"
_MOST_TRAINED = 8_000


def fit_boosted(stars: RunStars, seed: int = 0):
    """Gradient-boosted trees with the settings of `core.training.baselines`, fitted on a run's training stars."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = np.sort(np.random.default_rng(seed).permutation(stars.train)[:_MOST_TRAINED])
    values = represent(stars.dataset.flux(rows), "l2")
    good = np.isfinite(values).all(axis=1)
    trees = HistGradientBoostingClassifier(class_weight="balanced", random_state=0)
    return trees.fit(values[good], stars.label[rows][good])


def explain_boosted(trees, spectra: SpectrumSet, background: Background) -> Explanation:
    """Attribute the trees' log-odds to wavelengths: exact Shapley values against the background.

    Lundberg et al. 2020, Nature Machine Intelligence 2, 56.
    """
    import shap

    values, reference = represent(spectra.flux, "l2"), represent(background.flux, "l2")
    good = usable(spectra) & np.isfinite(values).all(axis=1)
    explainer = shap.TreeExplainer(trees, data=reference, feature_perturbation="interventional")
    attributions = np.full(values.shape, np.nan)
    logit = np.full(len(values), np.nan)
    if good.any():
        attributions[good] = np.asarray(explainer.shap_values(values[good], check_additivity=False))
        logit[good] = trees.decision_function(values[good])
    label = spectra.metadata["label"].fillna("").astype(str) if "label" in spectra.metadata else [""] * len(spectra)
    background_logit = trees.decision_function(reference)
    return Explanation(
        run=MODEL_KEY,
        model=MODEL_KEY,
        title=TITLE,
        space="l2",
        source_id=spectra.source_id,
        label=np.asarray(label, dtype=object),
        flux=spectra.flux,
        spectrum=values,
        shap=attributions,
        shap_context=None,
        shap_std=None,
        logit=logit,
        probability=sigmoid(logit),
        base_value=float(np.ravel(explainer.expected_value)[0]),
        background_spread=float(background_logit.std()),
        explainer=TREES_NAME,
        background=f"{len(background)} stars {background.source}".strip(),
        note=notes_of(spectra, ~good),
    )
