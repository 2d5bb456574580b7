"""Build the mean extinction curves measured on Gaia's own XP spectra: `python -m recipes.extinction_curves`.

Two curves, E(lambda - 55) / E(44 - 55) from 336 to 1020 nm, smoothed over the ten samples that the line spread function
spans anyway. `hot`: measured on 197 reddened hot stars of `labelled/` in the real-data folder, each against unreddened
stars of its temperature. `zhang2024`: the median curve of 370,000 stars of all types (Zhang et al. 2024, ApJ 971, 127),
as their package XP_Extinction_Toolkit publishes it (MIT; notice in xp_extinction.LICENSE).
"""

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.settings import current_settings
from core.simulation.dust_curves import CURVES_PATH

SOURCE = "labelled/extinction_curve_xp.parquet"
_SMOOTH_SAMPLES = 10.0


def main() -> None:
    """Read, smooth, write."""
    from scipy.ndimage import gaussian_filter1d

    table = pd.read_parquet(current_settings().real_data_dir / SOURCE)
    curves = {
        name: gaussian_filter1d(table[column].to_numpy(), _SMOOTH_SAMPLES / 2.355, mode="nearest").astype(np.float32)
        for name, column in (("hot", "k_hot"), ("zhang2024", "k_zhang2024"))
    }
    with atomic_path(CURVES_PATH) as beside:
        np.savez(beside, allow_pickle=False, wavelength_nm=table["wavelength_nm"].to_numpy(np.float32), **curves)
    print(CURVES_PATH)


if __name__ == "__main__":
    main()
