"""Derive `xp_forward.npz`, DR3's matrix from flux to XP coefficients, from GaiaXPy's instrument (once).

    python -m recipes.forward_model

`core.simulation.forward_recipe` says how; another release's is made by `python -m core archive --calibrate`.
"""

import gaiaxpy
import numpy as np

from core.atomic import atomic_path
from core.simulation.forward_recipe import forward_arrays
from core.simulation.instrument import FORWARD_PATH

if __name__ == "__main__":
    with atomic_path(FORWARD_PATH) as path:
        np.savez_compressed(path, allow_pickle=False, **forward_arrays(gaiaxpy))
    print(f"wrote {FORWARD_PATH} ({FORWARD_PATH.stat().st_size / 1e3:.0f} kB)")
