"""Mean spectra of real stars per spectral type, to lay beside a simulated spectrum; absent on most machines."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.settings import current_settings
from core.simulation.extinction import transmission
from core.spectra.grid import WAVELENGTH_NM

FILE_NAME = "xp_templates_fkiwy.parquet"
A_V_STEPS = np.arange(-2.0, 15.05, 0.1)
"""Dust tried in front of each template, A_V in mag; negative takes off dust that the template's own stars have."""
R_V = 3.1


@dataclass(frozen=True)
class Template:
    """The real template that is most alike.

    Attributes
    ----------
    spectral_type : str
    a_v : float
        Dust put in front of the template (less than zero: taken off it), magnitudes.
    flux : ndarray of shape (343,), W m^-2 nm^-1
        The template behind that dust, scaled to the spectrum.
    distance : float
        Norm of the difference over the norm of the spectrum, 0 for equal shapes.
    """

    spectral_type: str
    a_v: float
    flux: np.ndarray
    distance: float


def nearest_template(flux: np.ndarray, folder: Path | None = None) -> Template | None:
    """The template whose shape is nearest to a spectrum, with the dust that fits best; None without templates.

    Parameters
    ----------
    flux : ndarray of shape (343,), W m^-2 nm^-1
    folder : Path, optional
        Folder of the template file; `Settings.real_data_dir` unless given.
    """
    path = (folder or current_settings().real_data_dir) / FILE_NAME
    if not path.is_file():
        return None
    types, shapes = _reddened_templates(path)
    projection = shapes @ flux  # shapes have unit norm: the largest projection leaves the smallest distance
    best = int(np.argmax(projection))
    fitted = projection[best] * shapes[best].astype(np.float64)
    distance = float(np.linalg.norm(fitted - flux) / np.linalg.norm(flux))
    row, step = divmod(best, len(A_V_STEPS))
    return Template(types[row], float(A_V_STEPS[step]), fitted, distance)


@lru_cache(maxsize=2)
def _reddened_templates(path: Path) -> tuple[list[str], np.ndarray]:
    """Spectral types, and every template behind every dust as float64 ndarray of shape (n_types * n_steps, 343)."""
    import pandas as pd

    table = pd.read_parquet(path, columns=["spectral_type", "flux"])
    flux = np.stack([np.asarray(row, dtype=np.float64) for row in table["flux"]])
    whole = np.isfinite(flux).all(axis=1)
    dust = transmission(WAVELENGTH_NM, np.abs(A_V_STEPS), R_V)
    dust = np.where(A_V_STEPS[:, None] < 0, 1 / dust, dust)  # (n_steps, 343)
    shapes = (flux[whole, None, :] * dust).reshape(-1, len(WAVELENGTH_NM))
    return table["spectral_type"][whole].tolist(), shapes / np.linalg.norm(shapes, axis=1, keepdims=True)
