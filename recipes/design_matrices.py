"""Derive `xp_design.npz`, DR3's matrices from XP coefficients to sampled flux, from GaiaXPy (once).

    python -m recipes.design_matrices

`core.spectra.design_recipe` says how; another release's are made by `python -m core archive --calibrate`.
"""

import gaiaxpy
import numpy as np

from core.atomic import atomic_path
from core.gaia.releases import DR3
from core.spectra.calibration import DESIGN_PATH
from core.spectra.design_recipe import design_arrays

if __name__ == "__main__":
    with atomic_path(DESIGN_PATH) as path:
        np.savez_compressed(path, allow_pickle=False, **design_arrays(gaiaxpy, DR3.n_coefficients, "GaiaXPy"))
    print(f"wrote {DESIGN_PATH} ({DESIGN_PATH.stat().st_size / 1e3:.0f} kB)")
