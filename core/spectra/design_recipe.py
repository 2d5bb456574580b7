"""From GaiaXPy to this program's calibration: the matrices of a release, read off the package's own `calibrate`.

The calibration is linear, so the spectrum of a star whose only non-zero coefficient is the i-th one is the i-th row of
the matrix. With the other band absent, GaiaXPy returns the band's own spectrum before the BP/RP join; with the other
band present and zero, that spectrum times its join weight. Whatever comes out is held against the package's answer for
random coefficients before it is kept.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import CalibrationError
from core.gaia.releases import DEFAULT, Release
from core.spectra.calibration import calibrate, design_matrix, design_path
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import Coefficients

LARGEST_DIFFERENCE = 1e-9
"""Of the largest flux of a spectrum: what rounding leaves."""
_CHECKED, _SEED = 16, 1


class Calibrator(Protocol):
    """What of GaiaXPy the recipe uses."""

    __version__: str

    def calibrate(self, table: pd.DataFrame, sampling: np.ndarray, save_file: bool) -> tuple[pd.DataFrame, Any]:
        """Sampled flux (column `flux`) of a table of coefficients."""


@dataclass(frozen=True)
class InstrumentCalibration:
    """What `make_calibration` wrote: the file, coefficients per band, the package, and its largest difference."""

    path: Path
    n_bp: int
    n_rp: int
    package: str
    difference: float


def make_calibration(release: Release, package: Calibrator | None = None) -> InstrumentCalibration:
    """Make a release's matrices from the installed GaiaXPy, check them against it, and keep them on this machine.

    DR3's are shipped: for it only the check is made, which tells whether the installed package still agrees.

    Parameters
    ----------
    release : Release
    package : Calibrator or None
        None: the installed GaiaXPy.

    Raises
    ------
    CalibrationError
        There is no GaiaXPy, it does not take the release's coefficients (too old), or its answers differ from the
        shipped calibration or from a linear one (too new).
    StorageError
        The cache cannot be written to.
    """
    package = package or installed_package(release)
    named = f"GaiaXPy {package.__version__}"
    path = design_path(release.key)
    if release != DEFAULT:
        arrays = design_arrays(package, release.n_coefficients, f"{named} for {release.name}")
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    difference = check_calibration(release, package)
    if not difference <= LARGEST_DIFFERENCE:
        if release != DEFAULT:
            path.unlink(missing_ok=True)
        raise CalibrationError(
            f"{named} and the {'shipped' if release == DEFAULT else 'derived'} calibration of {release.name} differ by "
            f"{difference:.1e} of the largest flux, expected at most {LARGEST_DIFFERENCE:.0e}: the package calibrates "
            f"in another way than {release.gaiaxpy or 'a linear one'} (too new?). Nothing was kept"
        )
    n_bp, n_rp = release.n_coefficients
    return InstrumentCalibration(path, n_bp, n_rp, named, difference)


def installed_package(release: Release) -> Calibrator:
    """GaiaXPy as it is installed; CalibrationError where it is not."""
    try:
        import gaiaxpy
    except ImportError as error:
        raise CalibrationError(
            f"GaiaXPy is not installed, and the calibration of {release.name} is made from it: pip install gaiaxpy"
        ) from error
    return gaiaxpy


def design_arrays(package: Calibrator, n_coefficients: tuple[int, int], named: str) -> dict[str, np.ndarray]:
    """bp (n_bp, 343) and rp (n_rp, 343) before the join, bp_weight and rp_weight (343,), and the package's version.

    A band's matrix is zero at the wavelengths where the other band alone counts. About ten seconds.
    """

    def sampled(bp: np.ndarray, rp: np.ndarray, **absent: bool) -> np.ndarray:
        try:
            with quiet():
                table, _ = package.calibrate(gaiaxpy_table(bp, rp, **absent), sampling=WAVELENGTH_NM, save_file=False)
            flux = np.stack(table["flux"].to_numpy())
        except Exception as error:  # whatever a package of another release runs into
            raise CalibrationError(
                f"{named} does not take {bp.shape[1]} + {rp.shape[1]} coefficients ({type(error).__name__}: {error}): "
                "it is too old for this release, or not made for it"
            ) from error
        if flux.shape != (len(bp), len(WAVELENGTH_NM)):
            raise CalibrationError(
                f"{named} returned flux of shape {flux.shape}, expected {len(WAVELENGTH_NM)} samples"
            )
        return np.nan_to_num(flux, nan=0.0)

    n_bp, n_rp = n_coefficients
    only_bp, only_rp = (np.eye(n_bp), np.zeros((n_bp, n_rp))), (np.zeros((n_rp, n_bp)), np.eye(n_rp))
    design = {"bp": sampled(*only_bp, rp_absent=True), "rp": sampled(*only_rp, bp_absent=True)}
    for band, joined in (("bp", sampled(*only_bp)), ("rp", sampled(*only_rp))):
        strongest = np.abs(design[band]).max(axis=0)
        ratio = np.abs(joined).max(axis=0) / np.where(strongest > 0, strongest, 1.0)
        design[f"{band}_weight"] = np.round(np.where(strongest > 0, ratio, 0.0), 12)  # eighths, exact in binary
    design["gaiaxpy_version"] = np.array(package.__version__)
    return design


def check_calibration(release: Release, package: Calibrator) -> float:
    """Largest difference between this program's flux and the package's, of random coefficients, over the largest flux.

    NaN where the package does not answer.
    """
    rng = np.random.default_rng(_SEED)
    bp, rp = (rng.normal(size=(_CHECKED, n)) * 300.0 * 0.9 ** np.arange(n) for n in release.n_coefficients)
    design_matrix(release.key)
    ours, _ = calibrate(Coefficients(bp, rp), with_errors=False, release=release.key)
    try:
        with quiet():
            table, _ = package.calibrate(gaiaxpy_table(bp, rp), sampling=WAVELENGTH_NM, save_file=False)
    except Exception as error:
        raise CalibrationError(
            f"GaiaXPy {package.__version__} does not take {release.name}'s coefficients ({error}): it is too old"
        ) from error
    theirs = np.stack(table["flux"].to_numpy())
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@contextmanager
def quiet() -> Iterator[None]:
    """Without the package's messages and progress bars."""
    with io.StringIO() as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def gaiaxpy_table(bp: np.ndarray, rp: np.ndarray, bp_absent: bool = False, rp_absent: bool = False) -> pd.DataFrame:
    """Coefficients (n, n_bp) and (n, n_rp) as the table for `gaiaxpy.calibrate`: unit errors, uncorrelated."""
    columns: dict[str, object] = {"source_id": np.arange(len(bp), dtype=np.int64)}
    for band, values, absent in (("bp", bp, bp_absent), ("rp", rp, rp_absent)):
        n = values.shape[1]
        rows = {
            "coefficients": list(values),
            "coefficient_errors": [np.ones(n)] * len(values),
            "coefficient_correlations": [np.zeros(n * (n - 1) // 2)] * len(values),
            "n_parameters": [n] * len(values),
            "standard_deviation": [1.0] * len(values),
        }
        columns |= {f"{band}_{name}": [np.nan] * len(values) if absent else column for name, column in rows.items()}
    return pd.DataFrame(columns)
