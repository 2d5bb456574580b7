"""Settings of a training: two presets, and explicit values that beat them."""

import math

from core.errors import UsageError
from core.records import Record
from core.runs.protocol import VALIDATIONS
from models.registry import ModelSpec

LOSS_NAMES = ("balanced", "focal", "positive", "plain")
CONTEXTS = ("none", "published", "log")
AUGMENTATIONS = ("none", "noise", "redden", "both")
STUDY_PEAK_RATE = 1e-3


class TrainingSettings(Record):
    """Everything that decides how one network is trained, resolved: no value is left open.

    Attributes
    ----------
    n_folds, only_folds : int
        Folds of the protocol, and how many of them (the first ones) get a member.
    epochs, patience : int
        Upper limit, and epochs without a better validation loss before a fold stops.
    batch_size : int
    peak_rate, weight_decay : float
        Peak of the one-cycle learning rate, and AdamW's decoupled decay.
    augment : str
        What the changed copy of every training star gets: 'noise', 'redden' or 'both'; 'none' for no copy.
    """

    preset: str
    n_folds: int
    only_folds: int
    epochs: int
    patience: int
    batch_size: int
    peak_rate: float
    weight_decay: float
    loss: str
    positive_weight: float
    validation: str
    representation: str
    context: str
    seed: int
    augment: str = "none"


_COMMON = {
    "weight_decay": 0.01,
    "loss": "balanced",
    "positive_weight": 10.0,
    "validation": "plain",
    "representation": "l2",
    "context": "log",
    "seed": 1,
    "augment": "none",
}
PRESETS: dict[str, dict] = {
    "study": {**_COMMON, "n_folds": 10, "epochs": 50, "patience": 10},
    "quick": {**_COMMON, "n_folds": 5, "epochs": 15, "patience": 5, "batch_size": 256},
}
"""'study': the published protocol at each network's published batch size. 'quick': a first answer on two cores."""


def resolve_settings(spec: ModelSpec, preset: str = "study", **explicit) -> TrainingSettings:
    """The settings of one network: `explicit` values that are not None beat the preset.

    Without an explicit peak rate it grows with the square root of the batch size from 1e-3 at the study's batch size
    (Malladi et al. 2022, NeurIPS 35, for adaptive optimisers), so that large batches learn as far in fewer steps.

    Raises
    ------
    UsageError
        Unknown preset, or a value out of its range.
    """
    if preset not in PRESETS:
        raise UsageError(f"preset {preset!r} is unknown; choose one of {', '.join(PRESETS)}")
    given = {name: value for name, value in explicit.items() if value is not None}
    unknown = set(given) - set(TrainingSettings.model_fields)
    if unknown:
        raise TypeError(f"unknown training settings: {', '.join(sorted(unknown))}")
    values = {"batch_size": spec.batch_size, **PRESETS[preset], **given}
    values.setdefault("only_folds", values["n_folds"])
    values.setdefault("peak_rate", STUDY_PEAK_RATE * math.sqrt(values["batch_size"] / spec.batch_size))
    if not spec.has_context:
        values["context"] = "none"
    settings = TrainingSettings(preset=preset, **values)
    _check(settings, spec)
    return settings.changed(only_folds=min(settings.only_folds, settings.n_folds))


def _check(settings: TrainingSettings, spec: ModelSpec) -> None:
    from core.spectra.representations import REPRESENTATIONS

    least = {"n_folds": 2, "only_folds": 1, "epochs": 1, "patience": 1, "batch_size": 1, "seed": 0}
    for name, smallest in least.items():
        if getattr(settings, name) < smallest:
            raise UsageError(f"{name} is {getattr(settings, name)}; expected at least {smallest}")
    for name in ("peak_rate", "positive_weight"):
        if not 0 < getattr(settings, name) < math.inf:
            raise UsageError(f"{name} is {getattr(settings, name)}; expected a positive number")
    contexts = CONTEXTS[1:] if spec.has_context else CONTEXTS[:1]
    choices = {
        "loss": LOSS_NAMES,
        "validation": VALIDATIONS,
        "augment": AUGMENTATIONS,
        "context": contexts,
        "representation": tuple(item.name for item in REPRESENTATIONS),
    }
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise UsageError(f"{name} {getattr(settings, name)!r} is unknown; choose one of {', '.join(known)}")
    if settings.augment != "none" and settings.representation == "coefficients":
        raise UsageError("augment changes the sampled flux, which the representation 'coefficients' does not use")
