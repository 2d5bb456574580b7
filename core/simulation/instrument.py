"""Spectral flux at the telescope to noise-free XP coefficients: the forward model of Gaia's BP and RP instruments.

Linear: coefficients = P @ flux, with P (110, n_wave) of `forward_matrix`, which holds pupil area, response, dispersion,
line spread function and bases of the mean spectra. `core.simulation.forward_recipe` derives it from GaiaXPy alone, so
that the calibration of the coefficients (`core.spectra.calibration`) returns the spectrum as Gaia delivers it.

DR3's is shipped; another release's is made on this machine together with its calibration.
"""

import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import CalibrationError
from core.gaia.releases import DEFAULT, find_release
from core.spectra.calibration import design_path
from core.spectra.grid import N_COEFFICIENTS

FORWARD_PATH = Path(__file__).with_name("xp_forward.npz")
NODES_NM = np.arange(312.0, 1101.0, 1.0)
"""Wavelengths of the stored matrix; the response is negligible outside them."""
NODES_NM.setflags(write=False)
_NEEDED_NM = (336.0, 1020.0)  # light beyond is a few thousandths of either band


def to_coefficients(wavelength_nm: np.ndarray, flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Noise-free XP coefficients of spectra.

    Parameters
    ----------
    wavelength_nm : ndarray of shape (n_wave,)
        Rising, covering at least 336 to 1020 nm (better 320 to 1100), in steps of at most 5 nm; the flux counts as
        linear between the points and constant beyond the ends.
    flux : ndarray of shape (n_stars, n_wave)
        Spectral flux density at the observer, W m^-2 nm^-1.

    Returns
    -------
    bp, rp : float64 ndarrays of shape (n_stars, 55)
        Photo-electrons per second, in the bases of the archive's xp_continuous_mean_spectrum.

    Raises
    ------
    ValueError
        A wavelength grid that does not rise, is too coarse or does not cover the instrument.

    Examples
    --------
    >>> wavelength = np.arange(320.0, 1101.0, 2.0)
    >>> bp, rp = to_coefficients(wavelength, np.full((1, len(wavelength)), 1e-16))
    >>> bp.shape, rp.shape
    ((1, 55), (1, 55))
    """
    matrix = forward_matrix(wavelength_nm)
    coefficients = np.asarray(flux) @ matrix.T  # (n_stars, n_wave) @ (n_wave, 110)
    return coefficients[:, :N_COEFFICIENTS], coefficients[:, N_COEFFICIENTS:]


def forward_path(release: str = DEFAULT.key) -> Path:
    """File of a release's forward model: the shipped one, or its place in the cache of this machine."""
    return FORWARD_PATH if release == DEFAULT.key else design_path(release).with_name("forward.npz")


def has_forward(release: str) -> bool:
    """Whether the forward model of a release is on this machine."""
    return forward_path(release).is_file()


def forward_stamp(release: str) -> int:
    """Changes with the file of a release's forward model; 0 for the shipped one and for one that is not there."""
    path = forward_path(release)
    return path.stat().st_mtime_ns if release != DEFAULT.key and path.is_file() else 0


def forward_matrix(wavelength_nm: np.ndarray, release: str = DEFAULT.key) -> np.ndarray:
    """P with [bp | rp] = P @ flux for flux on this grid: float64 ndarray of shape (110, n_wave) for DR3; read-only.

    Raises
    ------
    CalibrationError
        The release's forward model is not on this machine, or damaged.
    """
    wavelength = np.ascontiguousarray(wavelength_nm, dtype=np.float64).tobytes()
    path = forward_path(release)
    try:
        _stored_matrix(path, forward_stamp(release))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CalibrationError(
            f"{path}: the forward model of {find_release(release).name} is missing or damaged ({error}); make it by "
            f"`python -m core archive --calibrate --release {release}`"
        ) from error
    return _matrix_for(wavelength, path, forward_stamp(release))


@lru_cache(maxsize=8)
def _matrix_for(wavelength_bytes: bytes, path: Path, stamp: int) -> np.ndarray:
    wavelength = np.frombuffer(wavelength_bytes)
    step = np.diff(wavelength)
    covers = wavelength.size > 1 and wavelength[0] <= _NEEDED_NM[0] and wavelength[-1] >= _NEEDED_NM[1]
    if not covers or step.min() <= 0 or step.max() > 5.0:
        raise ValueError(
            f"wavelength grid of {wavelength.size} points, {wavelength.min():g} to {wavelength.max():g} nm: expected "
            f"rising values that cover {_NEEDED_NM[0]:g} to {_NEEDED_NM[1]:g} nm in steps of at most 5 nm"
        )
    # Linear interpolation from the caller's grid to the nodes is itself a matrix.
    right = np.clip(np.searchsorted(wavelength, NODES_NM), 1, len(wavelength) - 1)
    fraction = np.clip((NODES_NM - wavelength[right - 1]) / step[right - 1], 0.0, 1.0)
    interpolation = np.zeros((len(NODES_NM), len(wavelength)))
    rows = np.arange(len(NODES_NM))
    interpolation[rows, right - 1] = 1.0 - fraction
    interpolation[rows, right] += fraction
    matrix = _stored_matrix(path, stamp) @ interpolation
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=4)
def _stored_matrix(path: Path, _: int) -> np.ndarray:
    with np.load(path) as stored:
        return np.concatenate([stored["bp"], stored["rp"]]).astype(np.float64)
