"""Tiny synthetic labelled spectra: separable by their slope, quick to learn."""

import numpy as np
import pandas as pd
import pytest

from core.datasets.training_data import TrainingData, training_data
from core.runs.settings import resolve_settings
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import SpectrumSet
from models.registry import model_spec

HEALPIX_12 = 35
WIDE = model_spec("wide")
DEVICE = "test"


def settings(spec=WIDE, **explicit):
    """Of a short run of three folds."""
    return resolve_settings(spec, "quick", **{"n_folds": 3, "epochs": 2, "batch_size": 32, **explicit})


def labelled_spectra(n: int, seed: int = 0, *, noise: float = 0.05) -> SpectrumSet:
    """Half blue (massive), half red power laws with noise; ids scattered over the sky, bright massive stars."""
    rng = np.random.default_rng(seed)
    massive = np.arange(n) % 2 == 0
    slope = np.where(massive, -3.0, 1.0) + rng.normal(0, 0.5, n)
    magnitude = np.where(massive, 11.0, 13.0) + rng.normal(0, 1.0, n)
    shape = (WAVELENGTH_NM / 600.0) ** slope[:, None]  # (n, 343)
    flux = 1e-16 * 10 ** (-0.4 * (magnitude[:, None] - 12.0)) * (shape + rng.normal(0, noise, shape.shape))
    pixel = rng.choice(12 * 4**12, size=n, replace=False).astype(np.int64)
    metadata = pd.DataFrame(
        {"label": np.where(massive, "massive", "low-mass"), "phot_g_mean_mag": magnitude, "ra": rng.uniform(0, 360, n)}
    )
    return SpectrumSet(source_id=(pixel << HEALPIX_12) + np.arange(n), flux=flux, metadata=metadata)


def as_data(spectra: SpectrumSet) -> TrainingData:
    return training_data(spectra, name="synthetic", sha256="0" * 64)


@pytest.fixture(scope="session")
def small_data() -> TrainingData:
    """200 stars."""
    return as_data(labelled_spectra(200))
