"""Mean spectra of real stars per spectral type, to lay beside a simulated spectrum; absent on most machines."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.settings import current_settings

FILE_NAME = "xp_templates_fkiwy.parquet"


@dataclass(frozen=True)
class Template:
    """The real template that is most alike: its spectral type, its flux scaled to the spectrum, the remaining distance.

    Attributes
    ----------
    spectral_type : str
    flux : ndarray of shape (343,), W m^-2 nm^-1
    distance : float
        Norm of the difference over the norm of the spectrum, 0 for equal shapes.
    """

    spectral_type: str
    flux: np.ndarray
    distance: float


def nearest_template(flux: np.ndarray, folder: Path | None = None) -> Template | None:
    """The template whose shape is nearest to a spectrum, dust included; None where no templates are installed.

    Parameters
    ----------
    flux : ndarray of shape (343,), W m^-2 nm^-1
    folder : Path, optional
        Folder of the template file; `Settings.real_data_dir` unless given.
    """
    path = (folder or current_settings().real_data_dir) / FILE_NAME
    if not path.is_file():
        return None
    types, templates = _read_templates(path)
    scale = templates @ flux / np.einsum("ij,ij->i", templates, templates)  # least squares, per template
    distance = np.linalg.norm(scale[:, None] * templates - flux, axis=1) / np.linalg.norm(flux)
    best = int(np.argmin(distance))
    return Template(types[best], scale[best] * templates[best], float(distance[best]))


@lru_cache(maxsize=2)
def _read_templates(path: Path) -> tuple[list[str], np.ndarray]:
    import pandas as pd

    table = pd.read_parquet(path, columns=["spectral_type", "flux"])
    flux = np.stack([np.asarray(row, dtype=np.float64) for row in table["flux"]])
    whole = np.isfinite(flux).all(axis=1)
    return table["spectral_type"][whole].tolist(), flux[whole]
