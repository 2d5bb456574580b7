"""First guess of the line strengths, before any fit: smooth laws for the atoms, band heads for the molecules."""

import numpy as np

from core.simulation.atmosphere.bands import molecule_section
from core.simulation.atmosphere.blanketing import CLASSES

ULTRAVIOLET_NM = np.array([10, 50, 91, 120, 160, 200, 240, 280, 300.0])
FITTED_NM = np.concatenate([np.arange(316.0, 480, 6), np.arange(484.0, 700, 9), np.arange(708.0, 1110, 14)])
INFRARED_NM = np.array([1300.0, 1700.0, 2500.0, 20000.0])
NODES_NM = np.concatenate([ULTRAVIOLET_NM, FITTED_NM, INFRARED_NM])

# class: log10 strength at the plateau, end of the plateau nm, nm per dex below and above the break, break nm
_ATOMIC = {
    "neutral_low": (-15.0, 320, 110, 600, 700),
    "neutral_high": (-15.0, 320, 180, 900, 900),
    "ion_low": (-16.0, 240, 70, 300, 500),
    "ion_high": (-15.0, 240, 130, 600, 700),
    "double": (-16.0, 180, 80, 300, 500),
    "light_ion": (-16.0, 200, 150, 600, 900),
}


def first_strengths() -> np.ndarray:
    """log10 strengths in cm^2 at `NODES_NM`, (n_node, n_class)."""
    columns = []
    for line_class in CLASSES:
        if line_class.name in _ATOMIC:
            top, start, short, long, knee = _ATOMIC[line_class.name]
            fall = np.clip(NODES_NM - start, 0, knee - start) / short + np.maximum(NODES_NM - knee, 0) / long
            columns.append(np.maximum(top - fall, -24))
        else:
            columns.append(np.log10(molecule_section(NODES_NM, line_class.name)))
    return np.stack(columns, axis=1)
