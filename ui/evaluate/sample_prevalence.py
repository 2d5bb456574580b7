"""Part of the page Evaluate: how many stars of an unlabelled sample are massive."""

import numpy as np
import streamlit as st

from core.datasets.dataset import Dataset
from core.errors import ExplorerError
from core.gaia.labels import MASSIVE
from core.runs.result import RunResult
from core.statistics.prevalence import OperatingCurve, prevalence_interval
from ui import cache, state
from ui.evaluate import cache as evaluation_cache
from ui.parts.choice import choose_one
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import interval_text, share_text

MOST_STARS = 5000


def estimate_sample(result: RunResult, curve: OperatingCurve) -> None:
    """Choose a set, classify it (at most 5,000 stars of it), estimate its prevalence."""
    entries = {entry.name: entry for entry in cache.with_wanted(cache.find_datasets, state.SAMPLE)}
    opened = [name for name in state.opened_files().spectra if name not in entries]
    titles = {"": "Choose a sample"} | {name: entry.title for name, entry in entries.items()}
    titles |= {name: name for name in opened}
    help_text = "Files are opened on the page Star; samples are drawn on the page Simulate."
    name = choose_one("Sample", titles, state.SAMPLE, help=help_text)
    if not name:
        st.info(
            "Choose a sample: its labels are not used. The share of massive stars follows from all its probabilities "
            "together (expectation maximisation, Saerens et al. 2002).",
            icon=":material/groups:",
        )
        return
    try:
        dataset = state.opened_files().dataset(name) if name in opened else cache.open_dataset(entries[name])
        probability = _probabilities(result, evaluation_cache.version_of(result), dataset, dataset.key)
    except ExplorerError as error:
        st.error(escape_markdown(error), icon=":material/error:")
        return
    _show(dataset, probability, curve)


@st.cache_data(scope="session", max_entries=8, show_spinner="Classifying the sample …")
def _probabilities(_result: RunResult, version: str, _dataset: Dataset, key: str) -> np.ndarray:
    from core.verdict.verdict import classify

    ensemble = cache.load_ensemble(_result.folder, _result.run.started)
    verdicts = classify(_dataset.read(chosen_rows(len(_dataset))), ensemble)
    return verdicts["probability"].to_numpy(dtype=float, na_value=np.nan)


def chosen_rows(n_stars: int) -> np.ndarray:
    """All rows, or 5,000 of them drawn with a fixed seed, in order."""
    if n_stars <= MOST_STARS:
        return np.arange(n_stars)
    return np.sort(np.random.default_rng(1).choice(n_stars, MOST_STARS, replace=False))


def _show(dataset: Dataset, probability: np.ndarray, curve: OperatingCurve) -> None:
    found = prevalence_interval(probability)
    if found.value is None:
        st.warning("No star of this sample can be classified.", icon=":material/warning:")
        return
    n = int(np.isfinite(probability).sum())
    st.metric("Estimated prevalence", interval_text(found))
    false_rate = curve.at(0.5, 0.5).false_positive_rate
    text = f"From {n:,} classified stars" + ("" if n == len(dataset) else f" of {len(dataset):,}") + "."
    if "label" in dataset.table:
        labels = dataset.table["label"].iloc[chosen_rows(len(dataset))]
        known = labels.notna()
        if known.any():
            text += f" By its labels, {share_text(float((labels[known] == MASSIVE).mean()))} of them are massive."
    text += (
        " The interval knows of the sample's size alone: it trusts the calibration, and contaminants that are commoner "
        "in the sample than in the set of this run raise the estimate. At the threshold 0.5 this run calls "
        f"{share_text(false_rate)} of the low-mass stars massive."
    )
    st.caption(text)
