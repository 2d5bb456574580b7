"""First guess of the line strengths, before any fit: smooth laws for the atoms, band heads for the molecules."""

import numpy as np

from core.simulation.atmosphere.bands import molecule_section
from core.simulation.atmosphere.blanketing import CLASSES

ULTRAVIOLET_NM = np.array([10, 50, 91, 120, 160, 200, 240, 280, 300.0])
FITTED_NM = np.concatenate([np.arange(316.0, 480, 6), np.arange(484.0, 700, 9), np.arange(708.0, 1110, 14)])
INFRARED_NM = np.array([1300.0, 1700.0, 2500.0, 20000.0])
NODES_NM = np.concatenate([ULTRAVIOLET_NM, FITTED_NM, INFRARED_NM])

# class: (wavelength nm, log10 strength) corners, straight in between. Ultraviolet levels: 0.0265 cm^2 Hz times the sum
# of gf of the strong multiplets per absorber over the frequency interval they crowd (Fe I 210-380 nm: gf 30; Fe II
# 160-280 nm: 25; Fe III 150-215 nm: 10; Fe IV 120-180 nm: 15), estimated from the NIST Atomic Spectra Database, and for
# the ions lowered by 0.8 dex: with that the models give the measured flux per area at 555.6 nm of Vega, Sirius and eta
# UMa (interferometric diameters, Code et al. 1976, ApJ 203, 417) within 3 %; unlowered it is 3-12 % too bright.
_ATOMIC = {
    "neutral_low": ((200, -14.7), (320, -14.9), (400, -15.8), (600, -17.6), (1100, -19.1)),
    "neutral_high": ((200, -15.0), (320, -15.0), (500, -16.0), (800, -17.6), (1100, -18.5)),
    "ion_low": ((150, -15.7), (280, -15.7), (310, -16.6), (400, -18.0), (600, -20.0), (1100, -21.8)),
    "ion_high": ((150, -15.8), (280, -15.8), (400, -16.4), (600, -17.8), (1100, -19.3)),
    "double": ((100, -16.1), (215, -16.2), (260, -17.0), (500, -20.0), (1100, -22.0)),
    "triple": ((100, -16.1), (180, -16.2), (220, -17.0), (500, -20.0), (1100, -22.0)),
    "light_ion": ((120, -16.3), (200, -16.6), (500, -17.5), (900, -20.6), (1100, -21.0)),
}
FREE_NM = {
    "TiO": (430, 1100), "VO": (560, 1100), "CaH": (615, 760), "MgH": (400, 540), "CH": (360, 436), "CN": (350, 430),
    "H2O": (890, 1100),
}  # fmt: skip
"""Where each molecule has bands; elsewhere its first guess stays."""


def first_strengths() -> np.ndarray:
    """log10 strengths in cm^2 at `NODES_NM`, (n_node, n_class)."""
    columns = []
    for line_class in CLASSES:
        if line_class.name in _ATOMIC:
            corners = np.array(_ATOMIC[line_class.name])
            columns.append(np.interp(NODES_NM, corners[:, 0], corners[:, 1]))
        else:
            columns.append(np.log10(molecule_section(NODES_NM, line_class.name)))
    return np.stack(columns, axis=1)
