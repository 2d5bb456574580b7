"""A made-up instrument with another number of basis functions: what a package for another release would calibrate.

The BP coefficients are those of DR3 in a rotated basis of fewer functions, so that a spectrum hardly changes and every
array has another width. Nothing of it is real.
"""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.gaia.releases import DR3
from core.spectra.calibration import _bands_of, design_matrix, design_path


@lru_cache(maxsize=4)
def rotation(n: int, seed: int = 4) -> np.ndarray:
    """Orthonormal rows (n, 55): the n directions of DR3's basis that light reaches best, turned among each other."""
    mixed = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    directions = np.linalg.svd(design_matrix()[: DR3.n_coefficients[0]], full_matrices=False)[0]
    return mixed @ directions[:, :n].T


def turned(coefficients: np.ndarray, n: int) -> np.ndarray:
    """DR3's coefficients (n_stars, 55) in a made-up basis of n functions."""
    return coefficients @ rotation(n).T


class MadeUpPackage:
    """Speaks like GaiaXPy, for n_bp + 55 coefficients of the made-up instrument."""

    __version__ = "3.0.0-made-up"

    def __init__(self, n_bp: int, *, crooked: float = 0.0) -> None:
        bands = _bands_of(design_path(), 0)
        self._weight = {name: np.zeros(343) for name in bands}
        self._matrix = {name: np.zeros((55, 343)) for name in bands}
        for name, band in bands.items():
            self._matrix[name][:, band.samples] = band.matrix
            self._weight[name][band.samples] = band.weight
        self._matrix["bp"] = rotation(n_bp) @ self._matrix["bp"]
        self._crooked = crooked

    def calibrate(self, table: pd.DataFrame, sampling: np.ndarray, save_file: bool) -> tuple[pd.DataFrame, None]:
        """Flux of every row; a star without one band has the other one's spectrum before the join."""
        flux = [self._flux(row) for row in table.itertuples()]
        return pd.DataFrame({"source_id": table["source_id"], "flux": flux}), None

    def _flux(self, row) -> np.ndarray:
        values = {"bp": row.bp_coefficients, "rp": row.rp_coefficients}
        present = {name: value for name, value in values.items() if np.ndim(value)}
        for name, value in present.items():
            if len(value) != len(self._matrix[name]):
                raise ValueError(f"{len(value)} coefficients in {name}, expected {len(self._matrix[name])}")
        if len(present) == 1:
            ((name, value),) = present.items()
            flux = np.full(343, np.nan)
            seen = self._weight[name] > 0
            flux[seen] = (value @ self._matrix[name])[seen]
            return flux
        total = sum((value @ self._matrix[name]) * self._weight[name] for name, value in present.items())
        return total + self._crooked * total**2 / np.abs(total).max()


def forward_arrays(n_bp: int) -> dict[str, np.ndarray]:
    """The forward matrix that belongs to it: bp (n_bp, n_nodes) and rp (55, n_nodes)."""
    from core.simulation.instrument import FORWARD_PATH

    with np.load(FORWARD_PATH) as stored:
        return {"bp": rotation(n_bp) @ stored["bp"].astype(np.float64), "rp": stored["rp"].astype(np.float64)}
