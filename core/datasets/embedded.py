"""The embedded training set: simulated once on this machine, then read from its folder."""

import hashlib
from pathlib import Path

from core.claims import locked
from core.settings import current_settings
from core.simulation.draw import Progress, simulate
from core.simulation.grid import GRID_PATH
from core.simulation.instrument import FORWARD_PATH
from core.simulation.noise_constants import NOISE_PATH
from core.simulation.population.draws import FIRST
from core.simulation.population.training import N_TEST, N_TRAIN
from core.spectra.calibration import DESIGN_PATH

EMBEDDED_SEED = 2023
EMBEDDED_VERSION = 2
"""Grows when the simulation's code changes what comes out."""
INPUT_FILES = (GRID_PATH, FORWARD_PATH, NOISE_PATH, DESIGN_PATH)
"""A change in one of these makes a new set too."""


def embedded_dataset(progress: Progress | None = None) -> Path:
    """Path of the embedded training set (18,908 + 4,728 stars, Parquet), made on first use.

    Two processes at once make it once: the second waits for the first (the operating system frees the lock of a
    process that dies). The file appears whole or not at all; it lies in `Settings.local_dir` and may be deleted.

    Raises
    ------
    DiskSpaceError
        No room for its 70 MB.
    StorageError
        The folder cannot be written to.
    """
    path = embedded_path()
    if path.exists():
        return path
    with locked(path.with_suffix(".lock"), patience_s=float("inf")):
        if not path.exists():
            simulate("training", N_TRAIN + N_TEST, EMBEDDED_SEED, path, progress=progress, draw=FIRST)
    return path


def embedded_path() -> Path:
    """Where the embedded set lies on this machine once it has been made."""
    return current_settings().local_dir / f"embedded-{EMBEDDED_VERSION}-{_fingerprint()}.parquet"


def _fingerprint() -> str:
    """Eight hexadecimal digits of the simulation's data files."""
    digest = hashlib.sha256()
    for file in INPUT_FILES:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
