"""The embedded training set: simulated once on this machine, then read from its folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.claims import locked
from core.settings import current_settings
from core.simulation.draw import Progress, simulate
from core.simulation.dust_curves import CURVES_PATH
from core.simulation.grid import GRID_PATH
from core.simulation.instrument import FORWARD_PATH
from core.simulation.model_errors import ERRORS_PATH
from core.simulation.noise_constants import NOISE_PATH
from core.simulation.population.draws import CURRENT, FIRST, Draw
from core.simulation.population.training import N_TEST, N_TRAIN
from core.simulation.residuals import RESIDUALS_PATH
from core.spectra.calibration import DESIGN_PATH

EMBEDDED_SEED = 2023
INPUT_FILES = (GRID_PATH, FORWARD_PATH, NOISE_PATH, DESIGN_PATH)
"""A change in one of these makes a new set too."""


@dataclass(frozen=True)
class Edition:
    """One embedded set: what it is drawn by.

    Attributes
    ----------
    version : int
        Grows when the simulation's code changes what comes out.
    draw : Draw
    files : tuple of Path
        The simulation's data files that the draw reads: their content stands in the set's name.
    """

    version: int
    draw: Draw
    files: tuple[Path, ...]


EMBEDDED = Edition(2, FIRST, INPUT_FILES)
"""The set that the pages show and that the shipped reference runs learnt from."""
COMING = Edition(3, CURRENT, (*INPUT_FILES, CURVES_PATH, ERRORS_PATH, RESIDUALS_PATH))
"""The set of the ten networks' ten folds; it takes the other's place when these are complete and shipped."""
EDITIONS = (EMBEDDED, COMING)


def embedded_dataset(progress: Progress | None = None, edition: Edition = EMBEDDED) -> Path:
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
    path = embedded_path(edition)
    if path.exists():
        return path
    with locked(path.with_suffix(".lock"), patience_s=float("inf")):
        if not path.exists():
            simulate("training", N_TRAIN + N_TEST, EMBEDDED_SEED, path, progress=progress, draw=edition.draw)
    return path


def embedded_path(edition: Edition = EMBEDDED) -> Path:
    """Where the embedded set lies on this machine once it has been made."""
    return current_settings().local_dir / f"embedded-{edition.version}-{_fingerprint(edition.files)}.parquet"


def is_embedded(path: Path) -> bool:
    """Whether a file is one of the embedded sets, which are drawn on every machine anew."""
    return path.resolve() in {embedded_path(edition).resolve() for edition in EDITIONS}


def _fingerprint(files: tuple[Path, ...]) -> str:
    """Eight hexadecimal digits of the simulation's data files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
