"""Effective temperatures and gravities of the dwarf templates, and their spectra."""

import numpy as np
import pandas as pd

from core.settings import current_settings

TEFF_LOGG = {
    "B": (
        (31400, 4.0), (26000, 4.0), (20600, 4.1), (17000, 4.1), (16400, 4.1), (15700, 4.1), (14500, 4.1), (14000, 4.1),
        (12500, 4.1), (10700, 4.15),
    ),
    "A": (
        (9700, 4.2), (9300, 4.2), (8800, 4.2), (8600, 4.2), (8250, 4.2), (8100, 4.2), (7910, 4.2), (7760, 4.2),
        (7590, 4.2), (7400, 4.2),
    ),
    "F": (
        (7220, 4.2), (7020, 4.2), (6820, 4.25), (6750, 4.25), (6670, 4.3), (6550, 4.3), (6350, 4.3), (6280, 4.35),
        (6180, 4.35), (6050, 4.4),
    ),
    "G": (
        (5930, 4.4), (5860, 4.4), (5770, 4.45), (5720, 4.45), (5680, 4.45), (5660, 4.45), (5600, 4.5), (5550, 4.5),
        (5480, 4.5), (5380, 4.5),
    ),
    "K": (
        (5270, 4.5), (5170, 4.55), (5100, 4.55), (4830, 4.55), (4600, 4.6), (4440, 4.6), (4300, 4.6), (4100, 4.65),
        (3990, 4.65), (3930, 4.7),
    ),
    "M": ((3850, 4.7), (3660, 4.75), (3560, 4.8), (3430, 4.85), (3210, 5.0), (3060, 5.05), (2810, 5.15)),
}  # fmt: skip
"""Per subclass 0, 1, 2 ...: Teff (K) of Pecaut & Mamajek 2013, ApJS 208, 9, and log g of such dwarfs."""


def dwarf_parameters() -> dict[str, tuple[float, float]]:
    """Spectral type -> (Teff in K, log g)."""
    return {f"{letter}{i}V": pair for letter, rows in TEFF_LOGG.items() for i, pair in enumerate(rows)}


def template_spectra() -> dict[str, np.ndarray]:
    """Spectral type -> flux (343,) of the mean XP spectra; raises FileNotFoundError without the real data."""
    table = pd.read_parquet(current_settings().real_data_dir / "xp_templates_fkiwy.parquet")
    pairs = zip(table["spectral_type"], table["flux"], strict=True)
    return {name: np.asarray(flux, dtype=float) for name, flux in pairs}
