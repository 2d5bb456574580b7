"""Simulated stars, a process that explains, and a network that was trained on one planted band."""

from dataclasses import replace

import numpy as np
import pytest

from core.explanation.background import Background, choose_background
from core.explanation.process import ExplainerProcess
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import read_spectra
from core.spectra.spectrum_set import SpectrumSet
from tests.training.conftest import as_data, labelled_spectra

PLANTED_NM = (640.0, 672.0)
"""About Hα; the only place where the planted classes differ."""


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> SpectrumSet:
    """120 labelled stars with physics and noise in them."""
    from core.simulation.draw import simulate

    path = tmp_path_factory.mktemp("stars") / "stars.parquet"
    simulate("training", 120, 11, path, workers=1)
    return read_spectra(path)


@pytest.fixture(scope="session")
def background(simulated) -> Background:
    """20 of them."""
    massive = (simulated.metadata["label"] == "massive").to_numpy()
    return choose_background(simulated.flux[20:], massive[20:], n_stars=20)


@pytest.fixture(scope="session")
def process():
    """One process for all tests: what costs is its start."""
    with ExplainerProcess(threads=1) as started:
        yield started


def planted_spectra(n_stars: int, seed: int = 0) -> SpectrumSet:
    """Spectra of any slope with noise; massive ones absorb in the planted band, and differ in nothing else."""
    spectra = labelled_spectra(n_stars, seed)
    rng = np.random.default_rng(seed)
    massive = (spectra.metadata["label"] == "massive").to_numpy()
    slope = rng.normal(-1.0, 1.0, n_stars)[:, None]
    flux = (WAVELENGTH_NM / 600.0) ** slope * (1 + rng.normal(0, 0.01, (n_stars, len(WAVELENGTH_NM))))
    band = (PLANTED_NM[0] <= WAVELENGTH_NM) & (PLANTED_NM[1] > WAVELENGTH_NM)
    flux[np.ix_(massive, band)] *= 0.75
    return replace(spectra, flux=1e-16 * flux)


@pytest.fixture(scope="session")
def planted_run(tmp_path_factory):
    """Folder of a Deep ANN that was trained on planted spectra, half a minute at most."""
    from core.runs.settings import resolve_settings
    from core.training.train import train
    from models.registry import model_spec

    spec = model_spec("deep")
    settings = resolve_settings(
        spec, "quick", n_folds=5, only_folds=1, epochs=12, batch_size=32, representation="standardised"
    )
    folder = tmp_path_factory.mktemp("planted") / "run"
    return train(as_data(planted_spectra(800)), [(spec, settings)], folder, device="test")[0].folder
