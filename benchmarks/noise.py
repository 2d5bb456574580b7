"""Simulated XP noise beside that of real stars: errors against G, colour and wavelength, correlation against lag.

    python -m benchmarks.noise

Real: published errors and correlations in `xp_continuous.parquet` and `xp_sampled.parquet` of the real-data folder.
Model: errors that `core.simulation.noise` draws for stars with the same mean flux and colour.
"""

import sys
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from core.settings import current_settings
from core.simulation.noise import add_noise, sampled_errors
from core.spectra.calibration import flux_covariance
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import Coefficients
from recipes.noise_law import read_coefficients, stacked

ERROR_WAVELENGTHS_NM = (336, 376, 400, 450, 500, 550, 600, 640, 700, 800, 900, 1000)
G_EDGES = (4.0, 8.0, 11.0, 12.5, 13.5, 15.0, 16.0, 17.0, 17.65)
COLOUR_EDGES = (-0.5, 0.5, 1.0, 1.8, 4.0)
LAGS_NM = (2, 4, 6, 10, 20, 40)
LAG_WAVELENGTHS_NM = (400, 500, 600, 800)
SEED = 1


def read_stars() -> pd.DataFrame:
    """Real stars with coefficients, their errors and sampled errors."""
    folder = current_settings().real_data_dir
    if not (folder / "xp_continuous.parquet").exists():
        sys.exit(f"no real data at {folder}: set XP_REAL_DATA to the folder that holds xp_continuous.parquet")
    columns = ["source_id", "g_synth", "bp_rp_synth", "flux", "flux_error"]
    stars = read_coefficients(folder).merge(pd.read_parquet(folder / "xp_sampled.parquet", columns=columns))
    return stars[stars.flux_error.notna()].reset_index(drop=True)


def draw_like(stars: pd.DataFrame) -> Coefficients:
    """Noise for stars of the same coefficients, with errors and correlations."""
    return add_noise(
        stacked(stars, "bp_coefficients"),
        stacked(stars, "rp_coefficients"),
        stars.g_synth.to_numpy(),
        np.random.default_rng(SEED),
        systematics=False,
        with_correlations=True,
    )


def error_rows(stars: pd.DataFrame) -> list[dict]:
    """Median relative error in per cent, real / model, per bin of G and BP-RP and per wavelength."""
    flux, real = stacked(stars, "flux"), stacked(stars, "flux_error")
    model = sampled_errors(draw_like(stars))
    at = [(wavelength - 336) // 2 for wavelength in ERROR_WAVELENGTHS_NM]
    rows = []
    for g_low, g_high in pairwise(G_EDGES):
        for low, high in pairwise(COLOUR_EDGES):
            chosen = (stars.g_synth.between(g_low, g_high) & stars.bp_rp_synth.between(low, high)).to_numpy()
            if chosen.sum() < 4:
                continue
            row: dict = {"G": f"{g_low:g}-{g_high:g}", "BP-RP": f"{low:g}-{high:g}", "n": int(chosen.sum())}
            ratio = np.median(model[chosen] / real[chosen], axis=0)
            level = np.abs(flux[chosen])
            for wavelength, i in zip(ERROR_WAVELENGTHS_NM, at, strict=True):
                real_here, model_here = (100 * np.median(e[chosen][:, i] / level[:, i]) for e in (real, model))
                row[f"{wavelength} nm"] = f"{real_here:.3g} / {model_here:.3g}"
            row["model/real, lowest"] = float(ratio[at].min())
            row["highest"] = float(ratio[at].max())
            rows.append(row)
    return rows


def correlations_at_lags(covariance: np.ndarray) -> np.ndarray:
    """Correlation of the sampled noise: (n_stars, n_wavelengths, n_lags)."""
    scale = np.sqrt(np.einsum("nii->ni", covariance))
    starts = [int(np.searchsorted(WAVELENGTH_NM, wavelength)) for wavelength in LAG_WAVELENGTHS_NM]
    steps = [lag // 2 for lag in LAGS_NM]
    pairs = [[covariance[:, i, i + s] / (scale[:, i] * scale[:, i + s]) for s in steps] for i in starts]
    return np.moveaxis(np.array(pairs), -1, 0)


def degrees_of_freedom(covariance: np.ndarray) -> np.ndarray:
    """(trace)^2 / trace of the square, of the correlation matrix: (n_stars,)."""
    scale = np.sqrt(np.einsum("nii->ni", covariance))
    correlation = covariance / (scale[:, :, None] * scale[:, None, :])
    return len(WAVELENGTH_NM) ** 2 / (correlation**2).sum(axis=(1, 2))


def lag_rows(stars: pd.DataFrame) -> list[dict]:
    """Median correlation at each lag, real / model."""
    known = stars[stars.bp_coefficient_correlations.notna()].reset_index(drop=True)
    names = [f"{band}_{kind}" for band in ("bp", "rp") for kind in ("error", "correlation")]
    columns = {n: stacked(known, n.replace("_", "_coefficient_") + "s").astype(np.float32) for n in names}
    real = flux_covariance(
        Coefficients(bp=stacked(known, "bp_coefficients"), rp=stacked(known, "rp_coefficients"), **columns)
    )
    model = flux_covariance(draw_like(known))
    at_lags = [np.median(correlations_at_lags(c), axis=0) for c in (real, model)]
    rows = []
    for k, wavelength in enumerate(LAG_WAVELENGTHS_NM):
        row: dict = {"from": f"{wavelength} nm", "n": len(known)}
        for j, lag in enumerate(LAGS_NM):
            row[f"{lag} nm"] = f"{at_lags[0][k, j]:+.2f} / {at_lags[1][k, j]:+.2f}"
        row["largest difference"] = float(np.abs(at_lags[0][k] - at_lags[1][k]).max())
        rows.append(row)
    freedom = [float(np.median(degrees_of_freedom(c))) for c in (real, model)]
    rows.append({"from": "degrees of freedom", "n": len(known), "2 nm": f"{freedom[0]:.1f} / {freedom[1]:.1f}"})
    return rows


def main() -> None:
    """Print and write both tables."""
    stars = read_stars()
    write_table(
        "noise",
        "Noise of simulated and real XP spectra",
        [
            "`python -m benchmarks.noise`",
            f"Median error of the sampled flux in per cent of the flux, real / model, of {len(stars)} real stars with "
            "published errors; n stars per bin. The last columns are the lowest and highest median of "
            "model over real among the wavelengths. Aim: within 20 %.",
        ],
        error_rows(stars),
    )
    write_table(
        "noise",
        "Correlation of the sampled noise against lag",
        ["Median over the stars with published correlations, real / model. Aim: within 0.15."],
        lag_rows(stars),
        append=True,
    )


if __name__ == "__main__":
    main()
