"""From a population table to noise-free XP spectra: atmosphere, companion, emission, dust, instrument."""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.gaia.releases import DEFAULT, find_release
from core.simulation.dust_curves import Dust, transmission
from core.simulation.emission import add_emission
from core.simulation.instrument import forward_matrix, forward_stamp
from core.simulation.line_light import add_line_light
from core.spectra.calibration import design_matrix
from core.spectra.photometry import passbands

_SOLAR_RADIUS_PC = 6.957e8 / 3.0856776e16
_NEEDED = (
    *("true_teff", "true_logg", "true_mh", "true_a_v", "true_r_v", "true_g_mag", "true_distance_pc", "radius_rsun"),
    *("family", "companion_teff", "companion_logg", "companion_radius_rsun", "halpha_nm", "disc_excess"),
    *("dust_law", "dust_blue", "dust_roughness", "dust_shape_1", "dust_shape_2", "light", "in_vacuum"),
)
_BLOCK_STARS = 512  # model fluxes of one block stay in the processor's cache


def noise_free_coefficients(
    table: pd.DataFrame, atmosphere: str = "grid", release: str = DEFAULT.key
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise-free spectra of a table of `core.simulation.population`, scaled to `true_g_mag`.

    `atmosphere` is one of `core.simulation.atmosphere_source.SOURCES`, `release` the one through whose instrument they
    are seen (its forward model must be on this machine); magnitudes are DR3's in any case.

    Returns
    -------
    bp, rp : float64 ndarrays of shape (n_stars, n_coefficients), 55 each in DR3
    magnitudes : float64 ndarray of shape (3, n_stars)
        Synthetic G, BP and RP of the scaled spectra.
    """
    weights, zero_points = _magnitude_weights()
    columns = _columns(table)
    n = len(table)
    n_bp, n_rp = find_release(release).n_coefficients
    both, magnitudes = np.empty((n, n_bp + n_rp)), np.empty((3, n))
    for start in range(0, n, _BLOCK_STARS):
        rows = slice(start, min(start + _BLOCK_STARS, n))
        block = {name: values[rows] for name, values in columns.items()}
        wavelength_nm, flux = _observed_flux(block, atmosphere)
        coefficients = (flux @ _instrument(wavelength_nm.tobytes())).astype(np.float64)
        found = zero_points[:, None] - 2.5 * np.log10(weights @ coefficients.T)
        offset = block["true_g_mag"] - found[0]
        if release != DEFAULT.key:
            coefficients = (flux @ _instrument(wavelength_nm.tobytes(), release)).astype(np.float64)
        both[rows] = coefficients * 10.0 ** (-0.4 * offset)[:, None]
        magnitudes[:, rows] = found + offset
    return both[:, :n_bp], both[:, n_bp:], magnitudes


def observed_flux(table: pd.DataFrame, atmosphere: str = "grid") -> tuple[np.ndarray, np.ndarray]:
    """Noise-free flux of a population table at the telescope, before any instrument: see `_observed_flux`."""
    return _observed_flux(_columns(table), atmosphere)


def _observed_flux(column: dict[str, np.ndarray], atmosphere: str = "grid") -> tuple[np.ndarray, np.ndarray]:
    """Model flux of each star behind its dust: wavelengths (n_wave,) in nm and float32 flux (n_stars, n_wave).

    W m^-2 nm^-1 at the telescope; `noise_free_coefficients` scales it by the last few per cent to the star's magnitude.
    """
    from core.simulation.atmosphere_source import atmosphere_source

    grid = atmosphere_source(atmosphere)
    flux = np.empty((len(column["family"]), len(grid.wavelength_nm)), dtype=np.float32)
    teff, logg, mh = column["true_teff"], column["true_logg"], column["true_mh"]
    for family in np.unique(column["family"]):
        mine = np.flatnonzero(column["family"] == family)
        flux[mine] = _surface_flux(grid, teff[mine], logg[mine], mh[mine], str(family))
    double = np.flatnonzero(column["companion_radius_rsun"] > 0)
    if len(double):
        teff, logg = column["companion_teff"][double], column["companion_logg"][double]
        second = _surface_flux(grid, teff, logg, mh[double], "normal")
        ratio = (column["companion_radius_rsun"][double] / column["radius_rsun"][double]) ** 2
        flux[double] += ratio[:, None].astype(np.float32) * second
    shining = np.flatnonzero((column["halpha_nm"] > 0) | (column["disc_excess"] > 0))
    if len(shining):
        flux[shining] = add_emission(
            grid.wavelength_nm,
            flux[shining],
            column["halpha_nm"][shining],
            column["disc_excess"][shining],
            in_vacuum=bool(column["in_vacuum"][0]),
        )
    lined = np.flatnonzero(column["light"] > 0)
    if len(lined):
        flux[lined] = add_line_light(grid.wavelength_nm, flux[lined], column["light"][lined])
    flux *= transmission(grid.wavelength_nm, _dust(column), np.float32)
    dilution = (_SOLAR_RADIUS_PC * column["radius_rsun"] / column["true_distance_pc"]) ** 2
    flux *= dilution[:, None].astype(np.float32)
    return grid.wavelength_nm, flux


def _dust(column: dict[str, np.ndarray]) -> Dust:
    return Dust(
        a_v=column["true_a_v"],
        r_v=column["true_r_v"],
        law=column["dust_law"],
        blue=column["dust_blue"],
        roughness=column["dust_roughness"],
        shape=np.stack([column["dust_shape_1"], column["dust_shape_2"]], axis=1),
    )


def _columns(table: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: table[name].to_numpy() for name in _NEEDED}


@lru_cache(maxsize=1)
def _magnitude_weights() -> tuple[np.ndarray, np.ndarray]:
    """Calibration and photometry in one: mean flux in G, BP, RP per coefficient (3, 110), and the zero points (3,)."""
    weights, zero_points = passbands()
    return weights @ design_matrix().T, zero_points


def _instrument(wavelength_bytes: bytes, release: str = DEFAULT.key) -> np.ndarray:
    """The forward model (n_wave, 110) in single precision: a part in 10^6, a thousandth of the noise."""
    return _transposed(wavelength_bytes, release, forward_stamp(release))


@lru_cache(maxsize=4)
def _transposed(wavelength_bytes: bytes, release: str, _: int) -> np.ndarray:
    return np.ascontiguousarray(forward_matrix(np.frombuffer(wavelength_bytes), release).T, dtype=np.float32)


def _surface_flux(grid, teff: np.ndarray, logg: np.ndarray, mh: np.ndarray, family: str) -> np.ndarray:
    """Flux at the surface; companions and disc stars just outside the models are taken at the edge."""
    return grid.flux(teff, grid.nearest_logg(teff, logg, family), np.clip(mh, *grid.range(family)["mh"]), family)
