"""Residuals of real cool stars for `core.simulation.residuals`: `python -m recipes.model_residuals`.

Donors: N_DONORS stars of `recipes.model_errors` brighter than G = 13.2, behind A_V < 1, none whose residual is unlike
those of its neighbours. Residual: flux over model with leak and correction, minus 1, smoothed over five samples so
that the noise of the donor stays small beside that of the star it goes to.
"""

from typing import Any

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.simulation.model_errors import ERRORS_PATH, LEAST_FACTOR, atmosphere_features, leak_source
from core.simulation.residuals import RESIDUALS_PATH, UNITS
from recipes.model_errors import fitted_models, real_stars

N_DONORS, SEED = 3_000, 77
FAINTEST_MAG, MOST_A_V, LARGEST = 13.2, 1.0, 1.5
N_COMPONENTS, NEIGHBOURS = 60, 15
UNLIKE_SHARE = 0.03
"""The share of stars that are left out as unlike their neighbours: binaries, wrong parameters, damaged spectra."""
_SMOOTH_SAMPLES = 1.0


def residuals() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The stars, their A_V by the shape and real / modelled - 1, (n, 343)."""
    stars, flux = real_stars()
    model, a_v = fitted_models(stars, flux)
    with np.load(ERRORS_PATH) as stored:
        leak, correction = stored["leak"].astype(float), stored["correction"].astype(float)
    x = atmosphere_features(*(stars[c].to_numpy(float) for c in ("teff_apogee", "logg_apogee", "fe_h")))
    seen = model * np.maximum(1.0 + x @ correction, LEAST_FACTOR) + leak_source(model)[:, None] * leak
    return stars, a_v, flux / seen - 1.0


def library(stars: pd.DataFrame, a_v: np.ndarray, residual: np.ndarray) -> dict[str, Any]:
    """Donors and their residuals in principal components, split into their neighbours' median and their own part."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.spatial import cKDTree

    good = (stars["phot_g_mean_mag"] < FAINTEST_MAG).to_numpy() & (a_v < MOST_A_V)
    rows = np.flatnonzero(good & (np.abs(residual).max(axis=1) < LARGEST))
    parameters = stars[["teff_apogee", "logg_apogee", "fe_h"]].to_numpy(float)[rows]
    smooth = gaussian_filter1d(residual[rows], _SMOOTH_SAMPLES, axis=1, mode="nearest")
    near = cKDTree(parameters / UNITS).query(parameters / UNITS, k=NEIGHBOURS)[1]
    common = np.median(smooth[near], axis=1)
    own = smooth - common
    scale = 1.48 * np.median(np.abs(own), axis=0)
    unlike = np.sqrt(np.mean((own / scale) ** 2, axis=1))
    kept = np.flatnonzero(unlike < np.quantile(unlike, 1.0 - UNLIKE_SHARE))
    kept = np.sort(np.random.default_rng(SEED).choice(kept, N_DONORS, replace=False))
    common, own = common[kept], own[kept] - own[kept].mean(axis=0)
    basis = np.linalg.svd(np.concatenate([common, own]), full_matrices=False)[2][:N_COMPONENTS]
    left = np.std(own - own @ basis.T @ basis) / np.std(own)
    print(f"{len(rows)} stars fit, {len(kept)} kept; {N_COMPONENTS} components leave {100 * left**2:.1f} % of variance")
    parts = {"common": common @ basis.T, "own": own @ basis.T, "basis": basis}
    return {"parameters": parameters[kept].astype(np.float32)} | {k: v.astype(np.float16) for k, v in parts.items()}


def main() -> None:
    """Measure and write."""
    stored = library(*residuals())
    with atomic_path(RESIDUALS_PATH) as beside:
        np.savez_compressed(beside, **stored)
    print(RESIDUALS_PATH, RESIDUALS_PATH.stat().st_size)


if __name__ == "__main__":
    main()
