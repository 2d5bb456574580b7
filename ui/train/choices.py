"""Choices of the page Train: which networks, on what, how; all stand in the URL."""

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from core.datasets.catalogue import DatasetEntry
from core.errors import UsageError
from core.jobs.job import Job
from core.runs.protocol import VALIDATIONS
from core.runs.settings import AUGMENTATIONS, LOSS_NAMES, PRESETS, TrainingSettings, resolve_settings
from core.spectra.representations import REPRESENTATIONS
from core.training.job import EMBEDDED, submit_training
from models.registry import MODELS, ModelSpec, model_spec
from ui import cache, state
from ui.parts.choice import choose_one, choose_whole_number
from ui.parts.markdown import escape_markdown

TITLES = {spec.key: spec.title for spec in MODELS}
PRESET_TITLES = {
    "quick": "Quick: 5 folds, 15 epochs",
    "study": "As published: 10 folds, 50 epochs",
}
VALIDATION_TITLES = {
    "plain": "Plain folds (as published)",
    "sky": "Sky blocks: a patch of sky stays in one fold",
    "matched": "Matched: both classes equally bright",
}
CONTEXT_TITLES = {"log": "Log flux, standardised", "published": "Raw flux (as published, numerically dead)"}
LOSS_TITLES = {
    "balanced": "Cross-entropy, balanced classes",
    "focal": "Focal",
    "positive": "Massive stars count ten times",
    "plain": "Cross-entropy, unweighted",
}
AUGMENT_TITLES = {
    "none": "None",
    "noise": "A noisier copy of every star",
    "redden": "A dustier copy of every star",
    "both": "A noisier and dustier copy of every star",
}


@dataclass(frozen=True)
class TrainingChoice:
    """What is to be trained: networks with their settings, on a data set."""

    entry: DatasetEntry
    choices: list[tuple[ModelSpec, TrainingSettings]]

    def submit(self, title: str, baselines: bool = False) -> Job:
        """Queue it, into a run folder named by the time."""
        data = EMBEDDED if self.entry.kind == "embedded" else self.entry.path
        name = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
        return submit_training(data, self.choices, name, title, baselines=baselines)


def choose_networks(default: str = "deep") -> list[str]:
    """Keys of the ticked networks; they stand in the URL as `?model=cnn,wide`."""
    wanted = [key for key in state.query(state.MODELS, default).split(",") if key in TITLES]
    ticked = st.pills(
        "Networks",
        list(TITLES),
        format_func=TITLES.__getitem__,
        selection_mode="multi",
        default=wanted,
        key=state.MODELS,
    )
    keys = [key for key in TITLES if key in ticked]
    state.set_query(state.MODELS, ",".join(keys))
    return keys


def choose_training_data() -> DatasetEntry:
    """A select box of the labelled data sets on this machine."""
    found = cache.with_wanted(cache.find_datasets, state.TRAINING_SET)
    entries = {entry.name: entry for entry in found if entry.labelled}
    titles = {
        name: f"{entry.title} ({entry.n_stars:,})" if entry.n_stars else entry.title for name, entry in entries.items()
    }
    help_text = "Labelled sets: the embedded one, samples of the page Simulate, real stars built from the archives."
    return entries[choose_one("Data set", titles, state.TRAINING_SET, help=help_text)]


def choose_training() -> TrainingChoice | None:
    """All choices; None (with a message) while something is missing or cannot be meant."""
    keys = choose_networks()
    left, middle, right = st.columns([5, 4, 5], gap="medium")
    with left:
        entry = choose_training_data()
    with middle:
        preset = choose_one("Preset", {name: PRESET_TITLES[name] for name in reversed(PRESETS)}, state.PRESET)
    with right:
        representation = choose_one(
            "Representation", {item.name: item.title for item in REPRESENTATIONS}, state.REPRESENTATION_OF_TRAINING
        )
    explicit = {"representation": representation, **_more_choices(preset)}
    if not keys:
        st.info("Tick at least one network.", icon=":material/check_box:")
        return None
    try:
        return TrainingChoice(entry, [(model_spec(key), _settings(model_spec(key), preset, explicit)) for key in keys])
    except UsageError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return None


def _settings(spec: ModelSpec, preset: str, explicit: dict) -> TrainingSettings:
    own = explicit if spec.has_context else {**explicit, "context": None}
    return resolve_settings(spec, preset, **own)


def _more_choices(preset: str) -> dict:
    """What most users leave as the preset says."""
    known = PRESETS[preset]
    with st.expander("More settings", icon=":material/tune:"):
        first, second, third = st.columns(3, gap="medium")
        with first:
            chosen = {
                "validation": choose_one(
                    "Validation", {n: VALIDATION_TITLES[n] for n in VALIDATIONS}, state.VALIDATION
                ),
                "n_folds": choose_whole_number("Folds", 2, 20, known["n_folds"], state.of_preset(state.FOLDS, preset)),
                "only_folds": choose_whole_number(
                    "Train only the first", 1, 20, known["n_folds"], state.of_preset(state.ONLY_FOLDS, preset)
                ),
            }
        with second:
            chosen |= {
                "loss": choose_one("Loss", {name: LOSS_TITLES[name] for name in LOSS_NAMES}, state.LOSS),
                "epochs": choose_whole_number(
                    "Epochs at most", 1, 500, known["epochs"], state.of_preset(state.EPOCHS, preset)
                ),
                "patience": choose_whole_number(
                    "Patience (epochs)", 1, 500, known["patience"], state.of_preset(state.PATIENCE, preset)
                ),
            }
        with third:
            chosen |= {
                "augment": choose_one("Augmentation", {n: AUGMENT_TITLES[n] for n in AUGMENTATIONS}, state.AUGMENT),
                "context": choose_one("Context, where a network takes it", CONTEXT_TITLES, state.CONTEXT),
                "seed": choose_whole_number("Seed", 0, 2**31 - 1, known["seed"], state.TRAINING_SEED),
            }
    return chosen
