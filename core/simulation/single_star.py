"""One star's simulated spectrum from the parameters that a reader moves by hand."""

import numpy as np
import pandas as pd

from core.errors import ParameterRangeError
from core.gaia.counts import G_LIMIT_MAG
from core.simulation.atmosphere_source import DEFAULT
from core.simulation.dust_curves import REFERENCE
from core.spectra.spectrum_set import SpectrumSet

PLAIN_COLUMNS: dict[str, float] = {
    "dust_law": REFERENCE, "dust_blue": 1.0, "dust_roughness": 0.0, "dust_shape_1": 0, "dust_shape_2": 0, "light": 0,
    "in_vacuum": True,
}  # fmt: skip
"""Columns of `core.simulation.synthesis` for a star behind dust of the reference law, without light but its own."""
A_V_RANGE = (0.0, 15.0)
G_RANGE = (3.0, G_LIMIT_MAG)
SIMULATED_SOURCE_ID = 1
"""A star without a place has no Gaia id; this one cannot be a real one's."""


def simulate_star(
    teff: float,
    logg: float,
    mh: float,
    a_v: float,
    r_v: float,
    g_mag: float,
    seed: int,
    family: str = "normal",
    atmosphere: str = DEFAULT,
) -> tuple[np.ndarray, SpectrumSet]:
    """Noise-free and noisy XP spectrum of one star.

    Parameters
    ----------
    teff, logg, mh : float
        Kelvin, cgs, [M/H] in dex.
    a_v, r_v : float
        Extinction A_V in magnitudes (0-15) and A_V/E(B-V).
    g_mag : float
        Apparent G with the dust, 3 to 17.65: sets the noise.
    seed : int
        Of the noise: a slider that moves leaves it as it is.
    family : 'normal', 'white_dwarf', 'helium_poor', 'helium_rich' or 'helium_white_dwarf'
    atmosphere : 'grid', 'network' or 'solver'
        Where the surface flux comes from (`core.simulation.atmosphere_source`).

    Returns
    -------
    noise_free_flux : float64 ndarray of shape (343,), W m^-2 nm^-1
    spectrum : SpectrumSet of one star, with flux errors, coefficients and the parameters as metadata

    Raises
    ------
    ParameterRangeError
        A parameter outside the models, with the allowed range.
    """
    from core.simulation.grid import load_grid
    from core.simulation.noise import add_noise, sampled_errors
    from core.simulation.synthesis import noise_free_coefficients
    from core.spectra.calibration import calibrate, design_matrix

    _require("A_V", a_v, *A_V_RANGE, "mag")
    _require("G", g_mag, *G_RANGE, "mag")
    one = np.ones(1)
    load_grid().flux(teff * one, logg * one, mh * one, family)  # refuses what lies outside the models
    table = pd.DataFrame({name: [value] for name, value in _row(teff, logg, mh, a_v, r_v, g_mag, family).items()})
    bp, rp, magnitudes = noise_free_coefficients(table, atmosphere=atmosphere)
    clean = np.concatenate([bp, rp], axis=1) @ design_matrix()
    measured = add_noise(bp, rp, np.array([g_mag]), np.random.default_rng(seed))
    flux, _ = calibrate(measured, with_errors=False)
    metadata = table.filter(like="true_").assign(
        phot_g_mean_mag=g_mag, bp_rp=magnitudes[1] - magnitudes[2], phot_bp_mean_mag=magnitudes[1],
        phot_rp_mean_mag=magnitudes[2],
    )  # fmt: skip
    spectrum = SpectrumSet(
        source_id=np.array([SIMULATED_SOURCE_ID], dtype=np.int64),
        flux=flux,
        flux_error=np.asarray(sampled_errors(measured), dtype=np.float64),
        coefficients=measured,
        metadata=metadata,
    )
    return clean[0], spectrum


def _row(teff, logg, mh, a_v, r_v, g_mag, family) -> dict[str, float | str]:
    return {
        "true_teff": teff,
        "true_logg": logg,
        "true_mh": mh,
        "true_a_v": a_v,
        "true_r_v": r_v,
        "true_g_mag": g_mag,
        "true_distance_pc": 10.0,
        "family": family,
        "radius_rsun": 1.0,
        "companion_teff": 0.0,
        "companion_logg": 0.0,
        "companion_radius_rsun": 0.0,
        "halpha_nm": 0.0,
        "disc_excess": 0.0,
        **PLAIN_COLUMNS,
    }


def _require(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:
        raise ParameterRangeError(
            f"{name} = {value:g} {unit} is outside {low:g} to {high:g} {unit}; choose a value inside"
        )
