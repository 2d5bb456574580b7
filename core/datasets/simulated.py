"""A simulated training set for the instrument of a release, beside the run that learns from it."""

from pathlib import Path

from core.datasets.embedded import EMBEDDED_SEED
from core.simulation.draw import simulate


def simulated_training_set(instrument: str, n_stars: int, out: str | Path) -> Path:
    """Draw the training population in the instrument of a release: `OUT.training_set.parquet`; one that is there stays.

    The stars are those that DR3's embedded set is drawn from (same population, same seed).

    Parameters
    ----------
    instrument : str
        Key of the release.
    n_stars : int
    out : path
        The run folder.

    Raises
    ------
    CalibrationError
        The release's calibration is not on this machine.
    """
    out = Path(out)
    path = out.with_name(f"{out.name}.{instrument}_{n_stars}.parquet")
    if not path.is_file():
        simulate("training", n_stars, EMBEDDED_SEED, path, with_coefficients=True, instrument=instrument)
    return path
