"""Calibrate `xp_noise.npz`, the constants of the XP noise model, on real coefficient errors (once per release).

    python -m recipes.noise_law

Needs `xp_continuous.parquet` (errors of about 980 stars, correlations of 25) and `calspec_vs_gaia_91.parquet` in the
real-data folder. Only errors, correlations and mean calibration residuals go in, no star's spectrum.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.settings import current_settings
from core.simulation.instrument import to_coefficients
from core.simulation.noise import error_features
from core.simulation.noise_constants import NOISE_PATH
from core.simulation.systematics import LAW_NODES_NM, law_features
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS, WAVELENGTH_NM

LOG_FLUX_KNOTS = np.array([1.5, 2.0, 2.4, 2.8, 3.2, 3.6, 4.0, 4.4, 4.8, 5.3, 5.8, 6.4, 7.2])
TEMPLATE_LOG_FLUX = np.array([2.7, 4.4, 6.2])
_HOT_REDNESS = -0.12  # log10(RP/BP flux), about BP-RP = 0.5
_RARE_WEIGHT = 3.0  # some 40 hot or bright stars beside 940 others fix their colour dependence
_TEMPLATE_EDGES = (3.5, 5.2)  # faint | middle | bright stars, log10 of the first coefficient


def read_coefficients(folder: Path) -> pd.DataFrame:
    """Rows of `xp_continuous.parquet` with complete positive-flux coefficients and errors of both bands."""
    table = pd.read_parquet(folder / "xp_continuous.parquet")
    table = table[table.bp_coefficient_errors.notna() & table.rp_coefficient_errors.notna()]
    positive = [b[0] > 0 and r[0] > 0 for b, r in zip(table.bp_coefficients, table.rp_coefficients, strict=True)]
    return table[np.array(positive)].reset_index(drop=True)


def stacked(table: pd.DataFrame, column: str) -> np.ndarray:
    """A list column as a float64 matrix."""
    return np.stack([np.asarray(value, dtype=np.float64) for value in table[column]])


def fit_error_law(features: np.ndarray, log_error: np.ndarray) -> np.ndarray:
    """Coefficients (n_features, 55) of log error: robust least squares, smooth in the flux knots."""
    n_knots, n_features = len(LOG_FLUX_KNOTS), features.shape[1]
    prior = np.zeros((n_knots - 2 + n_features - n_knots, n_features))
    for row in range(n_knots - 2):
        prior[row, row : row + 3] = [1.0, -2.0, 1.0]
    for row, column in enumerate(range(n_knots, n_features), start=n_knots - 2):
        prior[row, column] = 0.5
    rare = np.where((features[:, n_knots] < _HOT_REDNESS) | (features[:, n_features - 1] != 0), _RARE_WEIGHT, 1.0)
    weight = rare
    for _ in range(8):
        system = np.vstack([features * weight[:, None], prior])
        wanted = np.vstack([log_error * weight[:, None], np.zeros((len(prior), log_error.shape[1]))])
        solution = np.linalg.lstsq(system, wanted, rcond=None)[0]
        residual = np.abs(log_error - features @ solution).mean(axis=1)
        weight = rare / np.maximum(1.0, residual / np.median(residual))
    return solution


def correlation_matrices(packed: np.ndarray) -> np.ndarray:
    """Matrices (n, 55, 55) from packed upper triangles, column by column."""
    matrices = np.tile(np.eye(N_COEFFICIENTS), (len(packed), 1, 1))
    larger, smaller = np.tril_indices(N_COEFFICIENTS, k=-1)
    matrices[:, smaller, larger] = matrices[:, larger, smaller] = packed
    return matrices


def mean_correlations(table: pd.DataFrame, band: str) -> np.ndarray:
    """Mean correlation matrices of faint, middle hot, bright hot and bright cool stars: (4, 55, 55)."""
    known = table[table[f"{band}_coefficient_correlations"].notna()]
    matrices = correlation_matrices(stacked(known, f"{band}_coefficient_correlations"))
    blue, red = (np.log10(stacked(known, f"{name}_coefficients")[:, 0]) for name in ("bp", "rp"))
    brightness = np.searchsorted(_TEMPLATE_EDGES, blue)
    hot = red - blue < _HOT_REDNESS
    groups = [brightness == 0, (brightness == 1) & hot, (brightness == 2) & hot, (brightness == 2) & ~hot]
    return np.stack([matrices[group].mean(axis=0) for group in groups])


def level_scatter(table: pd.DataFrame, laws: dict[str, np.ndarray]) -> np.ndarray:
    """Scatter of ln(error / law): common to both bands, own to a band, and the fraction of outliers (over 0.3)."""
    residual = []
    bp, rp = stacked(table, "bp_coefficients"), stacked(table, "rp_coefficients")
    for band in ("bp", "rp"):
        features = error_features(bp, rp, band, LOG_FLUX_KNOTS)
        residual.append((np.log(stacked(table, f"{band}_coefficient_errors")) - features @ laws[band]).mean(axis=1))
    both = np.stack(residual, axis=1)
    faint = rp[:, 0] < 10**4.5
    both = both[faint] - np.median(both[faint], axis=0)
    outlying = np.abs(both).max(axis=1) > 0.3
    covariance = np.cov(both[~outlying].T)
    common = max(covariance[0, 1], 0.0)
    own = max(0.5 * (covariance[0, 0] + covariance[1, 1]) - common, 0.0)
    return np.array([np.sqrt(common), np.sqrt(own), outlying.mean()])


def calibration_residuals(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Gaia's flux over CALSPEC's as seen by the forward model, minus 1: law features (n, 4), residuals (n, n_nodes)."""
    table = pd.read_parquet(folder / "calspec_vs_gaia_91.parquet")
    seen, sent = stacked(table, "gaia_flux"), stacked(table, "calspec_flux")
    usable = np.isfinite(sent) & (sent > 0)
    chosen = (usable.mean(axis=1) > 0.95) & np.isfinite(seen).all(axis=1)
    seen, sent, usable = seen[chosen], sent[chosen], usable[chosen]
    sent = np.stack([np.interp(WAVELENGTH_NM, WAVELENGTH_NM[u], s[u]) for s, u in zip(sent, usable, strict=True)])
    wide = np.concatenate([np.arange(312.0, 336.0, 2.0), WAVELENGTH_NM, np.arange(1022.0, 1101.0, 2.0)])
    bp, rp = to_coefficients(wide, np.stack([np.interp(wide, WAVELENGTH_NM, row) for row in sent]))
    ratio = seen / (np.concatenate([bp, rp], axis=1) @ design_matrix()) - 1.0
    edges = np.concatenate([[336.0], 0.5 * (LAW_NODES_NM[1:] + LAW_NODES_NM[:-1]), [1021.0]])
    parts = [(low <= WAVELENGTH_NM) & (high > WAVELENGTH_NM) for low, high in pairwise(edges)]
    binned = np.stack([np.median(ratio[:, part], axis=1) for part in parts], axis=1)
    hot_to_solar = (np.log10(rp[:, 0] / bp[:, 0]) < 0.05) & np.isfinite(binned).all(axis=1)
    return law_features(bp, rp, g_magnitude(bp, rp))[hot_to_solar], binned[hot_to_solar]


def g_magnitude(bp: np.ndarray, rp: np.ndarray) -> np.ndarray:
    """G from the first coefficients, fitted to 2,300 real spectra (scatter 0.035 mag), for the brightness terms."""
    return 23.972 - 2.5 * np.log10(2.295 * bp[:, 0] + rp[:, 0])


def fit_calibration_law(features: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean law (4, n_nodes), robust, and what scatters about it for bright and faint stars (2, n_nodes)."""
    weight = np.ones_like(residual)
    law = np.zeros((features.shape[1], residual.shape[1]))
    for node in range(residual.shape[1]):
        for _ in range(8):
            w = weight[:, node]
            normal = (features * w[:, None]).T @ features + 0.1 * np.diag([0.0, 1.0, 1.0, 1.0])
            law[:, node] = np.linalg.solve(normal, (features * w[:, None]).T @ residual[:, node])
            left = np.abs(residual[:, node] - features @ law[:, node])
            weight[:, node] = 1.0 / np.maximum(1.0, left / (1.5 * np.median(left)))
    left = residual - features @ law
    bright = features[:, 2] > 0.15
    bright_scatter, faint_scatter = (1.4826 * np.median(np.abs(left[group]), axis=0) for group in (bright, ~bright))
    # Faint standards scatter by their photon noise too, which is drawn elsewhere.
    return law, np.stack([bright_scatter, np.minimum(bright_scatter, faint_scatter)])


def build(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of `xp_noise.npz`."""
    table = read_coefficients(folder)
    bp, rp = stacked(table, "bp_coefficients"), stacked(table, "rp_coefficients")
    laws = {
        band: fit_error_law(
            error_features(bp, rp, band, LOG_FLUX_KNOTS), np.log(stacked(table, f"{band}_coefficient_errors"))
        )
        for band in ("bp", "rp")
    }
    calibration_law, calibration_scatter = fit_calibration_law(*calibration_residuals(folder))
    arrays = {
        "log_flux_knots": LOG_FLUX_KNOTS,
        "template_log_flux": TEMPLATE_LOG_FLUX,
        "level_scatter": level_scatter(table, laws),
        "calibration_law": calibration_law,
        "calibration_scatter": calibration_scatter,
        "n_stars": np.array(len(table)),
    }
    for band in ("bp", "rp"):
        arrays[f"{band}_error_law"] = laws[band].astype(np.float32)
        arrays[f"{band}_correlation"] = mean_correlations(table, band).astype(np.float32)
    return arrays


if __name__ == "__main__":
    with atomic_path(NOISE_PATH) as path:
        np.savez_compressed(path, **build(current_settings().real_data_dir))  # type: ignore[arg-type]
    print(f"wrote {NOISE_PATH} ({NOISE_PATH.stat().st_size / 1e3:.0f} kB)")
