"""Thin st.cache_* wrappers, named like what they wrap. Nothing that a user uploads is cached across sessions."""

from pathlib import Path

import numpy as np
import streamlit as st

from core import device as core_device
from core.figures.dataset_card import labels_of
from core.spectra import dataset as core_dataset
from core.spectra.dataset import Dataset
from core.training import run_catalogue

EMBEDDED_TITLE = "Embedded simulated stars"


@st.cache_resource(show_spinner="Drawing the embedded sample of simulated stars (first start only) …")
def embedded_dataset() -> Dataset:
    """The embedded data set; drawn on the first call on a machine, opened afterwards."""
    from core.simulation.embedded import embedded_dataset as make

    provenance = "Simulated from physics (atmospheres, dust, Gaia's instrument and noise); no real star is among them."
    return core_dataset.open_parquet(make(), EMBEDDED_TITLE, provenance)


@st.cache_data(ttl=10, show_spinner=False)
def find_runs() -> list[run_catalogue.RunSummary]:
    """The trained networks on this machine, at most ten seconds old."""
    return run_catalogue.find_runs()


@st.cache_resource(max_entries=8, show_spinner="Loading the networks …")
def load_ensemble(run_dir: Path, started: str):
    """The ensemble of a run; `started` makes a run that was trained again a new entry."""
    from core.classification.ensemble import load_ensemble as load

    return load(run_dir)


@st.cache_resource(show_spinner=False)
def find_device() -> core_device.Device:
    """Threads and GPUs of this machine."""
    return core_device.find_device()


@st.cache_data(scope="session", max_entries=12, show_spinner="Averaging spectra …")
def class_statistics(_dataset: Dataset, title: str, rows: np.ndarray, representation: str):
    """Mean and percentiles per class of represented spectra; `title` and `rows` identify the stars."""
    values = represent(_dataset.flux(rows), representation)
    labels = labels_of(_dataset.table).to_numpy()[rows]
    return core_dataset.class_statistics(values, labels)


def represent(flux: np.ndarray, name: str) -> np.ndarray:
    """`core.spectra.representations.represent`, imported on first use."""
    from core.spectra.representations import represent as core_represent

    return core_represent(flux, name)
