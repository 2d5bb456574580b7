"""Thin st.cache_* wrappers, named like what they wrap. Nothing that a user uploads is cached across sessions."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core import device as core_device
from core.datasets import catalogue as dataset_catalogue
from core.datasets import dataset as core_dataset
from core.datasets.dataset import Dataset, labels_of
from core.runs import catalogue as run_catalogue
from core.verdict.companions import Companions, load_companions
from core.verdict.ensemble import Ensemble
from ui import state


def with_wanted(find: Any, parameter: str) -> list:
    """The list of `find`, a cached question; asked anew when it lacks the name that the URL's `parameter` wants.

    The list may be seconds old, and a link may lead to something that has just been made.
    """
    found, wanted = find(), state.query(parameter)
    if wanted and all(item.name != wanted for item in found):
        find.clear()
        found = find()
    return found


def has_embedded_dataset() -> bool:
    """Whether the embedded data set has been drawn on this machine."""
    return dataset_catalogue.find_dataset(dataset_catalogue.EMBEDDED).path.exists()


@st.cache_resource(show_spinner="Drawing the embedded sample of simulated stars (first start only) …")
def embedded_dataset() -> Dataset:
    """The embedded data set; drawn on the first call on a machine, opened afterwards."""
    return dataset_catalogue.open_dataset(dataset_catalogue.find_dataset(dataset_catalogue.EMBEDDED))


@st.cache_data(ttl=10, show_spinner=False)
def find_runs() -> list[run_catalogue.RunSummary]:
    """The trained networks on this machine, at most ten seconds old."""
    return run_catalogue.find_runs()


def find_runs_now() -> list[run_catalogue.RunSummary]:
    """The trained networks on this machine as they are now; for a page that has just seen one finish."""
    find_runs.clear()
    return find_runs()


@st.cache_resource(max_entries=8, show_spinner="Loading the networks …")
def load_ensemble(run_dir: Path, started: str) -> Ensemble:
    """The ensemble of a run; `started` makes a run that was trained again a new entry."""
    from core.verdict.ensemble import load_ensemble as load

    return load(run_dir, threads=1)  # one star at a time: more threads only disturb other sessions


def load_classifier(run: run_catalogue.RunSummary) -> tuple[Ensemble, Companions]:
    """The networks of a run and the models beside them: what `core.verdict.verdict.judge` asks."""
    return load_ensemble(run.path, run.started), load_companions(run.path, run.started)


@st.cache_resource(show_spinner="Loading the model atmospheres …")
def load_grid():
    """The model atmospheres, `core.simulation.grid.load_grid`."""
    from core.simulation.grid import load_grid as load

    return load()


@st.cache_data(ttl=10, show_spinner=False)
def find_datasets() -> list[dataset_catalogue.DatasetEntry]:
    """The data sets on this machine, at most ten seconds old: the embedded one, built ones, samples."""
    return dataset_catalogue.find_datasets()


def title_of_data(file_name: str) -> str:
    """What the data set of a run is called in menus; the name of its file where it is not the embedded one."""
    entries = (entry for entry in find_datasets() if entry.kind == "embedded" and entry.path.name == file_name)
    return next((entry.title for entry in entries), file_name)


def open_dataset(entry: dataset_catalogue.DatasetEntry) -> Dataset:
    """A data set of this machine, kept open until its file changes."""
    if entry.kind == "embedded":
        return embedded_dataset()
    return _open_dataset(entry, entry.key)


@st.cache_resource(max_entries=4, show_spinner="Opening the data set …")
def _open_dataset(_entry: dataset_catalogue.DatasetEntry, key: str) -> Dataset:
    return dataset_catalogue.open_dataset(_entry)


@st.cache_resource(show_spinner=False)
def find_device() -> core_device.Device:
    """Threads and GPUs of this machine."""
    return core_device.find_device()


@st.cache_data(scope="session", max_entries=12, show_spinner="Averaging spectra …")
def class_statistics(_dataset: Dataset, key: str, rows: np.ndarray, representation: str):
    """Mean and percentiles per class of represented spectra; `key` (of the set) and `rows` identify the stars."""
    labels = labels_of(_dataset.table).to_numpy()[rows]
    return core_dataset.class_statistics(represent(_dataset, rows, representation), labels)


def represent(dataset: Dataset, rows: np.ndarray, name: str) -> np.ndarray:
    """`core.spectra.representations.represent` of some stars of a set, only the values in use: (n_rows, n_values)."""
    from core.spectra import representations

    item = representations.find_representation(name)
    coefficients = dataset.read(rows).coefficients if item.needs == "coefficients" else None
    state = _fit_representation(dataset, dataset.key, name) if item.needs == "fit" else None
    values = representations.represent(dataset.flux(rows), name, state=state, coefficients=coefficients)
    return values[:, : item.n_values]


@st.cache_data(scope="session", max_entries=4, show_spinner="Fitting the representation …")
def _fit_representation(_dataset: Dataset, key: str, name: str) -> dict[str, np.ndarray]:
    """`core.spectra.representations.fit_representation` on the training part of a set (all of it without parts)."""
    from core.spectra.representations import fit_representation

    part = _dataset.table.get("part")
    rows = np.arange(len(_dataset)) if part is None else np.flatnonzero(part == "train")
    return fit_representation(name, _dataset.flux(rows))
