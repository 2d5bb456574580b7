"""Every check of the audit, in the order of the report."""

from collections.abc import Callable
from dataclasses import dataclass

from core.audit import (
    batch_dependence,
    context_input,
    fresh_weights,
    kept_epoch,
    linear_output,
    members,
    other_validation,
    pixel_noise,
    position_brightness,
    record,
    sealed_stars,
    shared_stars,
    sky_purity,
    training_rows,
    unseen_validation,
)
from core.audit.evidence import Evidence
from core.audit.finding import Finding


@dataclass(frozen=True)
class Check:
    """One question to a run: key (in JSON), title, and the function that answers."""

    key: str
    title: str
    run: Callable[[Evidence], Finding]


CHECKS: tuple[Check, ...] = (
    Check("shared_stars", "No star in two parts", shared_stars.check),
    Check("sealed_stars", "No real test star trained on", sealed_stars.check),
    Check("folds", "Folds as the protocol says", training_rows.check_folds),
    Check("preprocessing", "Preparation fitted on training stars", training_rows.check_preprocessing),
    Check("members", "Members really different", members.check),
    Check("fresh_weights", "Fresh weights in each fold", fresh_weights.check),
    Check("best_epoch", "Best epoch kept", kept_epoch.check_restored),
    Check("selection", "Test set untouched by training", kept_epoch.check_selection),
    Check("unseen_validation", "Validation stars unseen", unseen_validation.check),
    Check("batch_dependence", "Verdict independent of the batch", batch_dependence.check),
    Check("linear_output", "Free logit at the output", linear_output.check),
    Check("context", "Context alive, brightness named", context_input.check),
    Check("pixel_noise", "Noise as Gaia's", pixel_noise.check),
    Check("repeatable", "Repeatable, with probabilities", record.check_repeatable),
    Check("files", "Files as they were stored", record.check_files),
    Check("figures", "Figures follow from the tables", record.check_figures),
    Check("like_for_like", "Compared on the same stars", record.check_like_for_like),
    Check("sky_blocks", "Holds across the sky", other_validation.check_sky),
    Check("magnitude_matched", "Holds at equal brightness", other_validation.check_matched),
    Check("without_spectra", "What position and brightness predict", position_brightness.check),
    Check("sky_purity", "What it means on the sky", sky_purity.check),
)
