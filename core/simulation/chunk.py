"""One chunk of simulated stars as an Arrow table: spectra with noise, and the published columns."""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.simulation.model_errors import add_model_errors
from core.simulation.noise import add_noise, sampled_errors
from core.simulation.population.selection import magnitude_error
from core.simulation.synthesis import noise_free_coefficients
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS, N_CORRELATIONS, N_SAMPLES

COLUMNS = (
    ("source_id", "int64"),
    ("label", "string"),
    ("category", "string"),
    ("part", "string"),
    ("ra", "float64"),
    ("dec", "float64"),
    ("parallax", "float64"),
    ("parallax_error", "float32"),
    ("pmra", "float64"),
    ("pmra_error", "float32"),
    ("pmdec", "float64"),
    ("pmdec_error", "float32"),
    ("ruwe", "float32"),
    ("phot_g_mean_mag", "float32"),
    ("phot_bp_mean_mag", "float32"),
    ("phot_rp_mean_mag", "float32"),
    ("bp_rp", "float32"),
    ("true_teff", "float32"),
    ("true_logg", "float32"),
    ("true_mh", "float32"),
    ("true_mass", "float64"),
    ("true_a_v", "float32"),
    ("true_r_v", "float32"),
    ("true_distance_pc", "float64"),
    ("true_group", "int64"),
)
"""Columns beside the spectra, in file order, with their Arrow types. `true_mass` keeps its double precision, so that
no mass just above 8 suns is rounded to the other side."""
COMPRESSION = {"compression": "NONE", "use_dictionary": ["label", "category", "part"], "write_statistics": False}
"""Noise does not compress: writing it plainly is several times faster and costs a tenth of the space."""


def chunk_table(
    stars: pd.DataFrame,
    rng: np.random.Generator,
    with_coefficients: bool,
    with_correlations: bool = False,
    atmosphere: str = "grid",
    noise_free: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    noise_scale: float = 1.0,
):
    """A population table with simulated spectra, as pyarrow Table with COLUMNS, flux and flux_error.

    With coefficients also bp_coefficients, rp_coefficients and their errors, 55 each; with correlations also theirs,
    1485 each, without which `core.spectra.calibration` gives no flux errors. `noise_free` are the table's spectra where
    they are known already (`noise_free_coefficients`), `noise_scale` multiplies DR3's noise.
    """
    import pyarrow as pa

    bp, rp, magnitudes = noise_free_coefficients(stars, atmosphere) if noise_free is None else noise_free
    if stars["in_vacuum"].iloc[0]:  # not in the first draw
        stellar = tuple(stars[name].to_numpy() for name in ("true_teff", "true_logg", "true_mh"))
        bp, rp = add_model_errors(
            bp, rp, stellar, (stars["family"] == "normal").to_numpy(), rng, float(stars["damaged_share"].iloc[0])
        )
    stars = stars.assign(**_observed_magnitudes(stars, magnitudes, rng))
    g_mag = stars["phot_g_mean_mag"].to_numpy()
    measured = add_noise(bp, rp, g_mag, rng, with_correlations=with_correlations, scale=noise_scale)
    flux = np.concatenate([measured.bp, measured.rp], axis=1, dtype=np.float32) @ _design()
    arrays = {name: pa.array(stars[name].to_numpy(), type=kind) for name, kind in COLUMNS}
    arrays["flux"] = _lists(flux, N_SAMPLES)
    arrays["flux_error"] = _lists(sampled_errors(measured), N_SAMPLES)
    if with_coefficients:
        for name in ("bp", "rp"):
            arrays[f"{name}_coefficients"] = _lists(getattr(measured, name), N_COEFFICIENTS)
            arrays[f"{name}_coefficient_errors"] = _lists(getattr(measured, f"{name}_error"), N_COEFFICIENTS)
            if with_correlations:
                packed = getattr(measured, f"{name}_correlation")
                arrays[f"{name}_coefficient_correlations"] = _lists(packed, N_CORRELATIONS)
    return pa.table(arrays)


def _observed_magnitudes(
    stars: pd.DataFrame, magnitudes: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """BP and RP of the spectrum itself instead of the placing table's; G stays as it was selected."""
    g_mag = stars["true_g_mag"].to_numpy()
    bp = magnitudes[1] + magnitude_error(g_mag, "bp") * rng.standard_normal(len(stars))
    rp = magnitudes[2] + magnitude_error(g_mag, "rp") * rng.standard_normal(len(stars))
    return {"phot_bp_mean_mag": bp, "phot_rp_mean_mag": rp, "bp_rp": bp - rp}


@lru_cache(maxsize=1)
def _design() -> np.ndarray:
    """The calibration in single precision, as the fluxes are stored."""
    return design_matrix().astype(np.float32)


def _lists(values: np.ndarray, width: int):
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    offsets = pa.array(np.arange(0, (len(values) + 1) * width, width, dtype=np.int32))
    return pa.ListArray.from_arrays(offsets, flat)
