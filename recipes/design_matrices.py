"""Derive `xp_design.npz`, the matrices from XP coefficients to sampled flux, from GaiaXPy (once per release).

    python -m recipes.design_matrices

Everything is read off GaiaXPy's public `calibrate`: the calibration is linear, so the spectrum of a star whose only
non-zero coefficient is the i-th one is the i-th row of the matrix. With the other band absent, GaiaXPy returns the
band's own spectrum before the BP/RP join; with the other band present and zero, that spectrum times its join weight.
"""

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.spectra.calibration import DESIGN_PATH
from core.spectra.grid import N_COEFFICIENTS, N_CORRELATIONS, WAVELENGTH_NM


def gaiaxpy_table(bp: np.ndarray, rp: np.ndarray, bp_absent: bool = False, rp_absent: bool = False) -> pd.DataFrame:
    """Coefficients (n, 55) of both bands as the table for `gaiaxpy.calibrate`: unit errors, uncorrelated."""
    columns: dict[str, object] = {"source_id": np.arange(len(bp), dtype=np.int64)}
    for band, values, absent in (("bp", bp, bp_absent), ("rp", rp, rp_absent)):
        rows = {
            "coefficients": list(values),
            "coefficient_errors": [np.ones(N_COEFFICIENTS)] * len(values),
            "coefficient_correlations": [np.zeros(N_CORRELATIONS)] * len(values),
            "n_parameters": [N_COEFFICIENTS] * len(values),
            "standard_deviation": [1.0] * len(values),
        }
        columns |= {f"{band}_{name}": [np.nan] * len(values) if absent else column for name, column in rows.items()}
    return pd.DataFrame(columns)


def design_from_gaiaxpy() -> dict[str, np.ndarray]:
    """The arrays of `xp_design.npz`: bp and rp (55, 343) before the join, bp_weight and rp_weight (343,).

    Takes about ten seconds. A band's matrix is zero at the wavelengths where the other band alone counts.
    """
    import gaiaxpy

    def sampled(bp: np.ndarray, rp: np.ndarray, **absent: bool) -> np.ndarray:
        table, _ = gaiaxpy.calibrate(gaiaxpy_table(bp, rp, **absent), sampling=WAVELENGTH_NM, save_file=False)
        return np.nan_to_num(np.stack(table["flux"].to_numpy()), nan=0.0)

    unit, none = np.eye(N_COEFFICIENTS), np.zeros((N_COEFFICIENTS, N_COEFFICIENTS))
    design = {"bp": sampled(unit, none, rp_absent=True), "rp": sampled(none, unit, bp_absent=True)}
    for band, joined in (("bp", sampled(unit, none)), ("rp", sampled(none, unit))):
        strongest = np.abs(design[band]).max(axis=0)
        ratio = np.abs(joined).max(axis=0) / np.where(strongest > 0, strongest, 1.0)
        design[f"{band}_weight"] = np.round(np.where(strongest > 0, ratio, 0.0), 12)  # eighths, exact in binary
    design["gaiaxpy_version"] = np.array(gaiaxpy.__version__)
    return design


if __name__ == "__main__":
    with atomic_path(DESIGN_PATH) as path:
        np.savez_compressed(path, allow_pickle=False, **design_from_gaiaxpy())
    print(f"wrote {DESIGN_PATH} ({DESIGN_PATH.stat().st_size / 1e3:.0f} kB)")
