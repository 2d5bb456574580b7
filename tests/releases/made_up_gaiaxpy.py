"""The installed GaiaXPy with a made-up instrument of fewer BP functions in its folder of configuration files.

Everything of the package runs as it is; what differs is one file, the BP bases: the first n Hermite functions of DR3's,
mixed by a rotation of n functions. So may look what a package for another release brings.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def with_instrument_of(n_bp: int, folder: Path, patch: pytest.MonkeyPatch):
    """GaiaXPy (the module), for as long as the patch lasts, calibrating n_bp + 55 coefficients."""
    import gaiaxpy
    from gaiaxpy.calibrator import calibrator
    from gaiaxpy.config import paths

    shipped = Path(paths.config_path)
    for file in shipped.glob("*C03_*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())
    name = "bpC03_v375wi_bases.csv"
    row = pd.read_csv(shipped / name).iloc[0].to_dict()
    inverse = _numbers(row["inverseBasesCoefficients"]).reshape(row["nBases"], -1)[:n_bp, :n_bp]
    rotation = np.linalg.qr(np.random.default_rng(7).normal(size=(n_bp, n_bp)))[0]
    row |= {
        "nBases": n_bp, "nInverseBasesCoefficients": n_bp, "nTransformedBases": n_bp,
        "inverseBasesCoefficients": _text(inverse), "transformationMatrix": _text(rotation),
    }  # fmt: skip
    pd.DataFrame([row]).to_csv(folder / name, index=False)
    patch.setattr(calibrator, "config_path", str(folder))
    return gaiaxpy


def _numbers(text: str) -> np.ndarray:
    return np.array([float(item) for item in text.strip("()").split(",")])


def _text(values: np.ndarray) -> str:
    return "(" + ",".join(f"{value:.12g}" for value in values.ravel()) + ")"
