"""Derive `xp_forward.npz`, the matrix from flux to XP coefficients, from GaiaXPy's instrument (once per release).

    python -m recipes.forward_model

The mean spectrum of a band is n(u) = integral of L(u - u_d(lambda), lambda) q(lambda) d lambda, with photo-electrons
q = P R(lambda) lambda/(hc) f(lambda), pupil area P, response R, dispersion u_d and line spread function L (Montegriffo
et al. 2023, A&A 674, A3, section 3). GaiaXPy ships R, u_d, the bases phi_m(u) of the mean spectra (Hermite functions)
and the inverse bases psi_m(lambda), which are the phi_m freed of L: phi_m = L psi_m. Light in the span of the psi_m
therefore has exactly known coefficients. The rest is light with structure too sharp for the bases: in BP below 500 nm,
where the response itself is structured, it leaves a trace in the coefficients, which L determines. L is fitted to the
55 pairs as a smooth kernel (Hermite series in u, Legendre series along the band). Elsewhere the rest is dropped, which
CALSPEC spectra support (docs/decisions/instrument.md).
"""

import contextlib
import io
from dataclasses import dataclass

import numpy as np

from core.atomic import atomic_path
from core.simulation.instrument import FORWARD_PATH, NODES_NM
from core.spectra.grid import N_COEFFICIENTS

PLANCK_J_S = 6.62607004e-34  # as GaiaXPy, so that the calibration undoes the projection exactly
LIGHT_M_S = 2.99792458e8
_U = np.arange(-8.0, 68.0, 0.2)  # pseudo-wavelength, samples of the focal plane; a band lies in 0..60
_KERNEL_TERMS, _ALONG_TERMS, _KERNEL_SCALE = 18, 6, 1.0
_FITTED_ORDERS = 48  # above, GaiaXPy's inverse bases are regularised and no longer undo L
_EXACT_ORDERS, _EXACT_SOFTNESS = 44, 1.5
_RIDGE = 3e-4
_KERNEL_BELOW_NM, _KERNEL_SOFTNESS_NM = 500.0, 8.0


@dataclass(frozen=True)
class Instrument:
    """One band of GaiaXPy's external instrument model.

    Attributes
    ----------
    wavelength_nm : ndarray
        Range over which the inverse bases are not zero, for integrals over them.
    inverse : ndarray of shape (55, 55)
        Inverse bases psi in Hermite functions of the pseudo-wavelength.
    rotation : ndarray of shape (55, 55)
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
        """The 55 Hermite functions at pseudo-wavelengths: (55, n)."""
        return hermite_functions(N_COEFFICIENTS, u * self.scale + self.offset)

    def electrons(self, wavelength_nm: np.ndarray) -> np.ndarray:
        """Photo-electrons per second and nm for 1 W m^-2 nm^-1."""
        from gaiaxpy.core.satellite import TELESCOPE_PUPIL_AREA

        response = np.maximum(self.model.get_response(wavelength_nm), 0.0)  # type: ignore[attr-defined]
        return TELESCOPE_PUPIL_AREA * response * wavelength_nm * 1e-9 / (PLANCK_J_S * LIGHT_M_S)


def load_instrument(band: str) -> Instrument:
    """The instrument of 'bp' or 'rp' from GaiaXPy's configuration files."""
    from gaiaxpy.calibrator.external_instrument_model import ExternalInstrumentModel
    from gaiaxpy.config.paths import config_path

    stem = f"{config_path}/{band}C03_{'v375wi' if band == 'bp' else 'v142r'}_"
    with contextlib.redirect_stdout(io.StringIO()):
        model = ExternalInstrumentModel.from_config_csv(
            *(f"{stem}{n}.csv" for n in ("dispersion", "response", "bases"))
        )
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
    inverse = instrument.inverse @ instrument.hermite(position) * np.gradient(wavelength)  # (55, n_wave)
    order = np.arange(N_COEFFICIENTS)
    weight = np.where(order < _FITTED_ORDERS, 1.0 / (1.0 + (order / 100.0) ** 2), 0.0)[:, None]
    profile, along = _kernel_basis(position)
    columns = [((inverse * a) @ p.T * weight).ravel() for p in profile for a in along]
    wanted = (instrument.hermite(_U) * weight).ravel()
    # The prior prefers narrow, slowly varying kernels: higher terms cost more.
    cost = np.outer(np.arange(_KERNEL_TERMS) ** 2.0, 1.0 + np.arange(_ALONG_TERMS) ** 2.0).ravel()
    prior = np.diag(cost * _RIDGE * 0.2 * np.sqrt(N_COEFFICIENTS * len(_U)))
    system = np.vstack([np.transpose(columns), prior])
    solution = np.linalg.lstsq(system, np.concatenate([wanted, np.zeros(len(prior))]), rcond=None)[0]
    return solution.reshape(_KERNEL_TERMS, _ALONG_TERMS)


def spread(kernel: np.ndarray, position: np.ndarray) -> np.ndarray:
    """L on the grid of pseudo-wavelengths for monochromatic light falling at `position`: (n_u, n)."""
    profile, along = _kernel_basis(position)
    return np.einsum("kun,kj,jn->un", profile, kernel, along, optimize=True)


def in_span_matrix(instrument: Instrument, wavelength_nm: np.ndarray) -> np.ndarray:
    """Coefficients (55, n_wave), in Hermite order, of the light that the inverse bases can represent.

    Inverse bases and Hermite functions of the pseudo-wavelength span the same space: the flux is projected on the
    latter (orthonormal in the scaled pseudo-wavelength) and the 55 x 55 relation between both solved.
    """
    position = instrument.position(wavelength_nm)
    width = np.abs(np.gradient(position)) * instrument.scale  # cells of the scaled pseudo-wavelength
    projection = instrument.hermite(position) * (width * instrument.electrons(wavelength_nm))
    return np.linalg.solve(instrument.inverse.T, projection)


def remainder_matrix(instrument: Instrument, kernel: np.ndarray, wavelength_nm: np.ndarray) -> np.ndarray:
    """Coefficients (55, n_wave), in Hermite order, that light outside the span leaves after the smearing by L."""
    to_hermite = instrument.hermite(_U) * (instrument.scale * (_U[1] - _U[0]))
    electrons = instrument.electrons(wavelength_nm) * np.gradient(wavelength_nm)
    smeared = to_hermite @ (spread(kernel, instrument.position(wavelength_nm)) * electrons)
    position = instrument.position(instrument.wavelength_nm)
    inverse = instrument.inverse @ instrument.hermite(position) * np.gradient(instrument.wavelength_nm)
    by_kernel = to_hermite @ (inverse @ spread(kernel, position).T).T  # what the kernel makes of the inverse bases
    trusted = 1.0 / (1.0 + np.exp((np.arange(N_COEFFICIENTS) - _EXACT_ORDERS) / _EXACT_SOFTNESS))
    explained = by_kernel * trusted + np.eye(N_COEFFICIENTS) * (1.0 - trusted)
    return smeared - explained @ in_span_matrix(instrument, wavelength_nm)


def forward_matrix(band: str, wavelength_nm: np.ndarray) -> np.ndarray:
    """Coefficients (55, n_wave) of 'bp' or 'rp' that flux of 1 W m^-2 nm^-1 in each cell of a fine grid produces."""
    instrument = load_instrument(band)
    coefficients = in_span_matrix(instrument, wavelength_nm)
    if band == "bp":
        share = 1.0 / (1.0 + np.exp((wavelength_nm - _KERNEL_BELOW_NM) / _KERNEL_SOFTNESS_NM))
        coefficients = coefficients + share * remainder_matrix(instrument, fit_kernel(instrument), wavelength_nm)
    return instrument.rotation @ coefficients


def forward_from_gaiaxpy() -> dict[str, np.ndarray]:
    """The arrays of `xp_forward.npz`: bp and rp (55, n_nodes) on `NODES_NM`, for flux linear between the nodes."""
    import gaiaxpy

    fine = np.arange(NODES_NM[0], NODES_NM[-1] + 0.125, 0.25)
    hat = np.maximum(0.0, 1.0 - np.abs(fine[:, None] - NODES_NM) / (NODES_NM[1] - NODES_NM[0]))  # (n_fine, n_nodes)
    arrays = {band: (forward_matrix(band, fine) @ hat).astype(np.float32) for band in ("bp", "rp")}
    return arrays | {"gaiaxpy_version": np.array(gaiaxpy.__version__)}


if __name__ == "__main__":
    with atomic_path(FORWARD_PATH) as path:
        np.savez_compressed(path, **forward_from_gaiaxpy())  # type: ignore[arg-type]
    print(f"wrote {FORWARD_PATH} ({FORWARD_PATH.stat().st_size / 1e3:.0f} kB)")
