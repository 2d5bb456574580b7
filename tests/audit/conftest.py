"""Tiny runs for the audit: simulated stars, small networks, the ordinary trainer and the ordinary loader."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.audit.evidence import load_evidence
from core.audit.finding import Finding
from core.audit.registry import CHECKS
from core.datasets.training_data import TrainingData, read_training_data
from core.runs.settings import resolve_settings
from core.spectra.spectrum_set import SpectrumSet
from core.training.train import train
from models.registry import model_spec

WIDE = model_spec("wide")
N_STARS = 300


@pytest.fixture(scope="session")
def stars_file(tmp_path_factory) -> Path:
    """Simulated training stars as the command `simulate` writes them."""
    from core.simulation.draw import simulate

    return simulate("training", N_STARS, 3, tmp_path_factory.mktemp("stars") / "stars.parquet", workers=1)


@pytest.fixture(scope="session")
def stars(stars_file) -> TrainingData:
    return read_training_data(stars_file)


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """No run of this machine's user is taken for comparison."""
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))


def run_of(data: TrainingData, folder: Path, spec=WIDE, **explicit) -> Path:
    """Train a small network with the ordinary trainer; one fold of two unless said otherwise."""
    given = {"n_folds": 2, "only_folds": 1, "epochs": 1, "batch_size": 64, **explicit}
    return train(data, [(spec, resolve_settings(spec, "quick", **given))], folder, device="test")[0].folder


def find(key: str, folder: Path, data: TrainingData | None = None) -> Finding:
    """One check's finding about a stored run; `data` stands for the file that has the run's SHA-256."""
    evidence = load_evidence(folder)
    assert evidence.data is None, "the run's data must not be found by chance"
    if data is not None:
        evidence = replace(evidence, data=data, data_note=data.name)
    return next(item for item in CHECKS if item.key == key).run(evidence)


def with_flux(data: TrainingData, flux: np.ndarray) -> TrainingData:
    return replace(data, flux=flux)


def made_data(spectra: SpectrumSet, label: np.ndarray, name: str = "made", **columns) -> TrainingData:
    from core.datasets.training_data import training_data

    table = pd.DataFrame({"label": np.where(label == 1, "massive", "low-mass"), **columns})
    whole = SpectrumSet(source_id=spectra.source_id, flux=spectra.flux, metadata=table)
    return training_data(whole, name=name, sha256=name)
