"""Explanations for the page: the warm process that all sessions share, kept stars, kept samples."""

import json
from pathlib import Path

import numpy as np
import streamlit as st

from core.explanation import explain as core_explain
from core.explanation import stars as core_stars
from core.explanation import store
from core.explanation.background import Background
from core.explanation.explanation import Explanation
from core.explanation.process import ExplainerProcess
from core.runs.catalogue import RunSummary
from core.spectra.spectrum_set import SpectrumSet

N_BACKGROUND = 100


@st.cache_resource(show_spinner=False)
def explainer_process() -> ExplainerProcess:
    """One process for the app: TensorFlow and shap stay out of the app itself, and warm for the next star."""
    return ExplainerProcess()


@st.cache_resource(max_entries=8, show_spinner=False)
def open_run(path: Path, name: str, version: str):
    """`core.explanation.explain.open_run`; UsageError where attributions cannot be led back to wavelengths."""
    return core_explain.open_run(path, name=name)


@st.cache_resource(max_entries=16, show_spinner="Choosing background stars …")
def background(path: Path, version: str) -> Background:
    """The background of a run."""
    return core_stars.stars_of_run(path).background(N_BACKGROUND)


def version_of(run: RunSummary) -> str:
    """Changes when the run is trained again."""
    return f"{run.started} {run.n_members}"


def explain_star(run: RunSummary, star: SpectrumSet, member: int | None) -> Explanation:
    """One star by one run, kept; ExplorerError says why it cannot be explained."""
    return _explain_star(run.path, run.name, version_of(run), member, star.source_id, star.flux, star)


@st.cache_data(max_entries=256, show_spinner="Explaining the star (the first one of a network takes longer) …")
def _explain_star(
    path: Path, name: str, version: str, member: int | None, source_id: np.ndarray, flux: np.ndarray, _star: SpectrumSet
) -> Explanation:
    opened = open_run(path, name, version)
    return core_explain.explain(opened, _star, background(path, version), explainer_process(), member=member)


@st.cache_resource(max_entries=24, show_spinner=False)
def _stored(path: Path, changed_ns: int) -> Explanation:
    return store.stored_explanation(path)


def stored_explanation(path: Path) -> Explanation | None:
    """A kept explanation; None where there is none yet."""
    return _stored(path, path.stat().st_mtime_ns) if path.is_file() else None


def stored_checks(path: Path) -> dict | None:
    """Kept checks: {'checks': [...], 'curves': {...}}; None where there are none yet."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
