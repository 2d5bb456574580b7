"""The forward model of a release, from flux to XP coefficients, made from the instrument in the installed GaiaXPy.

The mean spectrum of a band is n(u) = integral of L(u - u_d(lambda), lambda) q(lambda) d lambda, with photo-electrons
q = P R(lambda) lambda/(hc) f(lambda), pupil area P, response R, dispersion u_d and line spread function L (Montegriffo
et al. 2023, A&A 674, A3, section 3). GaiaXPy ships R, u_d, the bases phi_m(u) of the mean spectra (Hermite functions)
and the inverse bases psi_m(lambda), which are the phi_m freed of L: phi_m = L psi_m. Light in the span of the psi_m
therefore has exactly known coefficients. The rest is light with structure too sharp for the bases: in BP below 500 nm,
where the response itself is structured, it leaves a trace in the coefficients, which L determines. L is fitted to the
pairs as a smooth kernel (Hermite series in u, Legendre series along the band). Elsewhere the rest is dropped, which
CALSPEC spectra support (docs/decisions/instrument.md).

Which models and files are the release's is what GaiaXPy's own calibration takes by default. What comes out is held
against the calibration: black bodies must come back as they were.
"""

import contextlib
import importlib
import inspect
import io
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.atomic import atomic_path
from core.errors import CalibrationError
from core.gaia.releases import DEFAULT, Release
from core.simulation.instrument import NODES_NM, forward_matrix, forward_path
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM

PLANCK_J_S = 6.62607004e-34  # as GaiaXPy, so that the calibration undoes the projection exactly
LIGHT_M_S = 2.99792458e8
_U = np.arange(-8.0, 68.0, 0.2)  # pseudo-wavelength, samples of the focal plane; a band lies in 0..60
_KERNEL_TERMS, _ALONG_TERMS, _KERNEL_SCALE = 18, 6, 1.0
_FITTED_ORDERS = 48  # above, GaiaXPy's inverse bases are regularised and no longer undo L
_EXACT_ORDERS, _EXACT_SOFTNESS = 44, 1.5
_RIDGE = 3e-4
_KERNEL_BELOW_NM, _KERNEL_SOFTNESS_NM = 500.0, 8.0
BANDS = ("bp", "rp")
CHECKED_K = (4500.0, 8000.0, 15_000.0, 40_000.0)
CHECKED_NM = ((420.0, 570.0), (670.0, 970.0))
LARGEST_DIFFERENCE = 0.03
"""Of black bodies: twice what the structured response and the finite bases leave of DR3 (1.3 %)."""


@dataclass(frozen=True)
class Instrument:
    """One band of GaiaXPy's external instrument model.

    Attributes
    ----------
    wavelength_nm : ndarray
        Range over which the inverse bases are not zero, for integrals over them.
    inverse : ndarray of shape (n, n_hermite)
        Inverse bases psi in Hermite functions of the pseudo-wavelength; n is 55 in DR3.
    rotation : ndarray of shape (n, n_archive)
        Orthogonal matrix from Hermite coefficients to those of the archive.
    """

    model: object
    wavelength_nm: np.ndarray
    inverse: np.ndarray
    rotation: np.ndarray
    scale: float
    offset: float

    def position(self, wavelength_nm: np.ndarray) -> np.ndarray:
        """Pseudo-wavelength at which light of a wavelength falls."""
        return np.asarray(self.model.wl_to_pwl(wavelength_nm))  # type: ignore[attr-defined]

    def hermite(self, u: np.ndarray) -> np.ndarray:
        """The Hermite functions of the inverse bases at pseudo-wavelengths: (n_hermite, n)."""
        return hermite_functions(self.inverse.shape[1], u * self.scale + self.offset)

    def electrons(self, wavelength_nm: np.ndarray) -> np.ndarray:
        """Photo-electrons per second and nm for 1 W m^-2 nm^-1."""
        from gaiaxpy.core.satellite import TELESCOPE_PUPIL_AREA

        response = np.maximum(self.model.get_response(wavelength_nm), 0.0)  # type: ignore[attr-defined]
        return TELESCOPE_PUPIL_AREA * response * wavelength_nm * 1e-9 / (PLANCK_J_S * LIGHT_M_S)


def load_instruments(package: Any) -> dict[str, Instrument]:
    """The instrument of 'bp' and 'rp' that a GaiaXPy calibrates with.

    Raises
    ------
    CalibrationError
        The package does not keep its instrument as GaiaXPy 2 does.
    """
    try:
        calibrator = importlib.import_module(f"{package.__name__}.calibrator.calibrator")
        defaults = inspect.signature(calibrator._calibrate).parameters
        config = ConfigParser()
        config.read(calibrator.config_ini_file)
        found = {}
        for band in BANDS:
            model = defaults[f"{band}_model"].default
            names = [config.get("calibrator", part) for part in ("dispersion", "response", "bases")]
            files = [
                str(Path(calibrator.config_path) / name.replace("xp", band).replace("model", model)) for name in names
            ]
            with contextlib.redirect_stdout(io.StringIO()):
                found[band] = _instrument(band, calibrator.ExternalInstrumentModel.from_config_csv(*files))
    except Exception as error:  # whatever a package of another release keeps otherwise
        raise CalibrationError(
            f"the instrument of GaiaXPy {getattr(package, '__version__', '?')} cannot be read "
            f"({type(error).__name__}: {error}): no forward model is made from it"
        ) from error
    return found


def _instrument(band: str, model: Any) -> Instrument:
    bases = model.bases
    scale = (bases["normRangeMax"] - bases["normRangeMin"]) / (bases["pwlRangeMax"] - bases["pwlRangeMin"])
    return Instrument(
        model=model,
        wavelength_nm=np.arange(276.0, 1700.0, 0.5) if band == "bp" else np.arange(540.0, 1400.0, 0.5),
        inverse=bases["inverseBasesCoefficients"],
        rotation=bases["transformationMatrix"],
        scale=scale,
        offset=bases["normRangeMin"] - bases["pwlRangeMin"] * scale,
    )


def hermite_functions(n: int, x: np.ndarray) -> np.ndarray:
    """The first n normalised Hermite functions by their three-term recurrence: (n, len(x))."""
    values = np.empty((n, len(x)))
    values[0] = np.pi**-0.25 * np.exp(-0.5 * x**2)
    values[1] = np.sqrt(2.0) * x * values[0]
    for k in range(2, n):
        values[k] = np.sqrt(2.0 / k) * x * values[k - 1] - np.sqrt((k - 1) / k) * values[k - 2]
    return values


def _kernel_basis(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel functions (terms, n_u, n) in u and their modulation (terms, n) along the band."""
    distance = (_U[:, None] - position) / _KERNEL_SCALE
    profile = hermite_functions(_KERNEL_TERMS, distance.ravel()).reshape(_KERNEL_TERMS, *distance.shape)
    along = np.polynomial.legendre.legvander(np.clip((position - 30.0) / 36.0, -1.0, 1.0), _ALONG_TERMS - 1).T
    return profile, along


def fit_kernel(instrument: Instrument) -> np.ndarray:
    """Coefficients (kernel terms, terms along the band) of L from phi_m = L psi_m, by regularised least squares."""
    wavelength = instrument.wavelength_nm
    position = instrument.position(wavelength)
    inverse = instrument.inverse @ instrument.hermite(position) * np.gradient(wavelength)  # (n, n_wave)
    n = len(inverse)
    order = np.arange(n)
    weight = np.where(order < _FITTED_ORDERS, 1.0 / (1.0 + (order / 100.0) ** 2), 0.0)[:, None]
    profile, along = _kernel_basis(position)
    columns = [((inverse * a) @ p.T * weight).ravel() for p in profile for a in along]
    wanted = (instrument.hermite(_U)[:n] * weight).ravel()
    # The prior prefers narrow, slowly varying kernels: higher terms cost more.
    cost = np.outer(np.arange(_KERNEL_TERMS) ** 2.0, 1.0 + np.arange(_ALONG_TERMS) ** 2.0).ravel()
    prior = np.diag(cost * _RIDGE * 0.2 * np.sqrt(n * len(_U)))
    system = np.vstack([np.transpose(columns), prior])
    solution = np.linalg.lstsq(system, np.concatenate([wanted, np.zeros(len(prior))]), rcond=None)[0]
    return solution.reshape(_KERNEL_TERMS, _ALONG_TERMS)


def spread(kernel: np.ndarray, position: np.ndarray) -> np.ndarray:
    """L on the grid of pseudo-wavelengths for monochromatic light falling at `position`: (n_u, n)."""
    profile, along = _kernel_basis(position)
    return np.einsum("kun,kj,jn->un", profile, kernel, along, optimize=True)


def in_span_matrix(instrument: Instrument, wavelength_nm: np.ndarray) -> np.ndarray:
    """Coefficients (n, n_wave), in Hermite order, of the light that the inverse bases can represent.

    Inverse bases and Hermite functions of the pseudo-wavelength span the same space: the flux is projected on the
    latter (orthonormal in the scaled pseudo-wavelength) and the relation between both solved; by least squares where
    there are fewer inverse bases than Hermite functions.
    """
    position = instrument.position(wavelength_nm)
    width = np.abs(np.gradient(position)) * instrument.scale  # cells of the scaled pseudo-wavelength
    projection = instrument.hermite(position) * (width * instrument.electrons(wavelength_nm))
    if instrument.inverse.shape[0] != instrument.inverse.shape[1]:
        return np.linalg.lstsq(instrument.inverse.T, projection, rcond=None)[0]
    return np.linalg.solve(instrument.inverse.T, projection)


def remainder_matrix(instrument: Instrument, kernel: np.ndarray, wavelength_nm: np.ndarray) -> np.ndarray:
    """Coefficients (n, n_wave), in Hermite order, that light outside the span leaves after the smearing by L."""
    n = len(instrument.inverse)
    to_hermite = instrument.hermite(_U)[:n] * (instrument.scale * (_U[1] - _U[0]))
    electrons = instrument.electrons(wavelength_nm) * np.gradient(wavelength_nm)
    smeared = to_hermite @ (spread(kernel, instrument.position(wavelength_nm)) * electrons)
    position = instrument.position(instrument.wavelength_nm)
    inverse = instrument.inverse @ instrument.hermite(position) * np.gradient(instrument.wavelength_nm)
    by_kernel = to_hermite @ (inverse @ spread(kernel, position).T).T  # what the kernel makes of the inverse bases
    trusted = 1.0 / (1.0 + np.exp((np.arange(n) - _EXACT_ORDERS) / _EXACT_SOFTNESS))
    explained = by_kernel * trusted + np.eye(n) * (1.0 - trusted)
    return smeared - explained @ in_span_matrix(instrument, wavelength_nm)


def _band_matrix(band: str, instrument: Instrument, wavelength_nm: np.ndarray) -> np.ndarray:
    """Coefficients (n, n_wave) of 'bp' or 'rp' that flux of 1 W m^-2 nm^-1 in each cell of a fine grid produces."""
    coefficients = in_span_matrix(instrument, wavelength_nm)
    if band == "bp":
        share = 1.0 / (1.0 + np.exp((wavelength_nm - _KERNEL_BELOW_NM) / _KERNEL_SOFTNESS_NM))
        coefficients = coefficients + share * remainder_matrix(instrument, fit_kernel(instrument), wavelength_nm)
    return instrument.rotation @ coefficients


def forward_arrays(package: Any, instruments: dict[str, Instrument] | None = None) -> dict[str, np.ndarray]:
    """bp and rp, (n, n_nodes) on `NODES_NM` for flux linear between the nodes, and the package's version.

    `instruments` are the package's (`load_instruments`). About ten seconds.
    """
    fine = np.arange(NODES_NM[0], NODES_NM[-1] + 0.125, 0.25)
    hat = np.maximum(0.0, 1.0 - np.abs(fine[:, None] - NODES_NM) / (NODES_NM[1] - NODES_NM[0]))  # (n_fine, n_nodes)
    instruments = instruments or load_instruments(package)
    arrays = {band: (_band_matrix(band, instruments[band], fine) @ hat).astype(np.float32) for band in BANDS}
    return arrays | {"gaiaxpy_version": np.array(package.__version__)}


def make_forward(release: Release, package: Any) -> float:
    """Make a release's forward model and keep it on this machine; returns `check_forward` of it.

    The release's calibration must be there already. DR3's is shipped: for it only the check is made.

    Raises
    ------
    CalibrationError
        The package's instrument cannot be read, has another number of functions, or does not undo the calibration.
    """
    path = forward_path(release.key)
    if release != DEFAULT:
        instruments = load_instruments(package)
        found = tuple(len(instruments[band].inverse) for band in BANDS)
        if found != release.n_coefficients:
            raise CalibrationError(
                f"GaiaXPy {package.__version__} describes an instrument of {found[0]} + {found[1]} functions, expected "
                f"{release.n_coefficients[0]} + {release.n_coefficients[1]} ({release.name}): no forward model is made"
            )
        arrays = forward_arrays(package, instruments)
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    difference = check_forward(release)
    if not difference <= LARGEST_DIFFERENCE:
        if release != DEFAULT:
            path.unlink(missing_ok=True)
        raise CalibrationError(
            f"black bodies sent through the instrument of GaiaXPy {package.__version__} and calibrated again differ by "
            f"{100 * difference:.1f} %, expected at most {100 * LARGEST_DIFFERENCE:g} %: no forward model is kept"
        )
    return difference


def check_forward(release: Release) -> float:
    """Largest relative difference of black bodies that went through the forward model and the calibration.

    Where one band alone counts, `CHECKED_NM`; at the ends of the bands even Gaia's own spectra ripple.
    """
    wavelength = np.arange(320.0, 1101.0, 2.0)
    bodies = [_black_body(wavelength, teff) for teff in CHECKED_K]
    back = np.stack(bodies) @ forward_matrix(wavelength, release.key).T @ design_matrix(release.key)
    inner = np.zeros(len(WAVELENGTH_NM), dtype=bool)
    for low, high in CHECKED_NM:
        inner |= (low <= WAVELENGTH_NM) & (high >= WAVELENGTH_NM)
    sent = np.stack([np.interp(WAVELENGTH_NM, wavelength, body) for body in bodies])
    return float(np.abs(back / sent - 1.0)[:, inner].max())


def _black_body(wavelength_nm: np.ndarray, teff: float) -> np.ndarray:
    flux = wavelength_nm**-5.0 / np.expm1(1.438776877e7 / (wavelength_nm * teff))
    return flux / flux.max()
