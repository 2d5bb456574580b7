"""What spectra look like: noise-free simulated ones on a coarse grid, to fill in wavelengths that another lacks."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

GRID_NM = np.arange(320.0, 1101.0, 2.0)
GRID_NM.setflags(write=False)
N_LIBRARY = 6_000
NEIGHBOURS = 120
_COMPONENTS = 6
_SEED = 611
_RIDGE = 1e-3
_LEAST_SCATTER = 0.01
"""Relative scatter of every filled wavelength beyond that of the neighbours: what the models themselves lack."""


@dataclass(frozen=True)
class Library:
    """ln of flux on `GRID_NM`, each star's mean taken off, float32 (n_library, n_wave)."""

    log_flux: np.ndarray


@lru_cache(maxsize=1)
def library() -> Library:
    """Stars of the training population behind diverse dust, half of them massive; drawn on the first call (seconds)."""
    from core.simulation.population import draw_population
    from core.simulation.synthesis import observed_flux

    table = draw_population("training", N_LIBRARY, np.random.default_rng(_SEED))
    wavelength, flux = observed_flux(table)
    step = np.maximum(flux, 1e-300)
    log_flux = np.stack([np.interp(GRID_NM, wavelength, row) for row in np.log(step.astype(np.float64))])
    return Library((log_flux - log_flux.mean(axis=1, keepdims=True)).astype(np.float32))


def on_grid(wavelength_nm: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Mean flux in the cells of `GRID_NM`; NaN where a cell holds no value or one is missing at its edge."""
    half = (GRID_NM[1] - GRID_NM[0]) / 2
    known = np.isfinite(flux)
    x, y = wavelength_nm[known], flux[known]
    cell = np.floor((x - (GRID_NM[0] - half)) / (2 * half)).astype(int)
    inside = (cell >= 0) & (cell < len(GRID_NM))
    total = np.bincount(cell[inside], y[inside], len(GRID_NM))
    count = np.bincount(cell[inside], minlength=len(GRID_NM))
    missing = (
        np.bincount(
            np.clip(
                np.floor((wavelength_nm[~known] - (GRID_NM[0] - half)) / (2 * half)).astype(int), 0, len(GRID_NM) - 1
            ),
            minlength=len(GRID_NM),
        )
        if (~known).any()
        else np.zeros(len(GRID_NM), dtype=int)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
    coarse = np.isnan(mean) & (x.min() < GRID_NM) & (x.max() > GRID_NM) if len(x) else np.zeros(len(GRID_NM), bool)
    if coarse.any() and np.median(np.diff(x)) > 2 * half:  # a spectrum coarser than the grid
        mean[coarse] = np.interp(GRID_NM[coarse], x, y)
    return np.where(missing > count, np.nan, mean)


def fill(flux: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of the whole spectrum given the wavelengths that are there, (n_draws, n_wave); the known ones are kept.

    The missing ones follow from a linear law between both parts over the most similar stars of the library (their
    conditional expectation), and the law's residuals are drawn. With nothing missing all draws are the same.
    """
    known = np.isfinite(flux) & (flux > 0)
    log_flux = np.log(np.where(known, flux, 1.0))
    everything = library().log_flux.astype(np.float64)
    level = everything[:, known].mean(axis=1, keepdims=True)
    seen = everything[:, known] - level
    own_level = log_flux[known].mean()
    own = log_flux[known] - own_level
    nearest = np.argsort(((seen - own) ** 2).sum(axis=1))[:NEIGHBOURS]
    x, y = seen[nearest], everything[nearest][:, ~known] - level[nearest]
    result = np.tile(np.where(known, flux, np.nan), (n_draws, 1))
    if not (~known).any():
        return result
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    _, size, axes = np.linalg.svd(x - mean_x, full_matrices=False)
    axes = axes[: min(_COMPONENTS, len(size))]
    scores, own_scores = (x - mean_x) @ axes.T, (own - mean_x) @ axes.T
    ridge = _RIDGE * np.trace(scores.T @ scores) / len(axes)
    law = np.linalg.solve(scores.T @ scores + ridge * np.eye(len(axes)), scores.T @ (y - mean_y))
    expected = mean_y + own_scores @ law
    residual = (y - mean_y) - scores @ law
    residual *= np.sqrt(len(nearest) / max(len(nearest) - len(axes) - 1, 1))
    drawn = residual[rng.integers(len(nearest), size=n_draws)]
    common = _LEAST_SCATTER * rng.standard_normal((n_draws, 1)) * np.ones((1, y.shape[1]))
    result[:, ~known] = np.exp(expected + drawn + common + own_level)
    return result
